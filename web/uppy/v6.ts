// The options with which @uppy/aws-s3 6 sends files to Postern:
//
//     uppy.use(AwsS3, awsS3(uppy, { api, authorization: () => `Bearer ${token}` }));
//
// A stored file has its upload's id in its meta: uppy.getFile(file.id).meta.posternId.
import type { AwsS3Options } from "@uppy/aws-s3";
import type { Body, Meta, Uppy, UppyFile } from "@uppy/core";
import { type Access, declare, Multipart, sum, usualPartSize } from "../client/postern.ts";

/** What Uppy asks to be signed. */
type Request = { method: "PUT" | "POST" | "GET" | "DELETE"; key: string; uploadId?: string; partNumber?: number };

type Signed = { url: string; key?: string; headers?: Record<string, string> };

/** awsS3 returns the options of @uppy/aws-s3 for an uppy that sends files to the API of access. */
export function awsS3<M extends Meta, B extends Body>(uppy: Uppy<M, B>, access: Access): AwsS3Options<M, B> {
  const files = new Map<string, UppyFile<M, B>>(); // by the key that Uppy asked for, and by the object's
  const opened = new Map<string, Multipart>(); // by uploadId

  async function begin(via: "put" | "multipart", key: string): Promise<Signed> {
    const file = files.get(key)!;
    const data = file.data as Blob;
    const grant = await declare(data, { ...access, filename: file.name, type: file.type, via, partSize: partSize(data) });
    uppy.setFileMeta(file.id, { posternId: grant.id } as unknown as M);
    files.set(grant.key, file);
    const { url, headers } = grant.create ?? grant;
    return { url: url!, headers, key: grant.key };
  }

  function open(key: string, uploadId: string): Multipart {
    const known = opened.get(uploadId);
    if (known) return known;
    const data = files.get(key)!.data as Blob;
    const parts = new Multipart(access, idOf(key), data, uploadId, partSize(data));
    opened.set(uploadId, parts);
    return parts;
  }

  /** cancel is a request to the API, which deletes the upload and what S3 has of it. Uppy asks for it when a person removes the file. */
  async function cancel(key: string): Promise<Signed> {
    const query = new URLSearchParams();
    if (access.mail !== undefined) query.set("mail", access.mail);
    if (access.subject !== undefined) query.set("subject", access.subject);
    return { url: `${access.api.replace(/\/$/, "")}/uploads/${idOf(key)}${query.size ? `?${query}` : ""}`, headers: { authorization: await access.authorization() } };
  }

  return {
    shouldUseMultipart: (file: UppyFile<M, B>) => file.size! > 32 * MiB,
    getChunkSize: partSize,
    generateObjectKey(file: UppyFile<M, B>) {
      files.set(file.id, file);
      const begun = (file as { s3Multipart?: { key: string } }).s3Multipart; // before a reload
      if (begun) files.set(begun.key, file);
      return file.id;
    },
    async signRequest({ method, key, uploadId, partNumber }: Request): Promise<Signed> {
      if (method === "DELETE") return cancel(key);
      if (uploadId === undefined) return begin(method === "PUT" ? "put" : "multipart", key);
      const parts = open(key, uploadId);
      if (method === "GET") return parts.signList();
      if (method === "PUT") return parts.sign(partNumber!);
      return parts.signCompletion(await sum(files.get(key)!.data as Blob));
    },
  };
}

const MiB = 2 ** 20;

/** partSize returns the size of the parts of a file. Uppy sees only the first 1,000 parts that S3 lists: there are no more. */
const partSize = ({ size }: { size: number }): number => Math.max(usualPartSize(size), Math.ceil(size / 1000 / MiB) * MiB);

/** idOf returns the id of the upload whose object has a key. */
const idOf = (key: string): string => key.slice(key.lastIndexOf("/") + 1);
