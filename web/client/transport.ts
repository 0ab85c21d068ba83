import { aborted, PosternError } from "./errors.ts";

/** An Answer is what a server answered. */
export interface Answer {
  /** HTTP status. */
  status: number;
  /** header returns a header that the server lets this page read, or null. */
  header(name: string): string | null;
  text: string;
}

/** A Call is one request. */
export interface Call {
  method: string;
  url: string;
  headers?: Record<string, string>;
  body?: Blob | FormData | string;
  signal?: AbortSignal;
  /** Called with the bytes of the body that were sent so far. */
  onSent?: (bytes: number) => void;
}

// A connection over which nothing moves for so long, in milliseconds, is given up: a laptop slept, or its network changed.
const stalled = 60_000;

/** unreachable is the error of a request that got no answer, or none that the page may read. */
const unreachable = () =>
  new PosternError("unreachable", "There is no answer. Check the network; if it works, this page's origin may not be among the stage's allowedOrigins.", { temporary: true });

/**
 * send makes a request without cookies. It fails with the code "unreachable" if there is no answer, or with the signal's
 * reason. Browsers tell how much was sent only by XMLHttpRequest. All else is done by fetch: it never has the browser ask
 * for a password by itself, as XMLHttpRequest does after a 401.
 */
export function send(call: Call): Promise<Answer> {
  if (call.signal?.aborted) return Promise.reject(aborted(call.signal));
  return call.onSent && "XMLHttpRequest" in globalThis ? sendByXHR(call) : sendByFetch(call);
}

async function sendByFetch({ method, url, headers, body, signal }: Call): Promise<Answer> {
  try {
    const answer = await fetch(url, { method, headers, body, signal, credentials: "omit", redirect: "error" });
    const text = await answer.text();
    return { status: answer.status, header: (name) => answer.headers.get(name), text };
  } catch {
    throw signal?.aborted ? aborted(signal) : unreachable();
  }
}

function sendByXHR({ method, url, headers, body, signal, onSent }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    let timer: ReturnType<typeof setTimeout>;
    const abort = () => xhr.abort();
    const moved = () => {
      clearTimeout(timer);
      timer = setTimeout(abort, stalled);
    };
    xhr.open(method, url);
    for (const [name, value] of Object.entries(headers ?? {})) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = (event) => {
      moved();
      onSent?.(event.loaded);
    };
    // Once all is sent, a server may think for minutes: S3 assembles an object from thousands of parts.
    xhr.upload.onload = () => clearTimeout(timer);
    xhr.onloadend = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      if (xhr.status) resolve({ status: xhr.status, header: (name) => xhr.getResponseHeader(name), text: xhr.responseText });
      else reject(signal?.aborted ? aborted(signal) : unreachable());
    };
    signal?.addEventListener("abort", abort);
    moved();
    xhr.send(body ?? null);
  });
}

/** pause waits for ms milliseconds, and on while the browser says that it is offline. It fails with the signal's reason. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await wait(signal, (done) => {
    const timer = setTimeout(done, ms);
    return () => clearTimeout(timer);
  });
  if (globalThis.navigator?.onLine === false && "ononline" in globalThis)
    await wait(signal, (done) => {
      addEventListener("online", done, { once: true });
      return () => removeEventListener("online", done);
    });
}

function wait(signal: AbortSignal | undefined, begin: (done: () => void) => () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted(signal));
    const stop = () => {
      end();
      reject(aborted(signal!));
    };
    const end = begin(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    });
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** How often a request is made before its error is final. With the delays below this takes about a minute. */
const attempts = 8;

/** The longest wait that a server is granted by its Retry-After, in milliseconds. */
const longest = 300_000;

/** isTemporary reports whether the same request may succeed later, by the status of its answer. */
export const isTemporary = (status: number) => status >= 500 || status === 429 || status === 408;

/** persist makes attempts until one succeeds or fails with an error that is not temporary. attempt gets its number, from 0. */
export async function persist<T>(signal: AbortSignal | undefined, attempt: (n: number) => Promise<T>): Promise<T> {
  for (let n = 0; ; n++) {
    let least = 0; // milliseconds
    try {
      return await attempt(n);
    } catch (error) {
      if (!(error instanceof PosternError && error.temporary) || n + 1 >= attempts) throw error;
      least = Math.min(error.retryAfter * 1000, longest);
    }
    // Exponential backoff with full jitter, so that many pages do not come back at once:
    // https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    await pause(least + Math.random() * Math.min(20_000, 500 * 2 ** n), signal);
  }
}
