// The options with which @uppy/aws-s3 4 and 5 send files to Postern:
//
//     uppy.use(AwsS3, awsS3(uppy, { api, authorization: () => `Bearer ${token}` }));
//
// A stored file has its upload's id in its meta: uppy.getFile(file.id).meta.posternId.
import type { AwsS3MultipartOptions } from "@uppy/aws-s3";
import type { Body, Meta, Uppy, UppyFile } from "@uppy/core";
import { type Access, arrived, create, declare, Multipart, remove, singlePut, sum, usualPartSize } from "../client/postern.ts";

type Where = { key: string; uploadId?: string };

/** awsS3 returns the options of @uppy/aws-s3 for an uppy that sends files to the API of access. */
export function awsS3<M extends Meta, B extends Body>(uppy: Uppy<M, B>, access: Access): AwsS3MultipartOptions<M, B> {
  type File = UppyFile<M, B>;
  const opened = new Map<string, Multipart>(); // by uploadId

  function open(file: File, { key, uploadId }: Where): Multipart {
    const known = opened.get(uploadId!);
    if (known) return known;
    const data = file.data as Blob;
    const parts = new Multipart(access, idOf(key), data, uploadId!, usualPartSize(data.size));
    opened.set(uploadId!, parts);
    return parts;
  }

  async function grant(file: File, via: "put" | "multipart", signal?: AbortSignal) {
    const data = file.data as Blob;
    const granted = await declare(data, { ...access, signal, filename: file.name, type: file.type, via, partSize: usualPartSize(data.size) });
    uppy.setFileMeta(file.id, { posternId: granted.id } as unknown as M);
    return granted;
  }

  return {
    shouldUseMultipart: (file: File) => file.size! > singlePut,
    getChunkSize: ({ size }: { size: number }) => usualPartSize(size),
    async getUploadParameters(file: File, { signal }: { signal?: AbortSignal }) {
      const { url, headers } = await grant(file, "put", signal);
      return { method: "PUT", url: url!, headers };
    },
    async createMultipartUpload(file: File) {
      const granted = await grant(file, "multipart");
      return { key: granted.key, uploadId: await create(granted) };
    },
    signPart: (file: File, { key, uploadId, partNumber, signal }: Where & { partNumber: number; signal?: AbortSignal }) =>
      open(file, { key, uploadId }).sign(partNumber, signal),
    async listParts(file: File, where: Where) {
      const parts = await open(file, where).list();
      return parts.map(({ number, size, etag }) => ({ PartNumber: number, Size: size, ETag: etag }));
    },
    async completeMultipartUpload(file: File, where: Where) {
      const [parts, checksum] = [open(file, where), await sum(file.data as Blob)];
      await parts.list();
      if (!(await parts.complete(checksum))) await arrived(idOf(where.key), access);
      return {};
    },
    // Uppy also calls this when it gives up. Then what was sent is kept, and its button "retry" goes on.
    async abortMultipartUpload(file: File, { key, uploadId }: Where) {
      opened.delete(uploadId!);
      if (uppy.getFile(file.id)) uppy.setFileState(file.id, { s3Multipart: { key, uploadId } } as Partial<File>);
      else await remove(idOf(key), access);
    },
  };
}

/** idOf returns the id of the upload whose object has a key. */
const idOf = (key: string): string => key.slice(key.lastIndexOf("/") + 1);
