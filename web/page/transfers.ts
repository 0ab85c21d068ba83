import { type Access, get, PosternError, remove, resume, unfinished, upload } from "../client/postern.ts";
import { forget } from "../client/store.ts";
import { isGuests, type Sent } from "./sent.ts";

/** The states of a transfer. After a reload it is "paused". */
export type State = "queued" | "sending" | "paused" | "failed" | "inspecting" | "ready" | "rejected";

/** A Transfer is one file on its way. */
export interface Transfer {
  readonly key: number;
  readonly name: string;
  readonly size: number;
  state: State;
  sent: number;
  /** Bytes a second, over the last seconds. */
  speed: number;
  id?: string;
  /** Whether it can go on where it stopped: it is sent in parts. */
  resumable?: boolean;
  /** What went wrong, or why it was rejected. */
  error?: string;
  /** Whether the file has to be chosen again. */
  needsFile?: boolean;
  file?: File;
  handle?: FileSystemFileHandle;
  stop?: AbortController;
  measured: { at: number; sent: number };
}

/** A Chosen is a file that a person chose, with its handle where the browser has one. */
export interface Chosen {
  file: File;
  handle?: FileSystemFileHandle;
}

/** A Sender is who sends. */
export interface Sender {
  access: (signal?: AbortSignal) => Access;
  /** Whether anything may be sent now. */
  isActive: () => boolean;
  /** What this browser has sent by a link: who sends is a guest then, who sees nothing else and deletes nothing. */
  sent?: Sent;
  /** The guest's name. */
  name?: () => string;
}

/** How many files are sent at the same time. */
const atOnce = 3;

/** Transfers are all transfers of this page, the newest last. */
export class Transfers {
  readonly sender: Sender;
  all: Transfer[] = [];
  /** Called when the API does not know any more who sends. */
  onExpired = () => {};
  #listeners = new Set<() => void>();
  #next = 0;
  #told = false;

  constructor(sender: Sender) {
    this.sender = sender;
  }

