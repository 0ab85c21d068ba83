import { Crc64 } from "./crc64.ts";
import { PosternError } from "./errors.ts";

/** sum returns the CRC64NVME of a blob in base64. It fails with the code "file_changed" if the blob cannot be read. */
export function sum(blob: Blob): Promise<string> {
  return worker() ? sumInWorker(blob) : sumHere(blob);
}

/** How much is read at once, in bytes: little enough that the page does not stop where there is no worker. */
const inPage = 2 << 20;

/** How much a worker reads at once, in bytes: a usual part. Chromium takes twice as long by 2 MiB. */
export const inWorker = 16 << 20;

/** sumHere computes the sum in this thread. It reads step bytes at once. */
export async function sumHere(blob: Blob, step = inPage): Promise<string> {
  const crc = new Crc64();
  for (let at = 0; at < blob.size; at += step) crc.update(await read(blob.slice(at, at + step)));
  return crc.sum();
}

/** read returns a blob's bytes. Browsers refuse to read a file that was changed since it was chosen. */
export async function read(blob: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    throw new PosternError("file_changed", "The file cannot be read any more. It was changed, moved or deleted: choose it again.");
  }
}

let started: Worker | null | undefined;
let next = 0;
const waiting = new Map<number, { resolve: (sum: string) => void; reject: (error: unknown) => void }>();

/** worker starts the worker, once. It returns null where there are none, or only those of another origin. */
function worker(): Worker | null {
  if (started !== undefined) return started;
  try {
    started = new Worker(new URL("./postern-worker.js", import.meta.url), { type: "module" });
    started.onmessage = ({ data: { id, sum, failed } }) => {
      const { resolve, reject } = waiting.get(id)!;
      waiting.delete(id);
      if (failed) reject(new PosternError(failed.code, failed.message));
      else resolve(sum);
    };
    started.onerror = () => {
      started = null;
      for (const { reject } of waiting.values()) reject(noWorker);
      waiting.clear();
    };
  } catch {
    started = null;
  }
  return started!;
}

const noWorker = new Error("no worker");

async function sumInWorker(blob: Blob): Promise<string> {
  try {
    return await new Promise((resolve, reject) => {
      const id = next++;
      waiting.set(id, { resolve, reject });
      started!.postMessage({ id, blob });
    });
  } catch (error) {
    if (error === noWorker) return sumHere(blob);
    throw error;
  }
}
