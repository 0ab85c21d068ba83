/**
 * Postern in a browser or in Node: puts a file of any size straight into the bucket, and manages what is there.
 *
 *     import { upload } from "./postern.js";
 *     const { id } = await upload(file, { api, authorization: () => `Bearer ${token}`, onProgress });
 *
 * Every function takes an Access and fails with a PosternError, or with the signal's reason.
 */
import { type Access, call, type Grant, type GuestLink, type Upload } from "./api.ts";
import { PosternError } from "./errors.ts";
import { Multipart } from "./multipart.ts";
import { singlePut, usualPartSize } from "./plan.ts";
import { checksumHeader, element, S3Error, sendToS3 } from "./s3.ts";
import { forget, recall, remember, type Unfinished } from "./store.ts";
import { read, sum } from "./sums.ts";
import { pause, persist } from "./transport.ts";

export { type Access, type Grant, type GuestLink, type Part, type SignedPart, type Upload } from "./api.ts";
export { Crc64, combine } from "./crc64.ts";
export { type Code, PosternError } from "./errors.ts";
export { Multipart } from "./multipart.ts";
export { singlePut, usualPartSize } from "./plan.ts";
export { type Unfinished, unfinished } from "./store.ts";
export { sum } from "./sums.ts";

/** How a file is uploaded. */
export interface UploadOptions extends Access {
  /** The file's name. Default: that of the File. */
  filename?: string;
  /** The content type, a hint. Default: that of the Blob. */
  type?: string;
  /** A title for people. */
  title?: string;
  /** What the application knows the upload by: a service may give it, and nobody else. */
  context?: string;
  /** Whom the file is from: a guest, who calls with a link, has to say so. */
  guest?: string;
  /** How it is sent. Default: in one request up to 32 MiB, above that in parts, which can be resumed. */
  via?: "form" | "put" | "multipart";
  /** How many parts are on their way at once. Default: 4. */
  concurrency?: number;
  /** Size of a part in bytes, 5 MiB to 5 GiB. Default: 16 MiB, more for very large files. */
  partSize?: number;
  /** Called with how many bytes were sent, of how many. It falls when a part has to be sent again. */
  onProgress?: (sent: number, total: number) => void;
  /** Called as soon as the upload has an id, and again with uploadId once it can be resumed. */
  onBegin?: (begun: { id: string; key: string; uploadId?: string }) => void;
  /** A handle of the file, if the page has one: after a reload the file need not be chosen again. */
  handle?: FileSystemFileHandle;
}

/** What was stored. */
export interface Stored {
  id: string;
}

type Named = Blob & { name?: string; lastModified?: number };

/** upload stores a file. When it succeeds, S3 has all of it; get tells when it was inspected. */
export async function upload(file: Blob, options: UploadOptions): Promise<Stored> {
  const grant = await declare(file, options);
  options.onBegin?.({ id: grant.id, key: grant.key });
  if (grant.method === "MULTIPART") return uploadInParts(file, grant, options);
  await uploadWhole(file, grant, options);
  return { id: grant.id };
}

/** declare asks the API for the permission to store a file, and returns the request that S3 will accept. upload does it by itself. */
export function declare(file: Blob, options: UploadOptions): Promise<Grant> {
  const { size, type }: Named = file;
  const via = options.via ?? (size > singlePut ? "multipart" : "put");
  return call(options, "POST", "/uploads", { filename: nameOf(file, options), size, type: (options.type ?? type) || null, title: options.title, context: options.context, guest: options.guest, via });
}

const nameOf = (file: Named, options: UploadOptions): string => options.filename ?? file.name ?? "";

/** create has S3 create the multipart upload that a grant of declare is for. It returns S3's uploadId. */
export async function create(grant: Grant, signal?: AbortSignal): Promise<string> {
  const { method, url, headers } = grant.create!;
  const created = await persist(signal, () => sendToS3("to begin the upload", { method, url, headers, signal }));
  return element(created.text, "UploadId");
}

/** uploadWhole sends the file in one request: a PUT or a form. */
async function uploadWhole(file: Blob, grant: Grant, options: UploadOptions): Promise<void> {
  const { method, url = "", headers, fields } = grant;
  let body: Blob | FormData = file;
  if (method === "POST") {
    body = new FormData();
    for (const [name, value] of Object.entries(fields ?? {})) body.append(name, value);
    body.append("file", file); // S3 ignores the fields that follow it
  }
  const summed = sum(file);
  summed.catch(() => {}); // awaited below
  await persist(options.signal, async () => {
    try {
      const onSent = (bytes: number) => options.onProgress?.(Math.min(bytes, file.size), file.size);
      const answer = await sendToS3("the file", { method, url, headers, body, signal: options.signal, onSent });
      const stored = answer.header(checksumHeader);
      if (stored !== null && stored !== (await summed))
        throw new PosternError("corrupted", "The storage received other bytes than were sent. Delete this upload and upload the file anew.");
    } catch (error) {
      // Stored already: the answer to an earlier attempt was lost.
      if (error instanceof S3Error && error.status === 412) return;
      if (error instanceof S3Error && error.expired)
        throw new PosternError("storage_error", "The upload took longer than its signature lives. Upload the file in parts.", { status: 403 });
      if (error instanceof PosternError && error.code === "unreachable") await read(file.slice(0, 1));
      throw error;
    }
  });
  options.onProgress?.(file.size, file.size);
}

