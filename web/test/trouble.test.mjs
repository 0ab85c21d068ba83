// What goes wrong in a browser while a file is on its way: the module, on a page of another origin.
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { text } from "./bytes.mjs";
import { basic, loadModule, sha256, site, startBrowser, startLocal, startPages, stored as storedOf, watch } from "./local.mjs";

const MiB = 2 ** 20;
const size = 33 * MiB; // three parts
const whole = sha256(text(size));
let local, browser, pages, folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "postern-files-"));
  local = await startLocal();
  pages = await startPages({ site });
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await pages?.stop();
  await local?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const access = (authorization = basic) => ({ api: local.api, authorization: () => authorization });
const stored = (id) => storedOf(id, access());

/** open opens a page whose person has chosen a file on the disk. before is done to the page first. */
async function open({ allowed = [], path = file("large.txt"), before = () => {} } = {}) {
  const page = await (await browser.newContext()).newPage();
  const faults = watch(page, [local.api, pages.origin], allowed);
  await before(page);
  await page.goto(pages.origin + "/");
  await page.setContent('<link rel="icon" href="data:,"><input type="file">');
  await page.setInputFiles("input", path);
  await page.evaluate(
    async ({ api, authorization }) => {
      window.postern = await import("/site/postern.js");
      window.options = { api, authorization: () => authorization, onBegin: (begun) => (window.begun = begun), onProgress: (sent) => (window.sent = sent) };
      /** settle returns what a promise came to, in what a page can hand to its test. */
      window.settle = (promise) => promise.then(({ id }) => ({ id }), ({ code, message }) => ({ code, message }));
      window.start = (options) => (window.done = window.settle(window.postern.upload(document.querySelector("input").files[0], { ...window.options, ...options })));
    },
    { api: local.api, authorization: basic },
  );
  return { page, faults };
}

function file(name, bytes = text(size)) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const isPart = (url) => url.searchParams.has("partNumber");
const start = (page, options) => page.evaluate((options) => void window.start(options), options);
const result = (page) => page.evaluate(() => window.done);

/** hold keeps the requests of parts back. It returns how many wait, and what lets them and all others go. */
async function hold(page, isHeld = () => true) {
  const held = [];
  let released = false;
  await page.route(isPart, (route) => (released || !isHeld(new URL(route.request().url())) ? route.fallback() : held.push(route)));
  return {
    held,
    release() {
      released = true;
      return Promise.all(held.map((route) => route.fallback().catch(() => {})));
    },
  };
}

async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

for (const [what, change] of [["changed", (path) => appendFileSync(path, "more")], ["deleted", unlinkSync]])
  test(`a file that is ${what} in the middle is asked for again`, { timeout: 60_000 }, async () => {
    const path = file(`${what}.txt`);
    const { page } = await open({ path, allowed: ["ERR_UPLOAD_FILE_CHANGED", "ERR_FILE_NOT_FOUND"] });
    const { held, release } = await hold(page);
    await start(page, { concurrency: 1 });
    await until(() => held.length > 0);
    change(path);
    await release();
    const { code, message } = await result(page);
    assert.equal(code, "file_changed");
    assert.match(message, /choose it again/);
    await page.context().close();
  });

