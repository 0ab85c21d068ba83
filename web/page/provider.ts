import * as oauth from "oauth4webapi";
import { PosternError } from "../client/postern.ts";
import { forget, recall, remember } from "./storage.ts";

/** How people sign in on this page. The site function writes it into the page. */
interface Config {
  basic: boolean;
  provider?: {
    issuer: string;
    clientId: string;
    scope: string;
    /** Whom the access token must be for, which is then sent. Without it, the ID token is. */
    audience?: string;
  };
}

/** What a provider gave to somebody who signed in. */
export interface Tokens {
  /** The token that the API gets. */
  token: string;
  /** Who signed in: the provider wants to see it when they sign out. */
  idToken?: string;
  /** What the token is renewed with. */
  refresh?: string;
  /** When the token ends, in milliseconds since 1970. */
  until: number;
}

const config: Config = JSON.parse(document.querySelector<HTMLMetaElement>('meta[name="sign-in"]')?.content || '{"basic":true}');

const isHere = (hostname: string) => hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");

// An issuer at the server's own machine is of no use to a browser on another one.
const provider = config.provider && isHere(new URL(config.provider.issuer).hostname) && !isHere(location.hostname) ? undefined : config.provider;

/** Whether people may sign in with mail and password. */
export const takesPasswords = config.basic;

/** The name of the provider's server, or "" if the stage has none. */
export const providerName = provider ? new URL(provider.issuer).host : "";

/** Where a sign-in under way is kept: what must come back with it. */
const storageKey = "postern sign-in";

interface Begun {
  state: string;
  nonce: string;
  verifier: string;
}

// The address to which the provider sends people back, this page's. The provider has to know it.
const redirectURI = location.origin + "/api/";

const options = {
  // The template allows http for an issuer at one's own machine only.
  [oauth.allowInsecureRequests]: provider?.issuer.startsWith("http:") ?? false,
  [oauth.customFetch]: (url: string, init: RequestInit) =>
    fetch(url, { ...init, credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(30_000) }).catch(() => {
      throw new PosternError("unreachable", `${providerName} does not answer. Check the network, and try again later.`, { temporary: true });
    }),
};

// This machine's clock may be wrong by ten minutes. The API looks at the token's times itself.
const client: oauth.Client = { client_id: provider?.clientId ?? "", [oauth.clockTolerance]: 600 };

type Server = oauth.AuthorizationServer & { authorization_endpoint: string };

let discovered: Promise<Server> | undefined;

/** discover returns what the provider says of itself. It is asked once, or again after it failed. */
function discover(): Promise<Server> {
  discovered ??= ask().catch((error) => {
    discovered = undefined;
    throw error instanceof PosternError ? error : outOfOrder();
  });
  return discovered;
}

async function ask(): Promise<Server> {
  const issuer = new URL(provider!.issuer);
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options));
  if (!server.authorization_endpoint) throw outOfOrder();
  return server as Server;
}

const outOfOrder = () => new PosternError("unreachable", `${providerName} cannot sign anybody in at present. Try again later.`, { temporary: true });

/** begin leaves this page for the provider's. */
export async function begin(): Promise<void> {
  const { authorization_endpoint } = await discover();
  const begun: Begun = { state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce(), verifier: oauth.generateRandomCodeVerifier() };
  if (!remember(storageKey, JSON.stringify(begun)))
    throw new PosternError("storage_forbidden", "This browser lets the page store nothing, so one cannot sign in there. Allow site data for this page.");
  const url = new URL(authorization_endpoint);
  const parameters = {
    response_type: "code",
    client_id: provider!.clientId,
    redirect_uri: redirectURI,
    scope: provider!.scope,
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(begun.verifier),
    code_challenge_method: "S256",
    ...(provider!.audience && { audience: provider!.audience }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  location.assign(url);
}

/** cameBack reports whether the browser comes from the provider. */
export const cameBack = (): boolean => providerName !== "" && /[?&](code|error)=/.test(location.search);

/** finish ends a sign-in that came back. It fails with a PosternError that says what is wrong. */
export async function finish(): Promise<Tokens> {
  const result = new URL(location.href).searchParams;
  // The code is good once, and is nobody's business: it does not stay in the address and the history.
  history.replaceState(null, "", location.pathname);
  const begun: Begun | null = JSON.parse(recall(storageKey) ?? "null");
  forget(storageKey);
  if (!begun) throw new PosternError("unauthorized", "This sign-in was not begun in this tab. Sign in again.");
  const server = await discover();
  try {
    const good = oauth.validateAuthResponse(server, client, result, begun.state);
    const answer = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), good, redirectURI, begun.verifier, options);
    return read(await oauth.processAuthorizationCodeResponse(server, client, answer, { expectedNonce: begun.nonce, requireIdToken: true }));
  } catch (error) {
    throw problem(error);
  }
}

function read(answer: oauth.TokenEndpointResponse, before?: Tokens): Tokens {
  const token = provider!.audience ? answer.access_token : answer.id_token;
  if (!token) throw problem(undefined);
  return {
    token,
    idToken: answer.id_token ?? before?.idToken,
    refresh: answer.refresh_token ?? before?.refresh,
    until: Date.now() + (answer.expires_in ?? 300) * 1000,
  };
}

/** renew returns new tokens. It fails with the status 401 if the provider gives none, since the sign-in has ended. */
export async function renew(tokens: Tokens): Promise<Tokens> {
  const server = await discover();
  try {
    const answer = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh!, options);
    return read(await oauth.processRefreshTokenResponse(server, client, answer), tokens);
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError && error.status < 429)
      throw new PosternError("unauthorized", "Your sign-in has ended. Sign in again.", { status: 401 });
    throw problem(error);
  }
}

/** end has the provider forget the sign-in: what renews it, and its own session, for which the browser leaves this page. */
export async function end(tokens: Tokens): Promise<void> {
  const server = await discover();
  if (tokens.refresh && server.revocation_endpoint)
    await oauth.revocationRequest(server, client, oauth.None(), tokens.refresh, options).catch(() => {}); // it ends by itself, later
  if (!server.end_session_endpoint) return;
  const url = new URL(server.end_session_endpoint);
  url.searchParams.set("client_id", provider!.clientId);
  url.searchParams.set("post_logout_redirect_uri", redirectURI);
  if (tokens.idToken) url.searchParams.set("id_token_hint", tokens.idToken);
  location.assign(url);
}

/** problem says in words for people what went wrong with the provider. What others wrote into an address is not repeated. */
function problem(error: unknown): PosternError {
  if (error instanceof PosternError) return error;
  if (error instanceof oauth.AuthorizationResponseError) {
    if (error.error === "access_denied") return new PosternError("unauthorized", "The sign-in was cancelled, or you may not sign in here.");
    return new PosternError("unauthorized", `${providerName} refuses the sign-in${/^[a-z_]{1,40}$/.test(error.error) ? `: ${error.error}` : ""}.`);
  }
  if (error instanceof oauth.ResponseBodyError && error.status < 429) return new PosternError("unauthorized", "This sign-in took too long, or was used before. Sign in again.");
  const { code, status } = (error ?? {}) as { code?: string; status?: number };
  const unreadable: unknown[] = [oauth.RESPONSE_IS_NOT_CONFORM, oauth.RESPONSE_IS_NOT_JSON, oauth.PARSE_ERROR];
  if ((status ?? 0) >= 429 || unreadable.includes(code)) return outOfOrder();
  return new PosternError("unauthorized", `What came back from ${providerName} does not belong to this sign-in. Sign in again.`);
}
