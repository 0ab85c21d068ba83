// The types beside the built module declare what it exports, and no more.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { exportsOf } from "../types.mts";

const site = join(import.meta.dirname, "../../dist/site");
const declared = join(site, "postern.d.ts");

test("what is declared is exported, and the other way round", async () => {
  const module = await import(pathToFileURL(join(site, "postern.js")).href);
  assert.deepEqual(exportsOf(declared, ts.SymbolFlags.Value).toSorted(), Object.keys(module).toSorted());
});

test("every type that the module exports is declared", () =>
  assert.deepEqual(exportsOf(declared).toSorted(), exportsOf(join(import.meta.dirname, "postern.ts")).toSorted()));
