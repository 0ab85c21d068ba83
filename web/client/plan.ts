const MiB = 2 ** 20;

/** Files up to this size, in bytes, go in one request. Larger ones go in parts, and can be resumed. */
export const singlePut = 32 * MiB;

/**
 * usualPartSize returns the size of each part but the last for a file of size bytes: 16 MiB, more for files of over
 * 1,000 such parts, and never more than 10,000 parts. Source: the API's plan, docs/clients.md.
 */
export const usualPartSize = (size: number): number =>
  Math.max(16 * MiB, Math.min(64 * MiB, roundUp(size / 1000)), roundUp(size / 10_000));

const roundUp = (bytes: number) => Math.ceil(bytes / MiB) * MiB;

/** partCount returns how many parts a file of size bytes has. */
export const partCount = (size: number, partSize: number): number => Math.ceil(size / partSize);

/** slice returns a part of a file, by its number from 1. */
export const slice = (file: Blob, partSize: number, number: number): Blob => file.slice((number - 1) * partSize, number * partSize);
