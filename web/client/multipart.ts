import { type Access, call, type Part, type SignedPart } from "./api.ts";
import { combine } from "./crc64.ts";
import { PosternError } from "./errors.ts";
import { partCount, slice } from "./plan.ts";
import { checksumHeader, readParts, S3Error, sendToS3, writeParts } from "./s3.ts";
import { read, sum } from "./sums.ts";
import { pause, persist } from "./transport.ts";

/** How many parts are signed at once: 1.6 GiB of them usually, which takes one request. */
const batch = 100;

/** How long before its end a signature is made anew, in milliseconds. */
const margin = 30_000;

/** A Multipart is one multipart upload of a file that S3 has created. Its steps are for programs that send parts themselves. */
export class Multipart {
  readonly #access: Access;
  readonly #path: string;
  readonly #file: Blob;
  readonly #uploadId: string;
  readonly #partSize: number;
  readonly #count: number;
  readonly #done = new Map<number, Part>();
  readonly #signed = new Map<number, SignedPart & { until: number }>();
  readonly #sending = new Map<number, number>(); // bytes sent of each part on its way
  #signing: Promise<void> = Promise.resolve();

  constructor(access: Access, id: string, file: Blob, uploadId: string, partSize: number) {
    this.#access = access;
    this.#path = `/uploads/${id}`;
    this.#file = file;
    this.#uploadId = uploadId;
    this.#partSize = partSize;
    this.#count = partCount(file.size, partSize);
  }

