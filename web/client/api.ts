import { PosternError } from "./errors.ts";
import { type Answer, isTemporary, persist, send } from "./transport.ts";

/** What every call needs. */
export interface Access {
  /** The API's address, such as https://id.execute-api.eu-central-1.amazonaws.com/api */
  api: string;
  /**
   * Returns the value of the header Authorization. It is asked before every request, so that a token can be renewed. It is
   * asked again with what the API refused (401): another value is tried once, the same ends the call.
   */
  authorization: (refused?: string) => string | Promise<string>;
  /** Whom a service acts for. Default: the caller. */
  mail?: string;
  /** Whom a service acts for, as the identity provider names the user: in the place of mail. */
  subject?: string;
  /** Ends the call: it fails with the signal's reason. */
  signal?: AbortSignal;
}

/** An Upload is what is known of one upload: schema Upload of the API's document. */
export interface Upload {
  id: string;
  status: "waiting" | "ready" | "rejected";
  reason?: string;
  filename?: string;
  title?: string;
  description?: string;
  labels?: string[];
  context?: string;
  type: string;
  detected?: string;
  size?: number;
  checksum?: string;
  createdAt: string;
  version: number;
  /** The name that a guest gave, and the id of the link by which the file came. */
  guest?: string;
  link?: string;
  multiparts?: { uploadId: string; createdAt: string; partSize?: number }[];
}

/** A Grant is the answer of POST /uploads: schema UploadGrant. */
export interface Grant {
  id: string;
  key: string;
  method: "POST" | "PUT" | "MULTIPART";
  url?: string;
  fields?: Record<string, string>;
  headers?: Record<string, string>;
  partSize?: number;
  partCount?: number;
  create?: { method: string; url: string; headers?: Record<string, string> };
  expires: string;
}

/** A GuestLink is what a link for guests allows: schema GuestLink. */
export interface GuestLink {
  from: string;
  note?: string;
  formats: string[];
  maxSize: number;
  count: number;
  left: number;
  total?: number;
  until: string;
}

/** A SignedPart is the signature of one part: schema SignedPart. */
export interface SignedPart {
  number: number;
  url: string;
  headers?: Record<string, string>;
}

/** A Part is a part that S3 has. */
export interface Part {
  number: number;
  size: number;
  etag: string;
  /** CRC64NVME in base64. */
  sum: string;
}

/** call makes a request to the API and returns its JSON. It tries again where that can help. */
export function call<T>(access: Access, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  const url = new URL(access.api.replace(/\/$/, "") + path, globalThis.location?.href);
  if (access.mail !== undefined) url.searchParams.set("mail", access.mail);
  if (access.subject !== undefined) url.searchParams.set("subject", access.subject);
  const request = (authorization: string) =>
    send({
      method,
      url: url.href,
      headers: { authorization, ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: access.signal,
    });
  return persist(access.signal, async (n) => {
    const authorization = await access.authorization();
    let answer = await request(authorization);
    if (answer.status === 401) {
      const other = await access.authorization(authorization);
      if (other !== authorization) answer = await request(other);
    }
    if (answer.status < 300) return (answer.text ? JSON.parse(answer.text) : undefined) as T;
    // Of a deletion made twice, the first one succeeded.
    if (method === "DELETE" && answer.status === 404 && n > 0) return undefined as T;
    throw problem(answer);
  });
}

/** problem reads the API's error, or says what came instead. */
function problem({ status, text, header }: Answer): PosternError {
  const temporary = isTemporary(status);
  const retryAfter = Number(/^\d+$/.exec(header("retry-after") ?? "")?.[0] ?? 0);
  try {
    const { message, code, requestId } = JSON.parse(text);
    if (typeof message === "string" && typeof code === "string") return new PosternError(code, message, { status, requestId, temporary, retryAfter });
  } catch {
    // Not the API's JSON: a proxy answered.
  }
  return new PosternError("internal_error", `The API answered with status ${status}, and not in its own words. Try again later.`, { status, temporary, retryAfter });
}