  /** onChange calls a listener at most once a frame. It returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    if (this.#told) return;
    this.#told = true;
    requestAnimationFrame(() => {
      this.#told = false;
      this.all = [...this.all];
      for (const listener of this.#listeners) listener();
    });
  }

  /** recall brings back what this browser did not finish. */
  async recall(): Promise<void> {
    const { sent } = this.sender;
    const open = await unfinished(this.sender.access().api);
    for (const { id, name, size, handle } of open) {
      if (this.all.some((transfer) => transfer.id === id) || (sent ? !sent.has(id) : isGuests(id))) continue;
      this.all.push({ ...this.#fresh(name, size), id, resumable: true, handle, state: "paused", needsFile: !handle });
    }
    for (const { id, name, size } of sent?.all() ?? []) {
      if (this.all.some((transfer) => transfer.id === id)) continue;
      const transfer: Transfer = { ...this.#fresh(name, size), id, sent: size, state: "inspecting" };
      this.all.push(transfer);
      void this.#watch(transfer);
    }
    this.#changed();
  }

  /** add queues files. */
  add(files: Chosen[]): void {
    for (const { file, handle } of files) this.all.push({ ...this.#fresh(file.name, file.size), file, handle });
    this.#start();
  }

  #fresh = (name: string, size: number): Transfer => ({
    key: this.#next++, name, size, state: "queued", sent: 0, speed: 0, measured: { at: 0, sent: 0 },
  });

  /** proceed goes on with a transfer that was paused or failed, with the file if it had to be chosen again. */
  proceed(transfer: Transfer, file?: File): void {
    if (file) transfer.file = file;
    transfer.state = "queued";
    transfer.error = undefined;
    this.#start();
  }

  pause(transfer: Transfer): void {
    if (transfer.state === "queued") transfer.state = "paused";
    transfer.stop?.abort(paused);
    this.#changed();
  }

  /** cancel ends a transfer, and what the storage has of it. */
  async cancel(transfer: Transfer): Promise<void> {
    transfer.stop?.abort(paused);
    this.dismiss(transfer);
    if (!transfer.id || transfer.state === "ready") return;
    if (!this.sender.sent) return remove(transfer.id, this.sender.access());
    this.sender.sent.drop(transfer.id); // what the storage has of it ends by itself
    await forget(transfer.id);
  }

  /** dismiss takes a transfer from the list. */
  dismiss(transfer: Transfer): void {
    this.all = this.all.filter((other) => other !== transfer);
    this.#changed();
    this.#start();
  }

  /** stopAll pauses what is under way: nobody is signed in any more. */
  stopAll(): void {
    for (const transfer of this.all) if (transfer.state === "sending" || transfer.state === "queued") this.pause(transfer);
  }

  #start(): void {
    let sending = this.all.filter(({ state }) => state === "sending").length;
    for (const transfer of this.all) {
      if (sending >= atOnce || !this.sender.isActive()) break;
      if (transfer.state !== "queued") continue;
      sending++;
      void this.#run(transfer);
    }
    this.#changed();
  }

  async #run(transfer: Transfer): Promise<void> {
    transfer.state = "sending";
    transfer.stop = new AbortController();
    transfer.measured = { at: performance.now(), sent: -1 };
    const { file, handle } = transfer;
    const id = transfer.resumable ? transfer.id : undefined;
    const options = {
      ...this.sender.access(transfer.stop.signal),
      handle,
      guest: this.sender.name?.(),
      onProgress: (sent: number) => this.#progress(transfer, sent),
      onBegin: (begun: { id: string; uploadId?: string }) => {
        transfer.id = begun.id;
        this.sender.sent?.add({ id: begun.id, name: transfer.name, size: transfer.size });
        transfer.resumable = begun.uploadId !== undefined;
      },
    };
    try {
      // Two tabs must not send the same upload.
      const send = () => (id ? resume(id, file, options) : upload(file!, options));
      const stored = id && navigator.locks ? await navigator.locks.request(id, { ifAvailable: true }, (lock) => (lock ? send() : Promise.reject(elsewhere))) : await send();
      transfer.id = stored.id;
      transfer.sent = transfer.size;
      transfer.state = "inspecting";
      void this.#watch(transfer);
    } catch (error) {
      this.#failed(transfer, error);
    }
    this.#start();
  }

  #failed(transfer: Transfer, error: unknown): void {
    if (error === paused) {
      transfer.state = "paused";
      return;
    }
    if (error instanceof PosternError && error.status === 401 && error.code === "unauthorized") {
      transfer.state = "paused";
      this.onExpired();
      return;
    }
    const { code, message } = error instanceof PosternError ? error : { code: "", message: `Something went wrong in this page: ${String(error)}` };
    transfer.state = code === "file_needed" ? "paused" : "failed";
    transfer.needsFile = code === "file_needed" || code === "file_changed";
    transfer.error = code === "file_needed" ? undefined : message;
    // What cannot go on begins anew.
    if (code === "gone") transfer.resumable = false;
  }

  #progress(transfer: Transfer, sent: number): void {
    const { at, sent: before } = transfer.measured;
    const now = performance.now();
    if (before < 0) transfer.measured = { at: now, sent };
    else if (now - at > 1000) {
      const speed = Math.max(0, sent - before) / ((now - at) / 1000);
      transfer.speed = transfer.speed ? 0.7 * transfer.speed + 0.3 * speed : speed;
      transfer.measured = { at: now, sent };
    }
    transfer.sent = sent;
    this.#changed();
  }

  /** watch waits until the upload was inspected. */
  async #watch(transfer: Transfer): Promise<void> {
    for (let delay = 300; this.all.includes(transfer); delay = Math.min(5000, delay * 1.5)) {
      try {
        const { status, reason } = await get(transfer.id!, this.sender.access());
        if (status !== "waiting") {
          transfer.state = status;
          transfer.error = reason;
          this.#changed();
          return;
        }
      } catch (error) {
        if (!(error instanceof PosternError && error.temporary)) return this.#lost(transfer, error);
      }
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }

  /** lost takes from a guest's list what was deleted, or never arrived. */
  #lost(transfer: Transfer, error: unknown): void {
    if (!this.sender.sent || !(error instanceof PosternError && error.status === 404)) return;
    this.sender.sent.drop(transfer.id!);
    this.dismiss(transfer);
  }
}

const paused = new Error("paused");
const elsewhere = new PosternError("conflict", "Another tab is sending this file.");