  /** list asks S3 which parts it has, and returns those of the right size. They are not sent again. */
  async list(): Promise<Part[]> {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const { url } = await this.signList(after);
      const answer = await this.#try("to list the parts", () => sendToS3("to list the parts", { method: "GET", url, signal: this.#access.signal }));
      const { parts, next } = readParts(answer.text);
      for (const part of parts) if (part.size === slice(this.#file, this.#partSize, part.number).size) this.#done.set(part.number, part);
      after = next;
    }
    return [...this.#done.values()];
  }

  /** check fails with the code "file_changed" if the file is not the one whose parts S3 has. It reads three of them. */
  async check(): Promise<void> {
    const parts = [...this.#done.values()].filter((part) => part.sum);
    for (const at of new Set([0, parts.length >> 1, parts.length - 1])) {
      const part = parts[at];
      if (part && (await sum(slice(this.#file, this.#partSize, part.number))) !== part.sum)
        throw new PosternError("file_changed", "This is not the file whose upload began: its content differs.");
    }
  }

  /** send sends what S3 does not have, several parts at a time. */
  async send(concurrency: number, onProgress?: (sent: number) => void): Promise<void> {
    const stop = new AbortController();
    const abort = () => stop.abort(this.#access.signal!.reason);
    this.#access.signal?.addEventListener("abort", abort);
    if (this.#access.signal?.aborted) abort();
    const report = () => onProgress?.(this.#sent());
    let number = 0;
    const lane = async () => {
      while (++number <= this.#count) if (!this.#done.has(number)) await this.#sendPart(number, stop.signal, report);
    };
    report();
    try {
      await Promise.all(Array.from({ length: concurrency }, lane));
    } catch (error) {
      stop.abort(error);
      throw error;
    } finally {
      this.#access.signal?.removeEventListener("abort", abort);
    }
  }

  #sent(): number {
    let bytes = 0;
    for (const part of this.#done.values()) bytes += part.size;
    for (const sent of this.#sending.values()) bytes += sent;
    return bytes;
  }

  async #sendPart(number: number, signal: AbortSignal, report: () => void): Promise<void> {
    const body = slice(this.#file, this.#partSize, number);
    const summed = sum(body);
    summed.catch(() => {}); // awaited below
    const part = await persist(signal, async () => {
      const { url, headers } = await this.#signature(number, signal);
      const onSent = (bytes: number) => {
        this.#sending.set(number, Math.min(bytes, body.size));
        report();
      };
      const answer = await sendToS3("a part", { method: "PUT", url, headers, body, signal, onSent }).catch((error) => this.#explain(error, body, number));
      const stored = answer.header(checksumHeader);
      if (stored !== null && stored !== (await summed))
        throw new PosternError("corrupted", "The storage received other bytes than were sent, several times. Check the network.", { temporary: true });
      return { number, size: body.size, etag: answer.header("etag") ?? "", sum: await summed };
    });
    this.#sending.delete(number);
    this.#done.set(number, part);
    this.#signed.delete(number);
    report();
  }

  /** explain finds out why a part was not stored, and throws what is to be done. */
  async #explain(error: unknown, body: Blob, number: number): Promise<never> {
    this.#sending.delete(number);
    if (error instanceof S3Error && error.status === 403) this.#signed.delete(number);
    // To a page a file that was changed looks like a network that failed.
    if (error instanceof PosternError && error.code === "unreachable") await read(body.slice(0, 1));
    return this.#rethrow(error);
  }

  #rethrow(error: unknown): never {
    if (error instanceof S3Error && error.status === 404)
      throw new PosternError("gone", "The storage does not know this upload any more: it was cancelled, or it waited for days. Upload the file anew.", { status: 404 });
    throw error;
  }

  #try<T>(_step: string, attempt: () => Promise<T>): Promise<T> {
    return persist(this.#access.signal, () => attempt().catch((error) => this.#rethrow(error)));
  }

  /** sign returns a new signature of a part, by its number from 1. It signs the parts that follow ahead, in one request. */
  async sign(number: number, signal = this.#access.signal): Promise<SignedPart> {
    const signed = await this.#signature(number, signal);
    this.#signed.delete(number);
    return signed;
  }

  /** signCompletion returns the request with which S3 makes the object of the parts. checksum is the file's CRC64NVME in base64. */
  signCompletion(checksum: string): Promise<{ url: string; headers: Record<string, string> }> {
    return call(this.#access, "POST", `${this.#path}/complete`, { uploadId: this.#uploadId, size: this.#file.size, checksum });
  }

  /** signList returns the URL with which S3 lists the parts after a number, up to 1,000 of them. */
  signList(after = 0): Promise<{ url: string }> {
    return call(this.#access, "POST", `${this.#path}/parts/list`, { uploadId: this.#uploadId, after });
  }

  /** signature returns the signature of a part. It signs the parts that follow, too, in one request. */
  async #signature(number: number, signal?: AbortSignal): Promise<SignedPart> {
    // One request at a time: it signs what the others wait for.
    const signing = this.#signing.then(async () => {
      const signed = this.#signed.get(number);
      if (signed && signed.until > Date.now()) return;
      await this.#sign(number, signal);
    });
    this.#signing = signing.catch(() => {});
    await signing;
    return this.#signed.get(number)!;
  }

  async #sign(from: number, signal?: AbortSignal): Promise<void> {
    const parts = [];
    for (let number = from; number <= this.#count && parts.length < batch; number++) if (!this.#done.has(number)) parts.push({ number });
    const began = Date.now();
    const signed = await call<{ parts: SignedPart[] }>({ ...this.#access, signal }, "POST", `${this.#path}/parts`, {
      uploadId: this.#uploadId,
      size: this.#file.size,
      partSize: this.#partSize,
      parts,
    });
    for (const part of signed.parts) {
      // The lifetime stands in the URL, so a wrong clock of this machine does no harm.
      const lifetime = Number(new URL(part.url).searchParams.get("X-Amz-Expires")) * 1000;
      this.#signed.set(part.number, { ...part, until: began + lifetime - Math.min(margin, lifetime / 2) });
    }
  }

  /**
   * complete has S3 make the object of the parts that were sent or listed. It also succeeds where an earlier completion did
   * whose answer was lost. It reports false if S3 knows the multipart upload no more, and only the API can tell whether it
   * was completed. S3 compares checksum, the file's CRC64NVME in base64. Default: that of the parts' sums.
   */
  async complete(checksum?: string): Promise<boolean> {
    const parts = [];
    let whole = "";
    for (let number = 1; number <= this.#count; number++) {
      const part = this.#done.get(number);
      if (!part) throw new PosternError("storage_error", `The storage has not received part ${number}. Send it again.`);
      whole = number === 1 ? part.sum : combine(whole, part.sum, part.size);
      parts.push(part);
      if (number % 500 === 0) await pause(0, this.#access.signal); // lets the page move
    }
    const body = writeParts(parts);
    return persist(this.#access.signal, async () => {
      const { url, headers } = await this.signCompletion(checksum ?? whole);
      try {
        await sendToS3("to complete the upload", { method: "POST", url, headers, body, signal: this.#access.signal });
        return true;
      } catch (error) {
        // 412: the object is there already. Nobody else can have stored it under this key.
        if (error instanceof S3Error && error.status === 412) return true;
        if (error instanceof S3Error && error.status === 404) return false;
        throw error;
      }
    });
  }
}
