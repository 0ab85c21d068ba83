// Signing in by the stage's provider: authorization code with PKCE, renewal, signing out, and all that can be wrong with it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { checkAccessibility, mail, password, startBrowser, startLocal, watch } from "./local.mjs";

const MiB = 2 ** 20;
let local, browser;

before(async () => {
  local = await startLocal();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await local?.stop();
});

/** open opens the page in a browser of its own, and watches it. allowed are texts of errors that a test provokes. */
async function open(allowed = [], address = local.api + "/") {
  const page = await (await browser.newContext()).newPage();
  const faults = watch(page, [local.api], allowed);
  await page.goto(address);
  return { page, faults, close: () => page.context().close() };
}

/** continueWith goes to the provider's page. */
async function continueWith(page) {
  await page.getByRole("button", { name: "Continue with 127.0.0.1" }).click();
  await page.getByRole("heading", { name: "Sign in to stage local" }).waitFor();
}

/** signIn signs in by the provider. lifetime is how long each token is good, in seconds. */
async function signIn(page, { as = mail, lifetime = 3600 } = {}) {
  await continueWith(page);
  await page.getByLabel("Mail").fill(as);
  await page.getByLabel("Seconds").fill(String(lifetime));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Files" }).waitFor();
}

const alert = (page) => page.getByRole("alert").textContent();

/** grants collects the kinds of grant for which the page gets tokens. */
function grants(page) {
  const all = [];
  page.on("request", (request) => request.url().endsWith("/issuer/token") && all.push(new URLSearchParams(request.postData()).get("grant_type")));
  return all;
}

const upload = (page, name) => page.getByLabel("Files to upload").setInputFiles([{ name, mimeType: "text/plain", buffer: Buffer.from("text") }]);

test("both ways lead to the same files, and signing out ends the session", { timeout: 120_000 }, async () => {
  const { page, faults, close } = await open();
  await checkAccessibility(page, "signing in");
  await continueWith(page);
  await checkAccessibility(page, "the issuer's page");
  await page.goBack();
  await signIn(page);
  assert.equal(new URL(page.url()).search, "", "the code is left in the address");
  await upload(page, "by token.txt");
  await page.getByText("1 of 1 done").waitFor();
  await page.reload();
  await page.getByText("by token.txt").waitFor();

  const kept = await page.evaluate(() => JSON.stringify({ ...sessionStorage }) + JSON.stringify({ ...localStorage }) + document.cookie);
  const { refresh } = JSON.parse(JSON.parse(/^\{.*?\}(?=\{)/.exec(kept)[0])["postern session"]);
  assert.match(refresh, /^[0-9a-f]{64}$/);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(local.api + "/");
  await page.getByRole("button", { name: "Continue with" }).waitFor();
  assert.deepEqual(await page.evaluate(() => [sessionStorage.length, localStorage.length]), [0, 0]);
  const form = { grant_type: "refresh_token", client_id: "postern", refresh_token: refresh };
  assert.equal((await page.request.post(local.origin + "/issuer/token", { form })).status(), 400, "the session goes on at the issuer");

  await page.getByLabel("Mail").fill(mail);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("by token.txt").waitFor();
  assert.deepEqual(faults, []);
  await close();
});

test("the page has another name than the issuer, so its policy and CORS must let it", { timeout: 60_000 }, async () => {
  const address = local.api.replace("127.0.0.1", "localhost") + "/";
  const { page, faults, close } = await open(["request to localhost"], address);
  await signIn(page, { as: "elsewhere@example.com" });
  assert.equal(page.url(), address);
  await upload(page, "from elsewhere.txt");
  await page.getByText("1 of 1 done").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(address);
  assert.deepEqual(faults, []);
  await close();
});

test("tokens are renewed before they end, and nobody notices", { timeout: 60_000 }, async () => {
  const { page, faults, close } = await open();
  const given = grants(page);
  await signIn(page, { as: "renewing@example.com", lifetime: 12 });
  await page.waitForTimeout(3000); // from ten seconds before the end they are renewed
  await upload(page, "late.txt");
  await page.getByText("1 of 1 done").waitFor();
  assert.equal(given[0], "authorization_code");
  assert.ok(given.length > 1 && given.slice(1).every((kind) => kind === "refresh_token"), given.join(" "));
  assert.deepEqual(faults, []);
  await close();
});

test("an upload goes on whose token ends in the middle", { timeout: 240_000 }, async (t) => {
  const { page, faults, close } = await open(["401"]);
  const given = grants(page);
  // The page believes that the token lives long, as with a clock that was set back. The API knows better.
  await page.route(local.origin + "/issuer/token", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), expires_in: 3600 } });
  });
  await signIn(page, { as: "expiring@example.com", lifetime: 1 });
  let refused = 0;
  page.on("response", (response) => response.status() === 401 && refused++);
  // The first four parts take half of the time, the others the rest. The API takes a token for 60 seconds longer, for clocks
  // that differ, and the module gives up a part that does not move for 60 seconds.
  const parts = [];
  await page.route((url) => url.searchParams.has("partNumber"), async (route) => {
    parts.push(new URL(route.request().url()).searchParams.get("partNumber"));
    await new Promise((resolve) => setTimeout(resolve, 32_000));
    await route.continue();
  });
  const folder = mkdtempSync(join(tmpdir(), "postern-files-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "long.txt"), Buffer.alloc(90 * MiB, "text\n"));
  await page.getByLabel("Files to upload").setInputFiles(join(folder, "long.txt"));
  await page.getByText("1 of 1 done").waitFor({ timeout: 150_000 });
  assert.ok(refused > 0, "no token was refused");
  assert.ok(given.includes("refresh_token"), given.join(" "));
  assert.equal(new Set(parts).size, parts.length, `parts sent twice: ${parts}`);
  assert.deepEqual(faults, []);
  await close();
});

