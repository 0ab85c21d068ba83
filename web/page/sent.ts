// What guests have sent from this browser, by link: an id is seen again by its link alone, so nothing of the link is kept but a
// digest. Where a browser forbids to store it, it is in memory.

/** An Item is a file that was sent, or began to be. */
export interface Item {
  id: string;
  name: string;
  size: number;
}

const prefix = "postern sent ";
const memory = new Map<string, string>();

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return memory.get(key) ?? null;
  }
}

/** keep stores a text for good. */
export function keep(key: string, text: string): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    memory.set(key, text);
  }
}

/** kept returns what keep stored, or an empty text. */
export const kept = (key: string): string => stored(key) ?? "";

/** A Sent is what was sent by one link, the newest last. */
export class Sent {
  readonly key: string;
  private constructor(key: string) {
    this.key = key;
  }

  /** of returns what was sent by the link of a token. */
  static async of(token: string): Promise<Sent> {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
    return new Sent(prefix + [...digest.slice(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
  }

  all = (): Item[] => JSON.parse(stored(this.key) ?? "[]") as Item[];
  has = (id: string): boolean => this.all().some((item) => item.id === id);
  add(item: Item): void {
    if (!this.has(item.id)) keep(this.key, JSON.stringify([...this.all(), item]));
  }
  drop = (id: string): void => keep(this.key, JSON.stringify(this.all().filter((item) => item.id !== id)));
}

/** isGuests reports whether this browser has sent an upload by a link. */
export function isGuests(id: string): boolean {
  try {
    return Object.entries(localStorage).some(([key, text]) => key.startsWith(prefix) && String(text).includes(id));
  } catch {
    return [...memory.values()].some((text) => text.includes(id));
  }
}
