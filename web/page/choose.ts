import type { Chosen } from "./transfers.ts";

// What of the File System API the compiler's types lack.
interface Picker {
  showOpenFilePicker?: (options: { multiple: boolean }) => Promise<FileSystemFileHandle[]>;
}
type Item = DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> };

/** canPick reports whether the browser's own dialog gives handles, which are read again after a reload. */
export const canPick = (): boolean => "showOpenFilePicker" in globalThis;

/** pick opens the browser's dialog. Nothing is chosen when the person closes it. */
export async function pick(): Promise<Chosen[]> {
  try {
    const handles = await (globalThis as Picker).showOpenFilePicker!({ multiple: true });
    return await Promise.all(handles.map(async (handle) => ({ file: await handle.getFile(), handle })));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return [];
    throw error;
  }
}

/** fromFiles returns files without handles. */
export const fromFiles = (files: Iterable<File>): Chosen[] => [...files].map((file) => ({ file }));

/** fromTransfer returns what was dropped or pasted. Folders are gone through, where the browser can. */
export async function fromTransfer(data: DataTransfer): Promise<Chosen[]> {
  const files = [...data.files];
  // All items must be asked at once: after the first await they are empty.
  const asked = [...data.items].filter(({ kind }) => kind === "file").map((item: Item) => item.getAsFileSystemHandle?.());
  const handles = await Promise.all(asked.map((handle) => handle?.catch(() => null)));
  if (handles.length === 0 || handles.some((handle) => !handle)) return fromFiles(files);
  return (await Promise.all(handles.map((handle) => walk(handle!)))).flat();
}

async function walk(handle: FileSystemHandle): Promise<Chosen[]> {
  if (handle.kind === "file") {
    const file = handle as FileSystemFileHandle;
    return [{ file: await file.getFile(), handle: file }];
  }
  const found: Chosen[] = [];
  for await (const child of (handle as FileSystemDirectoryHandle & { values(): AsyncIterable<FileSystemHandle> }).values()) found.push(...(await walk(child)));
  return found;
}