test("a session that the provider has ended asks to sign in again", { timeout: 60_000 }, async () => {
  const { page, faults, close } = await open(["400"]);
  await signIn(page, { as: "ended@example.com" });
  // The token is over, and what renews it is revoked.
  const kept = JSON.parse(await page.evaluate(() => sessionStorage.getItem("postern session")));
  await page.request.post(local.origin + "/issuer/revoke", { form: { token: kept.refresh } });
  await page.evaluate((text) => sessionStorage.setItem("postern session", text), JSON.stringify({ ...kept, until: 0 }));
  await page.reload();
  await page.getByText("Sign in again to go on").waitFor();
  await checkAccessibility(page, "signed out");
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await signIn(page, { as: "ended@example.com" });
  assert.deepEqual(faults, []);
  await close();
});

test("what comes back wrong is refused in words", { timeout: 120_000 }, async (t) => {
  const back = (query) => `${local.api}/?${new URLSearchParams(query)}`;
  const issuer = local.origin + "/issuer";
  for (const [name, alter, words] of [
    ["cancelled", async (page) => page.getByRole("button", { name: "Cancel" }).click(), /cancelled/],
    ["another state", async (page) => page.goto(back({ code: "x", state: "x", iss: issuer })), /does not belong to this sign-in/],
    ["no state", async (page) => page.goto(back({ code: "x", iss: issuer })), /does not belong to this sign-in/],
    ["another issuer", async (page, state) => page.goto(back({ code: "x", state, iss: "https://evil.example.com" })), /does not belong to this sign-in/],
    ["no issuer", async (page, state) => page.goto(back({ code: "x", state })), /does not belong to this sign-in/],
    ["a made-up code", async (page, state) => page.goto(back({ code: "x", state, iss: issuer })), /took too long, or was used before/],
    ["an error", async (page, state) => page.goto(back({ error: "server_error", error_description: "Call 555", state, iss: issuer })), /refuses the sign-in: server_error\.$/],
    ["an error of somebody's own", async (page, state) => page.goto(back({ error: "<b>Call 555</b>", state, iss: issuer })), /refuses the sign-in\.$/],
  ])
    await t.test(name, async () => {
      const { page, faults, close } = await open(["400"]);
      await continueWith(page);
      await alter(page, new URL(page.url()).searchParams.get("state"));
      assert.match(await alert(page), words);
      await checkAccessibility(page, name);
      assert.equal(new URL(page.url()).search, "");
      assert.equal(await page.evaluate(() => sessionStorage.length), 0);
      assert.equal(await page.getByRole("heading", { name: "Files" }).count(), 0);
      assert.deepEqual(faults, []);
      await close();
    });

  await t.test("a sign-in of another tab", async () => {
    const { page, faults, close } = await open([], back({ code: "x", state: "x", iss: issuer }));
    assert.match(await alert(page), /not begun in this tab/);
    assert.deepEqual(faults, []);
    await close();
  });

  await t.test("an ID token for another sign-in", async () => {
    const { page, faults, close } = await open();
    await continueWith(page);
    const url = new URL(page.url());
    url.searchParams.set("nonce", "x");
    await page.goto(url.href);
    await page.getByRole("button", { name: "Sign in" }).click();
    assert.match(await alert(page), /does not belong to this sign-in/);
    assert.deepEqual(faults, []);
    await close();
  });
});

test("a provider that does not work is named, and the page goes on", { timeout: 120_000 }, async (t) => {
  const discovery = local.origin + "/issuer/.well-known/openid-configuration";
  for (const [name, answer, words] of [
    ["down", (route) => route.abort(), /does not answer/],
    ["500", (route) => route.fulfill({ status: 500, body: "" }), /cannot sign anybody in at present/],
    ["HTML", (route) => route.fulfill({ contentType: "text/html", body: "<h1>Maintenance</h1>" }), /cannot sign anybody in at present/],
    ["another issuer's", (route) => route.fulfill({ json: { issuer: "https://evil.example.com", authorization_endpoint: "https://evil.example.com" } }), /cannot sign anybody in at present/],
    ["no endpoint", (route) => route.fulfill({ json: { issuer: local.origin + "/issuer" } }), /cannot sign anybody in at present/],
  ])
    await t.test(name, async () => {
      const { page, faults, close } = await open(["Failed to load resource"]);
      await page.route(discovery, answer);
      await page.getByRole("button", { name: "Continue with" }).click();
      assert.match(await alert(page), words);
      await checkAccessibility(page, name);
      await page.unroute(discovery);
      await signIn(page, { as: "patient@example.com" });
      assert.deepEqual(faults, []);
      await close();
    });
});

test("a provider at the server's own machine is not shown to others", { timeout: 60_000 }, async () => {
  const { page, close } = await open();
  await page.getByRole("button", { name: "Continue with" }).waitFor();
  const config = await page.locator('meta[name="sign-in"]').getAttribute("content");
  assert.equal(JSON.parse(config).provider.issuer, local.origin + "/issuer");
  await page.route("http://uploads.example.com/**", async (route) => {
    const { pathname } = new URL(route.request().url());
    await route.fulfill({ response: await route.fetch({ url: local.origin + pathname, headers: { host: new URL(local.origin).host } }) });
  });
  await page.goto("http://uploads.example.com/api/");
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Continue with" }).count(), 0);
  await close();
});
