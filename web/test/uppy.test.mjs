// Uppy 4, 5 and 6 as npm has them, driven by web/uppy, in Chromium, from a page of another origin.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { text } from "./bytes.mjs";
import { basic, loadModule, root, runNode, sha256, startBrowser, startLocal, startPages, stored, watch } from "./local.mjs";

const MiB = 2 ** 20;
const versions = [4, 5, 6];
let local, browser, pages, bundles, module;

before(async () => {
  bundles = mkdtempSync(join(tmpdir(), "postern-uppy-"));
  await Promise.all(versions.map(bundle));
  local = await startLocal({ LOG: "text" });
  module = await loadModule();
  const storage = await storageOrigin();
  const policy = `default-src 'none'; script-src 'self'; worker-src 'self'; img-src data:; connect-src ${local.origin} ${storage}`;
  pages = await startPages({ bundles, site: join(root, "dist/site") }, { "content-security-policy": policy });
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await pages?.stop();
  await local?.stop();
  rmSync(bundles, { recursive: true, force: true });
});

const access = () => ({ api: local.api, authorization: () => basic });

/** storageOrigin returns the origin of the bucket. */
async function storageOrigin() {
  const grant = await module.declare(new Blob(["a"]), { ...access(), filename: "a.txt" });
  return new URL(grant.url).origin;
}

/** bundle writes a script that makes what a page needs of one version of Uppy. */
async function bundle(version) {
  await build({
    stdin: {
      contents: `
        import AwsS3 from "@uppy/aws-s3";
        import Uppy from "@uppy/core";
        import GoldenRetriever from "@uppy/golden-retriever";
        import { awsS3 } from "../../uppy/v${version}.ts";
        export { text } from "../bytes.mjs";
        export function start(access, options) {
          const uppy = new Uppy();
          return uppy.use(AwsS3, { ...awsS3(uppy, access), ...options });
        }
        // By itself it keeps files up to 10 MiB.
        export const keep = (uppy) => uppy.use(GoldenRetriever, { indexedDB: { maxFileSize: 2 ** 30, maxTotalSize: 2 ** 30 } });`,
      resolveDir: join(root, `web/test/uppy${version}`),
    },
    bundle: true,
    format: "esm",
    target: "es2022",
    outfile: join(bundles, `uppy${version}.js`),
    logLevel: "warning",
  });
}

/** open opens a page with an uppy, whose user has the credentials window.credentials. */
async function open(version) {
  const page = await (await browser.newContext()).newPage();
  const allowed = [];
  const faults = watch(page, [local.api, pages.origin], allowed);
  const sent = []; // numbers of the parts that S3 stored
  const signed = []; // what the requests to S3 carried
  page.on("request", (request) => {
    const { searchParams } = new URL(request.url());
    if (searchParams.has("X-Amz-Signature")) signed.push({ method: request.method(), names: searchParams.get("X-Amz-SignedHeaders").split(";"), part: searchParams.get("partNumber"), uploadId: searchParams.get("uploadId"), path: new URL(request.url()).pathname });
  });
  page.on("requestfinished", async (request) => {
    const number = partOf(request);
    if (number && (await request.response())?.status() === 200) sent.push(number);
  });
  await page.goto(pages.origin + "/");
  await startUppy(page, version);
  return { page, allowed, faults, sent, signed };
}

/** startUppy gives a page its window.uppy, and what the tests call. */
async function startUppy(page, version) {
  await page.evaluate(
    async ({ version, api, credentials }) => {
      const { keep, start, text } = await import(`/bundles/uppy${version}.js`);
      Object.assign(window, { credentials, keep, text });
      // Waiting is for people: a test gives up sooner.
      window.uppy = start({ api, authorization: () => window.credentials }, version < 6 ? { retryDelays: [0, 50, 100] } : {});
      window.add = (name, size) => window.uppy.addFile({ name, type: "text/plain", data: new File([text(size)], name, { type: "text/plain" }) });
    },
    { version, api: local.api, credentials: basic },
  );
}

/** partOf returns the number of the part that a request sends, or 0. */
function partOf(request) {
  return request.method() === "PUT" ? Number(new URL(request.url()).searchParams.get("partNumber")) : 0;
}

