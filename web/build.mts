// Builds the site: node web/build.mts FOLDER...
//
// Each FOLDER then holds index.html, the page's script and style with their hashes in their names, the client module
// postern.js with its worker and its types, what drives Uppy by it, and the API's document,
// also as a page: reference.html. Nothing else is left in it.
import { build } from "esbuild";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { reference } from "./reference/reference.mts";
import { types } from "./types.mts";

const web = import.meta.dirname;
const root = join(web, "..");
const folders = process.argv.slice(2);
if (folders.length === 0) {
  console.error("usage: node web/build.mts FOLDER...");
  process.exit(2);
}

const site = mkdtempSync(join(tmpdir(), "postern-site-"));
try {
  await modules();
  await drivers();
  await page();
  writeFileSync(join(site, "postern.d.ts"), types());
  cpSync(join(root, "docs/openapi.json"), join(site, "openapi.json"));
  cpSync(join(web, "page/icon.svg"), join(site, "icon.svg"));
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    cpSync(site, folder, { recursive: true });
  }
} finally {
  rmSync(site, { recursive: true, force: true });
}

/** modules bundles the client module and its worker. Their names stay: pages elsewhere import them. */
async function modules(): Promise<void> {
  await build({
    entryPoints: { postern: join(web, "client/postern.ts"), "postern-worker": join(web, "client/worker.ts") },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    outdir: site,
    logLevel: "warning",
  });
}

/** drivers translates what drives a version of Uppy by the module: postern-uppy4.js and so on. */
async function drivers(): Promise<void> {
  await build({
    entryPoints: [4, 5, 6].map((version) => ({ in: join(web, `uppy/v${version}.ts`), out: `postern-uppy${version}` })),
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    outdir: site,
    plugins: [{ name: "module", setup: ({ onResolve }) => onResolve({ filter: /client\/postern\.ts$/ }, () => ({ path: "./postern.js", external: true })) }],
    logLevel: "warning",
  });
}

/** page bundles the page's script and the styles, and writes the documents that name them. */
async function page(): Promise<void> {
  const { metafile } = await build({
    entryPoints: { page: join(web, "page/main.tsx"), style: join(web, "page/style.css"), reference: join(web, "reference/style.css") },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    entryNames: "[name]-[hash]",
    outdir: site,
    metafile: true,
    logLevel: "warning",
  });
  const names = Object.keys(metafile.outputs).map((file) => basename(file));
  const document = readFileSync(join(root, "docs/openapi.json"), "utf8");
  writeFileSync(join(site, "reference.html"), reference(document, names.find((name) => name.startsWith("reference-"))!));
  let html = readFileSync(join(web, "page/index.html"), "utf8");
  for (const name of names)
    html = html.replace(name.replace(/-[A-Z0-9]{8}\./, "."), name);
  writeFileSync(join(site, "index.html"), html);
}
