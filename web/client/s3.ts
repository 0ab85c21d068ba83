import type { Part } from "./api.ts";
import { PosternError } from "./errors.ts";
import { type Answer, type Call, isTemporary, send } from "./transport.ts";

/** checksumHeader is in which S3 answers the CRC64NVME of what it received. */
export const checksumHeader = "x-amz-checksum-crc64nvme";

/** sendToS3 makes a signed request. Any answer but a success is an error with S3's code in its message. */
export async function sendToS3(step: string, request: Call): Promise<Answer> {
  const answer = await send(request);
  // S3 may find out late that it cannot complete an upload, and then says so in a body that follows the status 200.
  if (answer.status < 300 && !/<Error>/.test(answer.text)) return answer;
  const code = element(answer.text, "Code") || `status ${answer.status}`;
  const expired = answer.status === 403 && /Request has expired|ExpiredToken/.test(answer.text);
  throw new S3Error(step, answer.status, code, expired);
}

/** An S3Error is an answer of S3 that is no success. */
export class S3Error extends PosternError {
  /** S3's code, such as NoSuchUpload. */
  readonly s3Code: string;
  /** Whether the signature is too old: sign again. */
  readonly expired: boolean;

  constructor(step: string, status: number, s3Code: string, expired: boolean) {
    const temporary = expired || isTemporary(status) || status === 200 || s3Code === "RequestTimeout";
    super("storage_error", `The storage refused ${step} (${s3Code}).`, { status, temporary });
    this.s3Code = s3Code;
    this.expired = expired;
  }
}

/** readParts reads S3's ListPartsResult. next is the number after which the next page begins, if there is one. */
export function readParts(xml: string): { parts: Part[]; next?: number } {
  const parts = [...xml.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part]) => ({
    number: Number(element(part, "PartNumber")),
    size: Number(element(part, "Size")),
    etag: element(part, "ETag"),
    sum: element(part, "ChecksumCRC64NVME"),
  }));
  return { parts, next: element(xml, "IsTruncated") === "true" ? Number(element(xml, "NextPartNumberMarker")) : undefined };
}

/** writeParts writes S3's CompleteMultipartUpload. */
export function writeParts(parts: Part[]): string {
  const list = parts.map(
    ({ number, etag, sum }) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${escapeXML(etag)}</ETag>` +
      (sum ? `<ChecksumCRC64NVME>${sum}</ChecksumCRC64NVME>` : "") +
      "</Part>",
  );
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${list.join("")}</CompleteMultipartUpload>`;
}

/** element returns the text of an element that has no others in it, or "". */
export function element(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
  return text.replace(/&(quot|#34|lt|gt|apos|#39|amp);/g, (_, entity: string) => entities[entity]);
}

const entities: Record<string, string> = { quot: '"', "#34": '"', lt: "<", gt: ">", apos: "'", "#39": "'", amp: "&" };

const escapeXML = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
