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
  /** How long the server asks to wait before that, in seconds. 0: it did not say. */
  readonly retryAfter: number;

  constructor(code: string, message: string, { status = 0, requestId = undefined as string | undefined, temporary = false, retryAfter = 0 } = {}) {
    super(message);
    this.name = "PosternError";
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.temporary = temporary;
    this.retryAfter = retryAfter;
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
