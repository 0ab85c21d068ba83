// What lives as long as the tab. Other tabs and other sites do not see it. A browser may forbid it: then it is in memory alone.

/** remember stores a text, and reports whether it could. */
export function remember(key: string, text: string): boolean {
  try {
    sessionStorage.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}

/** recall returns a text that was stored, or null. */
export function recall(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

/** forget removes what was stored. */
export function forget(key: string): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // Nothing was stored.
  }
}
