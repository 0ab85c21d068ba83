// Measures the client module in Chromium beside a plain PUT and Uppy 6, on one local run, in turn. It reports and asserts nothing.
// MIB is the size of the file (default 1024), LATENCY the milliseconds that Chromium adds to each request (default 0), ROUNDS how
// often each way is measured (default 3).
import { closeSync, copyFileSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { basic, root, site, startBrowser, startLocal, startPages } from "./local.mjs";

const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const size = number("MIB", 1024) * 2 ** 20;
const latency = number("LATENCY", 0);
const rounds = number("ROUNDS", 3);

const bundles = mkdtempSync(join(tmpdir(), "postern-bench-"));
await build({
  stdin: {
    contents: `
      import AwsS3 from "@uppy/aws-s3";
      import Uppy from "@uppy/core";
      import { awsS3 } from "../../uppy/v6.ts";
      export async function send(file, access) {
        const uppy = new Uppy();
        uppy.use(AwsS3, awsS3(uppy, access)).addFile({ name: "a.mkv", type: "video/x-matroska", data: file });
        const { failed } = await uppy.upload();
        if (failed.length) throw new Error(failed[0].error);
      }`,
    resolveDir: join(root, "web/test/uppy6"),
  },
  bundle: true,
  format: "esm",
  target: "es2022",
  outfile: join(bundles, "uppy6.js"),
});
copyFileSync(join(site, "postern-worker.js"), join(bundles, "postern-worker.js")); // beside the script, where it is looked for
// On disk, as people's files are: Chromium keeps only small ones in memory.
const path = join(bundles, "a.mkv");
const disk = openSync(path, "w");
for (let at = 0; at < size; at += 2 ** 20) writeSync(disk, Buffer.alloc(Math.min(2 ** 20, size - at), `block ${at}\n`));
closeSync(disk);
const local = await startLocal();
const pages = await startPages({ bundles, site });
const browser = await startBrowser();
try {
  const page = await (await browser.newContext()).newPage();
  page.on("requestfailed", (request) => console.error(request.method(), new URL(request.url()).pathname, request.failure()?.errorText));
  await page.goto(pages.origin + "/");
  const client = await page.context().newCDPSession(page);
  await client.send("Network.enable");
  await client.send("Network.emulateNetworkConditions", { offline: false, latency, downloadThroughput: -1, uploadThroughput: -1 });
  await page.setContent('<input type="file">');
  await page.setInputFiles("input", path);
  await page.evaluate(prepare, { api: local.api, credentials: basic });
  const taken = { put: [], module: [], uppy6: [] };
  for (let round = 0; round <= rounds; round++)
    for (const way of Object.keys(taken)) {
      const seconds = await page.evaluate((way) => window.measure(way), way);
      if (round > 0) taken[way].push(seconds); // the first round warms up
    }
  report(taken, await page.evaluate(() => window.longest));
} finally {
  await browser.close();
  await pages.stop();
  await local.stop();
  rmSync(bundles, { recursive: true, force: true });
}

/** prepare makes the ways to send the chosen file, in the page. */
async function prepare({ api, credentials }) {
  const [{ declare, upload }, uppy6] = await Promise.all([import("/site/postern.js"), import("/bundles/uppy6.js")]);
  const [file] = document.querySelector("input").files;
  const access = { api, authorization: () => credentials };
  window.longest = 0; // milliseconds of the main thread's longest task while the module sends
  let observed = false;
  new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => observed && (window.longest = Math.max(window.longest, duration)))).observe({ type: "longtask" });
  const ways = {
    async put() {
      const { url, headers } = await declare(file, { ...access, filename: "a.mkv", via: "put" });
      await new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        request.open("PUT", url);
        for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
        request.onload = () => (request.status === 200 ? resolve() : reject(new Error(request.responseText)));
        request.onerror = () => reject(new Error("the PUT failed"));
        request.send(file);
      });
    },
    module: () => upload(file, { ...access, filename: "a.mkv" }),
    uppy6: () => uppy6.send(file, access),
  };
  window.measure = async (way) => {
    observed = way === "module";
    const begin = performance.now();
    await ways[way]();
    observed = false;
    return (performance.now() - begin) / 1000;
  };
}

/** report prints the median of each way, and its ratio to the others. */
function report(taken, longest) {
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const put = median(taken.put), module = median(taken.module), uppy6 = median(taken.uppy6);
  console.log(`${size / 2 ** 20} MiB in Chromium, ${latency} ms added to each request, median of ${rounds}`);
  console.log(`  plain XHR PUT                    ${put.toFixed(2)} s`);
  console.log(`  the module                       ${module.toFixed(2)} s  ${(module / put).toFixed(2)} of the PUT, ${(module / uppy6).toFixed(2)} of Uppy 6`);
  console.log(`  Uppy 6, as web/uppy drives it    ${uppy6.toFixed(2)} s  ${(uppy6 / put).toFixed(2)} of the PUT`);
  console.log(`  the main thread's longest task while the module sends: ${longest ? longest.toFixed(0) + " ms" : "under 50 ms"}`);
}