async function uploadInParts(file: Named, grant: Grant, options: UploadOptions): Promise<Stored> {
  const unfinished: Unfinished = {
    id: grant.id,
    uploadId: await create(grant, options.signal),
    api: options.api,
    name: nameOf(file, options),
    size: file.size,
    lastModified: file.lastModified ?? 0,
    partSize: options.partSize ?? grant.partSize ?? usualPartSize(file.size),
    handle: options.handle,
  };
  await remember(unfinished);
  options.onBegin?.({ id: grant.id, key: grant.key, uploadId: unfinished.uploadId });
  return finish(new Multipart(options, grant.id, file, unfinished.uploadId, unfinished.partSize), file, grant.id, options);
}

async function finish(parts: Multipart, file: Blob, id: string, options: UploadOptions): Promise<Stored> {
  let completed = false;
  try {
    await parts.send(options.concurrency ?? 4, (sent) => options.onProgress?.(sent, file.size));
    completed = await parts.complete();
  } catch (error) {
    // Another tab may have sent and completed the same upload.
    if (!(error instanceof PosternError && error.code === "gone")) throw error;
  }
  if (!completed) await arrived(id, options);
  await forget(id);
  return { id };
}

/** arrived, after a completion that reported false, waits until the API knows of an upload's bytes, or fails after some seconds. */
export async function arrived(id: string, access: Access): Promise<void> {
  for (let n = 0; n < 10; n++, await pause(1000, access.signal)) {
    const { status } = await get(id, access);
    if (status !== "waiting") return;
  }
  throw new PosternError("gone", "The storage does not know this upload any more: it was cancelled, or it waited for days. Upload the file anew.", { status: 404 });
}

/**
 * resume goes on with an upload in parts, in this browser or another. Parts that S3 has are not sent again. Without a
 * file it uses the remembered handle, for which the browser may ask the person: call it from a click. It fails with the
 * code "file_changed" if the file is not the one whose upload began.
 */
export async function resume(id: string, file: Blob | undefined, options: UploadOptions & { uploadId?: string }): Promise<Stored> {
  const remembered = await recall(id);
  const source: Named = file ?? (await reopen(remembered));
  if (remembered && (remembered.size !== source.size || (source.lastModified && remembered.lastModified && source.lastModified !== remembered.lastModified)))
    throw new PosternError("file_changed", `This is not the file whose upload began, or it was changed: ${remembered.name}, ${remembered.size} bytes.`);
  let { uploadId, partSize } = { uploadId: remembered?.uploadId, partSize: remembered?.partSize, ...options };
  if (!uploadId || !partSize) {
    const { status, multiparts = [] } = await get(id, options);
    if (status !== "waiting") return { id };
    const open = uploadId ? multiparts.find((m) => m.uploadId === uploadId) : multiparts.at(-1);
    if (!open) throw new PosternError("gone", "This upload has nothing to go on with: it was cancelled, or never began. Upload the file anew.", { status: 404 });
    uploadId = open.uploadId;
    partSize = partSize ?? open.partSize ?? usualPartSize(source.size);
  }
  const parts = new Multipart(options, id, source, uploadId, partSize);
  try {
    await parts.list();
  } catch (error) {
    if (!(error instanceof PosternError && error.code === "gone")) throw error;
    // It may have been completed just before the page was closed.
    const { status } = await get(id, options);
    await forget(id);
    if (status === "waiting") throw error;
    return { id };
  }
  await parts.check();
  return finish(parts, source, id, options);
}

async function reopen(remembered: Unfinished | undefined): Promise<File> {
  const handle = remembered?.handle as (FileSystemFileHandle & { requestPermission?: (mode: { mode: "read" }) => Promise<string> }) | undefined;
  try {
    if (handle && (await handle.requestPermission?.({ mode: "read" })) !== "denied") return await handle.getFile();
  } catch {
    // The file is gone, or the person said no.
  }
  throw new PosternError("file_needed", `Choose the file again${remembered ? `: ${remembered.name}` : ""}.`);
}

/** list returns a page of the caller's uploads, the newest first. cursor asks for the next page. */
export const list = (query: { status?: Upload["status"]; limit?: number; cursor?: string }, access: Access): Promise<{ uploads: Upload[]; cursor?: string }> =>
  call(access, "GET", "/uploads" + search(query));

/** get returns what is known of an upload. */
export const get = (id: string, access: Access): Promise<Upload> => call(access, "GET", `/uploads/${id}`);

/** describe changes title, description or labels. With version it fails (412) if the upload was changed since. */
export const describe = (id: string, patch: { title?: string; description?: string; labels?: string[] }, options: Access & { version?: number }): Promise<Upload> =>
  call(options, "PATCH", `/uploads/${id}`, patch, options.version === undefined ? {} : { "if-match": `"${options.version}"` });

/** remove deletes an upload with all its bytes, or cancels one that is not finished. */
export async function remove(id: string, access: Access): Promise<void> {
  await call(access, "DELETE", `/uploads/${id}`);
  await forget(id);
}

/** download returns a URL that needs no credentials for some minutes. "inline" is for what browsers show safely. */
export const download = (id: string, options: Access & { disposition?: "attachment" | "inline"; expires?: number }): Promise<{ url: string; expires: string }> =>
  call(options, "GET", `/uploads/${id}/download` + search({ disposition: options.disposition, expires: options.expires }));

/** link returns what the link for guests allows whose token the authorization has: `Bearer ${token}`. */
export const link = (access: Access): Promise<GuestLink> => call(access, "GET", "/link");

/** usage returns how much the caller keeps, and may keep. */
export const usage = (access: Access): Promise<{ used: number; quota: number; maxSize: number; files?: number; fileQuota?: number }> => call(access, "GET", "/usage");

function search(query: Record<string, string | number | undefined>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length ? "?" + new URLSearchParams(given.map(([name, value]) => [name, String(value)])) : "";
}