/** refuse answers the first times requests that send a part with an error of S3. */
async function refuse(page, part, times, status, code, message = code) {
  let left = times;
  await page.route((url) => Number(url.searchParams.get("partNumber")) === part, async (route, request) => {
    if (request.method() !== "PUT" || left-- <= 0) return route.fallback();
    const headers = { "access-control-allow-origin": "*", "content-type": "application/xml" };
    await route.fulfill({ status, headers, body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>` });
  });
}

/** isKept reports, in a page, whether Golden Retriever has written the file and its multipart upload. */
async function isKept() {
  const answer = (request) => new Promise((resolve, reject) => ((request.onsuccess = () => resolve(request.result)), (request.onerror = reject)));
  const database = await answer(indexedDB.open("uppy-blobs"));
  try {
    const all = (name) => (database.objectStoreNames.contains(name) ? answer(database.transaction(name).objectStore(name).getAll()) : []);
    const [blobs, states] = [await all("files"), await all("metadata")];
    return blobs.length > 0 && (JSON.stringify(states) + JSON.stringify({ ...localStorage })).includes("uploadId");
  } finally {
    database.close();
  }
}

/** upload uploads all files that were added, and returns their ids and the errors. */
const upload = (page, retry = false) =>
  page.evaluate(async (retry) => {
    const { failed } = await (retry ? window.uppy.retryAll() : window.uppy.upload());
    return { ids: window.uppy.getFiles().map((file) => file.meta.posternId), errors: failed.map((file) => file.error) };
  }, retry);

/** areSent checks the numbers of the parts that S3 stored. A browser tells of an answer some time after the page has read it. */
async function areSent(sent, numbers) {
  for (let n = 0; n < 100 && sent.length < numbers.length; n++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(sent.toSorted(), numbers);
}

/** checkSigned checks what was signed of a multipart upload's requests, and that S3 logged the upload as one. */
function checkSigned(requests) {
  const parts = requests.filter(({ part }) => part);
  const create = requests.find(({ method, uploadId }) => method === "POST" && uploadId === null);
  const completion = requests.findLast(({ method, uploadId }) => method === "POST" && uploadId !== null);
  for (const { names, part } of parts) assert.ok(names.includes("content-length"), `part ${part} is signed without its length`);
  for (const name of ["x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-tagging"]) assert.ok(create.names.includes(name), `creation: ${name}`);
  for (const name of ["if-none-match", "x-amz-checksum-crc64nvme", "x-amz-mp-object-size"]) assert.ok(completion.names.includes(name), `completion: ${name}`);
  for (const number of [1, 2, 3, 4]) assert.ok(local.log().includes(`${completion.path}/parts/${number}`), `S3 has not logged part ${number}`);
}

const is = async (id, size) => assert.equal(await stored(id, access()), sha256(text(size)));

test("the options are those of Uppy's types", { timeout: 120_000 }, async () => {
  const check = (version) => runNode(join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, `web/test/uppy${version}`));
  await Promise.all(versions.map(check));
});

for (const version of versions)
  test(`Uppy ${version}`, { timeout: 120_000 }, async (t) => {
    const scenario = (name, body) =>
      t.test(name, async () => {
        const opened = await open(version);
        await body(opened);
        assert.deepEqual(opened.faults, []);
        await opened.page.context().close();
      });

    await scenario("small files, and one that is refused", async ({ page, allowed }) => {
      await page.evaluate(() => [window.add("a.txt", 1000), window.add("ü 🎬.txt", 2000)]);
      const { ids, errors } = await upload(page);
      assert.deepEqual(errors, []);
      await is(ids[0], 1000);
      await is(ids[1], 2000);
      assert.equal((await module.get(ids[1], access())).filename, "ü 🎬.txt");
      allowed.push("415", "a.exe");
      await page.evaluate(() => window.add("a.exe", 10));
      assert.match((await upload(page)).errors[0], /a\.exe/);
    });

    await scenario("60 MiB, of which a part fails twice and a signature expires", async ({ page, allowed, sent, signed }) => {
      allowed.push("503", "403", "x-amz-error-code"); // the last is a header that Uppy 6 asks for
      await refuse(page, 2, 2, 503, "SlowDown");
      await refuse(page, 3, 1, 403, "AccessDenied", "Request has expired");
      await page.evaluate((size) => window.add("large.txt", size), 60 * MiB);
      let { ids, errors } = await upload(page);
      if (version === 6) {
        assert.match(errors[0], /403/); // it signs anew only when a person retries
        ({ ids, errors } = await upload(page, true));
      }
      assert.deepEqual(errors, []);
      await is(ids[0], 60 * MiB);
      await areSent(sent, [1, 2, 3, 4]);
      checkSigned(signed);
    });

    await scenario("paused and resumed, no part is sent twice", async ({ page, sent }) => {
      const held = (url) => Number(url.searchParams.get("partNumber")) > 1;
      await page.route(held, () => {});
      await page.evaluate((size) => {
        window.add("large.txt", size);
        window.done = window.uppy.upload();
      }, 33 * MiB);
      while (sent.length < 1) await page.waitForTimeout(20);
      await page.evaluate(() => window.uppy.pauseAll());
      await page.unroute(held);
      await page.evaluate(() => window.uppy.resumeAll());
      const { id, errors } = await page.evaluate(async () => ({ errors: (await window.done).failed.map((file) => file.error), id: window.uppy.getFiles()[0].meta.posternId }));
      assert.deepEqual(errors, []);
      await is(id, 33 * MiB);
      await areSent(sent, [1, 2, 3]);
    });

    await scenario("reloaded in the middle, Golden Retriever brings it back", async ({ page, sent }) => {
      const held = (url) => Number(url.searchParams.get("partNumber")) > 1;
      await page.route(held, () => {});
      await page.evaluate((size) => {
        window.keep(window.uppy);
        window.add("large.txt", size);
        window.uppy.upload();
      }, 33 * MiB);
      while (sent.length < 1) await page.waitForTimeout(20);
      // It writes some time later. What is not written at the reload is lost, and then the file is uploaded anew.
      await page.waitForFunction(isKept);
      const id = await page.evaluate(() => window.uppy.getFiles()[0].meta.posternId);
      await page.reload();
      await page.unroute(held);
      await startUppy(page, version);
      const after = await page.evaluate(async () => {
        const restored = new Promise((resolve) => window.uppy.once("restored", resolve));
        window.keep(window.uppy);
        await restored;
        // Not "complete": Uppy 4 never says it of what was restored.
        const stored = new Promise((resolve, reject) => {
          window.uppy.once("upload-success", resolve);
          window.uppy.once("upload-error", (_, error) => reject(error));
        });
        window.uppy.emit("restore-confirmed");
        return (await stored).meta.posternId;
      });
      assert.equal(after, id);
      await is(id, 33 * MiB);
      await areSent(sent, [1, 2, 3]);
    });

    await scenario("removed by a person, nothing is kept", async ({ page, sent }) => {
      await page.route((url) => Number(url.searchParams.get("partNumber")) > 1, () => {});
      await page.evaluate((size) => {
        window.file = window.add("large.txt", size);
        window.uppy.upload();
      }, 33 * MiB);
      while (sent.length < 1) await page.waitForTimeout(20);
      const id = await page.evaluate(() => window.uppy.getFile(window.file).meta.posternId);
      assert.equal((await module.get(id, access())).status, "waiting");
      const deleted = page.waitForResponse((response) => response.request().method() === "DELETE");
      await page.evaluate(() => window.uppy.removeFile(window.file));
      assert.equal((await deleted).status(), 204);
      await assert.rejects(module.get(id, access()), { code: "not_found" });
    });

    await scenario("credentials that expire in the middle, and are renewed", async ({ page, allowed, sent }) => {
      allowed.push("401", "Unauthorized");
      await page.evaluate(() => window.uppy.once("s3-multipart:part-uploaded", () => (window.credentials = "Basic " + btoa("demo@example.com:an old password"))));
      await page.evaluate((size) => window.add("large.txt", size), 33 * MiB);
      const { errors } = await upload(page);
      assert.equal(errors.length, 1);
      await page.evaluate((credentials) => (window.credentials = credentials), basic);
      const again = await upload(page, true);
      assert.deepEqual(again.errors, []);
      await is(again.ids[0], 33 * MiB);
      await areSent(sent, [1, 2, 3]);
    });
  });
