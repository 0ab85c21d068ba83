import { type Access, PosternError, usage } from "../client/postern.ts";

/** The API that this page belongs to. */
export const api = location.origin + "/api";

// The header lives as long as the tab. Other tabs and other sites do not see it.
const storageKey = "postern authorization";

let authorization = read();

function read(): string | null {
  try {
    return sessionStorage.getItem(storageKey);
  } catch {
    return null; // forbidden: it is kept in memory alone
  }
}

/** isSignedIn reports whether somebody is. */
export const isSignedIn = (): boolean => authorization !== null;

/** access returns what calls of the API need. */
export const access = (signal?: AbortSignal): Access => ({ api, authorization: () => authorization ?? "", signal });

/** signIn tries a mail and a password. It fails with a PosternError that says what is wrong. */
export async function signIn(mail: string, password: string): Promise<void> {
  const header = "Basic " + base64(`${mail.trim()}:${password}`);
  try {
    await usage({ api, authorization: () => header });
  } catch (error) {
    if (error instanceof PosternError && error.status === 401) throw new PosternError("unauthorized", "Mail or password is wrong.", { status: 401 });
    throw error;
  }
  authorization = header;
  try {
    sessionStorage.setItem(storageKey, header);
  } catch {
    // Forbidden: after a reload one signs in again.
  }
}

/** signOut forgets who is signed in. */
export function signOut(): void {
  authorization = null;
  try {
    sessionStorage.removeItem(storageKey);
  } catch {
    // Nothing was stored.
  }
}

/** base64 encodes the UTF-8 of a text: RFC 7617, section 2.1. */
const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
