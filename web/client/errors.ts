/** A PosternError says to people what went wrong and what to do, and to programs its code. */
export class PosternError extends Error {
  /** The API's code (such as "payload_too_large"), or one of this module: see Code. */
  readonly code: string;
  /** HTTP status of the answer, 0 if there was none. */
  readonly status: number;
  /** What the API calls the request in its logs, if it answered. */
  readonly requestId?: string;
  /** Whether the same request may succeed later. */
  readonly temporary: boolean;

  constructor(code: string, message: string, { status = 0, requestId = undefined as string | undefined, temporary = false } = {}) {
    super(message);
    this.name = "PosternError";
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.temporary = temporary;
  }
}

/** The codes that this module adds to those of the API. */
export type Code =
  | "unreachable" // no answer: no network, or the page's origin is not allowed
  | "file_changed" // the file is not what it was when its upload began, or cannot be read
  | "storage_error" // S3 refused
  | "corrupted" // S3 received other bytes than were sent, again and again
  | "gone"; // the multipart upload does not exist any more

/** aborted returns what a signal was aborted with. */
export function aborted(signal: AbortSignal): unknown {
  return signal.reason ?? new DOMException("aborted", "AbortError");
}
