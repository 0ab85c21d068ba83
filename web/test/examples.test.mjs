// The pages of docs/web.md, as a person uses them.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { text } from "./bytes.mjs";
import { basic, mail, password, root, sha256, site, startBrowser, startLocal, startPages, stored, watch } from "./local.mjs";

const examples = join(root, "web/examples");
let local, browser, pages, folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "postern-examples-"));
  local = await startLocal();
  for (const name of ["plain.html", "uppy.html", "backend.html", "backend.mjs"]) writeFileSync(join(folder, name), source(name));
  writeFileSync(join(folder, "react.html"), '<!doctype html><meta charset="utf-8"><body><script type="module" src="react.js"></script>');
  cpSync(join(site, "postern-worker.js"), join(folder, "postern-worker.js"));
  pages = await startPages({ pages: folder });
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await pages?.stop();
  await local?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** source returns a sample that calls the local run. */
const source = (name) => readFileSync(join(examples, name), "utf8").replaceAll("http://127.0.0.1:8080/api", local.api);

/** bundle makes of a sample what a team's own bundler would. packages is a folder of the tests that has the sample's packages. */
async function bundle(name, contents, packages = ".") {
  await build({
    stdin: { contents, resolveDir: examples, loader: "jsx" },
    bundle: true,
    format: "esm",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    nodePaths: [join(root, "web/test", packages, "node_modules"), join(root, "web/test/node_modules")],
    plugins: [{ name: "site", setup: ({ onResolve }) => onResolve({ filter: /^\.\/postern/ }, ({ path }) => ({ path: join(site, path) })) }],
    outfile: join(folder, name),
    logLevel: "warning",
  });
}

/** use opens a page, fills in its form, and compares what is stored. */
async function use(address, cookie) {
  const context = await browser.newContext();
  if (cookie) await context.addCookies([{ name: "session", value: cookie, url: address }]);
  const page = await context.newPage();
  const faults = watch(page, [local.api, pages.origin], ["404"]); // icons
  await page.goto(address);
  if (!cookie) {
    await page.getByLabel("Mail").fill(mail);
    await page.getByLabel("Password").fill(password);
  }
  await page.locator("input[type=file]").setInputFiles({ name: "numbers.csv", mimeType: "text/csv", buffer: Buffer.from(text(1000)) });
  await page.getByRole("button", { name: "Upload" }).click();
  const said = await page.locator("output", { hasText: /./ }).textContent();
  assert.match(said, /^Stored: /);
  assert.equal(await stored(said.slice("Stored: ".length), { api: local.api, authorization: () => basic }), sha256(text(1000)));
  assert.deepEqual(faults, []);
  await context.close();
}

test("plain HTML", { timeout: 60_000 }, () => use(`${pages.origin}/pages/plain.html`));

test("React", { timeout: 60_000 }, async () => {
  await bundle("react.js", source("react.jsx"));
  await use(`${pages.origin}/pages/react.html`);
});

for (const version of [4, 5, 6])
  test(`Uppy ${version}`, { timeout: 60_000 }, async () => {
    await bundle("uppy.js", source("uppy.js").replace("uppy5", `uppy${version}`), `uppy${version}`);
    await use(`${pages.origin}/pages/uppy.html`);
  });

test("a team's backend", { timeout: 60_000 }, async (t) => {
  local.addUser("backend@example.com", "a password of the backend", "--role", "service");
  const environment = { API: local.api, SERVICE_MAIL: "backend@example.com", SERVICE_PASSWORD: "a password of the backend", SESSION: "a-secret", PORT: "0" };
  const backend = spawn(process.execPath, [join(folder, "backend.mjs")], { env: environment, stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => backend.kill());
  const address = await new Promise((resolve) => backend.stdout.once("data", (line) => resolve(String(line).trim())));
  await use(address, "a-secret");
  const refused = await fetch(`${address}/uploads`, { method: "POST", headers: { "content-type": "application/json", cookie: "session=undefined" }, body: "{}" });
  assert.equal(refused.status, 401);
});
