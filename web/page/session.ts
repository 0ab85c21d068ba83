import { type Access, PosternError, usage } from "../client/postern.ts";
import { end, finish, renew, type Tokens } from "./provider.ts";
import { forget, recall, remember } from "./storage.ts";

/** The API that this page belongs to. */
export const api = location.origin + "/api";

/** A Session is somebody who is signed in: with the header of a password, or with a provider's tokens. */
type Session = { basic: string } | Tokens;

const storageKey = "postern session";

/** How long before its end a token is renewed, in milliseconds. */
const early = 10_000;

let session: Session | null = JSON.parse(recall(storageKey) ?? "null");

function begin(begun: Session): void {
  session = begun;
  remember(storageKey, JSON.stringify(begun)); // where that is forbidden, one signs in again after a reload
}

/** isSignedIn reports whether somebody is. */
export const isSignedIn = (): boolean => session !== null;

/** access returns what calls of the API need. */
export const access = (signal?: AbortSignal): Access => ({ api, authorization, signal });

/** authorization returns the header for the API. A token that ends soon, or that the API refused, is renewed. */
async function authorization(refused?: string): Promise<string> {
  if (!session) return "";
  if ("basic" in session) return session.basic;
  const header = bearer(session);
  const isOver = Date.now() > session.until;
  if (!session.refresh || (header !== refused && Date.now() < session.until - early)) return header;
  try {
    return bearer(await renewed(session));
  } catch (error) {
    if (!isOver && header !== refused && error instanceof PosternError && error.temporary) return header;
    throw error;
  }
}

const bearer = ({ token }: Tokens) => `Bearer ${token}`;

let renewing: Promise<Tokens> | undefined;

/** renewed renews tokens, once for all who ask at the same time: what renews them is good once. */
function renewed(old: Tokens): Promise<Tokens> {
  renewing ??= renew(old)
    .then((tokens) => {
      if (session === old) begin(tokens); // else somebody signed out
      return tokens;
    })
    .finally(() => (renewing = undefined));
  return renewing;
}

/** signIn tries a mail and a password. It fails with a PosternError that says what is wrong. */
export async function signIn(mail: string, password: string): Promise<void> {
  const basic = "Basic " + base64(`${mail.trim()}:${password}`);
  await check(() => basic, "Mail or password is wrong.");
  begin({ basic });
}

/** signInBack ends a sign-in that comes from the provider. It fails as signIn does. */
export async function signInBack(): Promise<void> {
  const tokens = await finish();
  await check(() => bearer(tokens), "You are signed in, but this API does not take your sign-in: tell the people who run it.");
  begin(tokens);
}

/** check has the API look at an authorization, and says what is wrong with one that it refuses. */
async function check(authorization: () => string, wrong: string): Promise<void> {
  try {
    await usage({ api, authorization });
  } catch (error) {
    if (error instanceof PosternError && error.status === 401) throw new PosternError("unauthorized", wrong, { status: 401 });
    throw error;
  }
}

/** leave forgets who is signed in. */
export function leave(): void {
  session = null;
  forget(storageKey);
}

/** signOut forgets who is signed in, and has the provider forget it, too. */
export function signOut(): void {
  const was = session;
  leave();
  if (was && "token" in was) void end(was).catch(() => {}); // here nobody is signed in any more, whatever comes of it
}

/** base64 encodes the UTF-8 of a text: RFC 7617, section 2.1. */
const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
