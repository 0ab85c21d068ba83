// The whole way of a person on the page: sign in, upload, pause, reload, resume, look, rename, download, delete, sign out.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream, mkdtempSync, openSync, rmSync, writeFileSync, writeSync, closeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { checkAccessibility, mail, password, root, startBrowser, startLocal, watch } from "./local.mjs";

const MiB = 2 ** 20;
let local, browser, folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "postern-files-"));
  local = await startLocal();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await local?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** textFile writes a text of size bytes, of which no two parts are alike. */
function textFile(name, size) {
  const path = join(folder, name);
  const file = openSync(path, "w");
  for (let at = 0, n = 0; at < size; n++) {
    const block = Buffer.alloc(Math.min(MiB, size - at), `block ${n}\n`);
    writeSync(file, block);
    at += block.length;
  }
  closeSync(file);
  return path;
}

async function sha256(stream) {
  const hash = createHash("sha256");
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest("hex");
}

async function signIn(page) {
  await page.goto(local.api + "/");
  await page.getByLabel("Mail").fill(mail);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Files" }).waitFor();
}

test("a person's whole way", { timeout: 240_000 }, async () => {
  const page = await (await browser.newContext()).newPage();
  const faults = watch(page, [local.api], ["401"]);
  const parts = []; // numbers of the parts that S3 stored
  page.on("requestfinished", async (request) => {
    const number = new URL(request.url()).searchParams.get("partNumber");
    if (number && request.method() === "PUT" && (await request.response())?.status() === 200) parts.push(number);
  });

  await page.goto(local.api + "/");
  await checkAccessibility(page, "signing in");
  await page.getByLabel("Mail").fill(mail);
  await page.getByLabel("Password").fill("a wrong password");
  await page.getByRole("button", { name: "Sign in" }).click();
  assert.match(await page.getByRole("alert").textContent(), /wrong/);
  await signIn(page);
  await checkAccessibility(page, "nothing uploaded");

  // Three files, of which one is so large that it goes in parts. S3 gets the first four, and the others wait.
  const large = textFile("large.txt", 300 * MiB);
  const held = (url) => Number(url.searchParams.get("partNumber")) > 4;
  await page.route(held, () => {});
  await page.getByLabel("Files to upload").setInputFiles([large, join(root, "local/clip/clip.mp4"), textFile("small ö 🎬.txt", 1000)]);
  await page.getByText("2 of 3 done").waitFor();
  await checkAccessibility(page, "uploading");
  while (parts.length < 4) await page.waitForTimeout(50);
  await page.getByRole("button", { name: "Pause large.txt" }).click();
  await page.getByText("paused").waitFor();
  await page.unroute(held);

  await page.reload();
  await page.getByRole("heading", { name: "Uploads" }).waitFor();
  const input = page.getByLabel("The file large.txt");
  await input.setInputFiles(large);
  await page.getByText("1 of 1 done").waitFor({ timeout: 60_000 });
  // A browser tells of an answer some time after the page has read it.
  for (let n = 0; n < 100 && parts.length < 19; n++) await page.waitForTimeout(50);
  assert.deepEqual(parts.length, new Set(parts).size, `parts sent twice: ${parts}`);
  assert.equal(parts.length, 19, "parts of 16 MiB");

  // What is stored: seen, played, renamed, downloaded.
  const clip = page.getByRole("listitem").filter({ hasText: "clip.mp4" });
  await clip.getByRole("button", { name: "View" }).click();
  const video = page.locator("dialog video");
  await video.waitFor();
  await checkAccessibility(page, "viewing");
  await page.getByRole("button", { name: "Close" }).click();
  await clip.getByRole("button", { name: "Rename" }).click();
  await page.getByLabel("New title of clip.mp4").fill("A short film");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("A short film").waitFor();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download large.txt" }).click(),
  ]);
  assert.equal(download.suggestedFilename(), "large.txt");
  assert.equal(await sha256(await download.createReadStream()), await sha256(createReadStream(large)));

  // Deleted only after a question.
  await page.getByRole("button", { name: "Delete large.txt" }).click();
  await checkAccessibility(page, "asking");
  await page.getByRole("button", { name: "Keep" }).click();
  await page.getByRole("button", { name: "Delete large.txt" }).click();
  await page.locator("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete large.txt" }).waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a refused file says why, before a byte is sent or after it was inspected", { timeout: 60_000 }, async () => {
  const page = await (await browser.newContext()).newPage();
  const faults = watch(page, [local.api], ["415"]);
  await signIn(page);
  const disguised = join(folder, "not a film.mp4");
  writeFileSync(disguised, "MZ this is a program");
  await page.getByLabel("Files to upload").setInputFiles([textFile("program.exe", 10), disguised]);
  assert.match(await page.getByRole("alert").textContent(), /program\.exe" is not supported/);
  await page.getByText("The content is not of the format that its name says").first().waitFor();
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a name cannot become part of the page", { timeout: 60_000 }, async () => {
  const page = await (await browser.newContext()).newPage();
  const faults = watch(page, [local.api]);
  await signIn(page);
  const names = ["<img src=x onerror=alert(1)>.txt", '"><script>alert(1)<_script>.txt', "‮gpj.txt", "a".repeat(251) + ".txt"];
  await page.getByLabel("Files to upload").setInputFiles(names.map((name) => ({ name, mimeType: "text/plain", buffer: Buffer.from("text") })));
  await page.getByText("4 of 4 done").waitFor();
  for (const name of names) await page.getByText(name, { exact: true }).first().waitFor();
  assert.equal(await page.locator("main img, main script").count(), 0);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the API has a page that can be read", { timeout: 60_000 }, async () => {
  const page = await (await browser.newContext()).newPage();
  const faults = watch(page, [local.api]);
  await page.goto(local.api + "/");
  await page.getByRole("link", { name: "The API" }).click();
  await page.getByRole("link", { name: "POST /uploads", exact: true }).click();
  const section = page.locator("#createUpload");
  await section.getByRole("link", { name: "UploadOrBatch" }).click();
  await page.locator("#UploadRequest").getByText("checksum is the SHA-256").first().waitFor();
  await checkAccessibility(page, "the API", ["header", "#createUpload", "#UploadRequest"]);
  const { paths, components } = await (await page.request.get(local.api + "/openapi.json")).json();
  const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  const sections = await page.locator("section section").evaluateAll((all) => all.map(({ id }) => id));
  assert.deepEqual(sections.toSorted(), [...ids, ...Object.keys(components.schemas)].toSorted());
  const targets = await page.locator("main a").evaluateAll((all) => all.map(({ hash }) => hash.slice(1)));
  assert.deepEqual(targets.filter((id) => !sections.includes(id)), [], "links that lead nowhere");
  await page.getByRole("link", { name: "Page" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  assert.deepEqual(faults, []);
  await page.context().close();
});
