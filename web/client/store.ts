// What this browser remembers of uploads that are not finished, in IndexedDB. Where there is none, or it is full or
// forbidden, nothing is remembered, and nothing fails.

/** An Unfinished is an upload that can be resumed. It holds no secret: without signing in, nobody can use it. */
export interface Unfinished {
  id: string;
  uploadId: string;
  /** The API's address: another stage's uploads are not ours. */
  api: string;
  name: string;
  /** Size in bytes. */
  size: number;
  /** When the file was last changed, in milliseconds since 1970. */
  lastModified: number;
  partSize: number;
  /** Reads the file again after a reload, when the person allows it. Only some browsers have it. */
  handle?: FileSystemFileHandle;
}

const storeName = "uploads";

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("postern", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(storeName, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function use<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
  try {
    const database = await open();
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction(storeName, mode);
        const request = work(transaction.objectStore(storeName));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onerror = transaction.onabort = () => reject(transaction.error);
      });
    } finally {
      database.close();
    }
  } catch {
    return undefined;
  }
}

export const remember = (upload: Unfinished) => use("readwrite", (store) => store.put(upload));
export const forget = (id: string) => use("readwrite", (store) => store.delete(id));
export const recall = (id: string) => use<Unfinished>("readonly", (store) => store.get(id));

/** unfinished returns what can be resumed at an API, of what this browser began. */
export const unfinished = async (api: string): Promise<Unfinished[]> =>
  ((await use<Unfinished[]>("readonly", (store) => store.getAll())) ?? []).filter((upload) => upload.api === api);
