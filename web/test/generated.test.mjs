// A client that is generated from the API's document compiles, and uploads.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { basic, root, runNode, sha256, startLocal, stored } from "./local.mjs";

const packages = join(root, "web/test/node_modules");
let local, folder;

before(async () => {
  folder = mkdtempSync(join(packages, ".generated-")); // where the packages are found
  local = await startLocal();
});

after(async () => {
  await local?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("TypeScript, by openapi-typescript", { timeout: 120_000 }, async () => {
  cpSync(join(root, "web/test/generated/upload.ts"), join(folder, "upload.ts"));
  const configuration = { extends: join(root, "web/tsconfig.json"), files: ["upload.ts"], include: [], exclude: [] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(configuration));
  await runNode(join(packages, "openapi-typescript/bin/cli.js"), join(root, "docs/openapi.json"), "-o", join(folder, "schema.ts"));
  await runNode(join(root, "node_modules/typescript/bin/tsc"), "-p", folder);
  const program = join(folder, "upload.mjs");
  await build({ entryPoints: [join(folder, "upload.ts")], bundle: true, format: "esm", outfile: program, logLevel: "warning" });

  const { upload } = await import(pathToFileURL(program).href);
  const id = await upload(local.api, basic, "a.txt", new Blob(["a text"]));
  assert.equal(await stored(id, { api: local.api, authorization: () => basic }), sha256("a text"));
  await assert.rejects(upload(local.api, basic, "a.exe", new Blob(["a text"])), /a\.exe/);
});