test("without a network an upload waits, and then goes on", { timeout: 60_000 }, async () => {
  const { page, faults } = await open({ allowed: ["ERR_INTERNET_DISCONNECTED"] });
  const { held, release } = await hold(page);
  await start(page);
  await until(() => held.length > 0);
  await page.context().setOffline(true);
  await release();
  const waited = await Promise.race([result(page), page.waitForTimeout(3000)]);
  assert.equal(waited, undefined, "it did not wait");
  await page.context().setOffline(false);
  assert.equal(await stored((await result(page)).id), whole);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a laptop that slept sends the parts again that do not move", { timeout: 60_000 }, async () => {
  const { page, faults } = await open({ before: (page) => page.clock.install() });
  const { held } = await hold(page, () => held.length < 3); // the first three are never answered
  await start(page);
  await until(() => held.length === 3);
  await page.clock.fastForward("00:02:00");
  assert.equal(await stored((await result(page)).id), whole);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a page that was open for a day signs anew before it sends", { timeout: 60_000 }, async () => {
  const { page, faults } = await open({ before: (page) => page.clock.install() });
  const sent = [];
  let calls = 0;
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/parts")) calls++;
    else if (isPart(new URL(request.url()))) sent.push(calls);
  });
  const { held, release } = await hold(page);
  await start(page, { concurrency: 1 });
  await until(() => held.length === 1);
  // The part on its way is given up after a minute without a move. By then the signatures of all are old.
  await page.clock.fastForward("24:00:00");
  await until(() => held.length === 2);
  await release();
  assert.equal(await stored((await result(page)).id), whole);
  assert.equal(sent[0], 1);
  assert.ok(sent.slice(1).every((after) => after > 1), `parts were sent by signatures of a day before: ${sent}`);
  assert.deepEqual(faults, []);
  await page.context().close();
});

// What a browser does to a page's storage: in private mode, by a setting, or when the disk is full.
const storages = {
  missing: () => Object.defineProperty(globalThis, "indexedDB", { value: undefined }),
  forbidden: () => (IDBFactory.prototype.open = () => { throw new DOMException("denied", "SecurityError"); }),
  full: () => (IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); }),
};
for (const [name, script] of Object.entries(storages))
  test(`a file arrives where the browser's storage is ${name}`, { timeout: 60_000 }, async () => {
    const { page, faults } = await open({ before: (page) => page.addInitScript(script) });
    await start(page);
    assert.equal(await stored((await result(page)).id), whole);
    assert.deepEqual(await page.evaluate((api) => window.postern.unfinished(api), local.api), []);
    assert.deepEqual(faults, []);
    await page.context().close();
  });

test("an origin that is not allowed is named as what may be wrong", { timeout: 60_000 }, async () => {
  const { page } = await open({ before: (page) => page.clock.install() }); // the attempts take a minute
  // The API's answers without the headers that let this page read them.
  await page.route(local.api + "/**", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, headers: { ...answer.headers(), "access-control-allow-origin": "https://app.example.com" } });
  });
  await start(page);
  let settled;
  const done = result(page).then((value) => (settled = value));
  for (let n = 0; n < 100 && !settled; n++) {
    await page.clock.fastForward(20_000);
    await page.waitForTimeout(100);
  }
  await done;
  assert.equal(settled.code, "unreachable");
  assert.match(settled.message, /origin may not be among the stage's allowedOrigins/);
  await page.context().close();
});

for (const [what, limit] of [["is too large", "max-size"], ["is over the quota", "quota"]])
  test(`a file that ${what} is refused before a byte is sent`, { timeout: 60_000 }, async () => {
    local.addUser(`${limit}@example.com`, "a long password", `--${limit}`, "1 MiB");
    const credentials = "Basic " + Buffer.from(`${limit}@example.com:a long password`).toString("base64");
    const { upload } = await loadModule();
    let sent = false;
    const large = new Blob([text(MiB + 1)]);
    await assert.rejects(upload(large, { ...access(credentials), filename: "a.txt", onProgress: () => (sent = true) }), { code: "payload_too_large", message: /must be 1 to 10485\d\d/ });
    assert.equal(sent, false);
  });

test("a user who was removed is told so by the first call", { timeout: 60_000 }, async () => {
  local.addUser("leaving@example.com", "a long password");
  local.removeUser("leaving@example.com");
  const { upload } = await loadModule();
  const gone = "Basic " + Buffer.from("leaving@example.com:a long password").toString("base64");
  await assert.rejects(upload(new Blob(["text"]), { ...access(gone), filename: "a.txt" }), { code: "unauthorized" });
});
