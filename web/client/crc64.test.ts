import assert from "node:assert/strict";
import { test } from "node:test";
import { combine, Crc64 } from "./crc64.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const base64 = (hex: string) => Buffer.from(hex, "hex").toString("base64");

function sumOf(bytes: Uint8Array): string {
  const crc = new Crc64();
  crc.update(bytes);
  return crc.sum();
}

/** pseudo returns n bytes that look random and are the same each time. */
function pseudo(n: number): Uint8Array {
  const bytes = new Uint8Array(n);
  let state = 1;
  for (let i = 0; i < n; i++) bytes[i] = (state = (state * 1103515245 + 12345) & 0x7fffffff) >> 16;
  return bytes;
}

test("the CRC catalogue's check value", () => assert.equal(sumOf(bytesOf("123456789")), base64("ae8b14860a799888")));

test("nothing sums to zero", () => assert.equal(sumOf(new Uint8Array()), base64("0000000000000000")));

test("however the bytes come, the sum is the same", () => {
  const bytes = pseudo(1000);
  const want = sumOf(bytes);
  for (const step of [1, 3, 7, 8, 9, 64, 999]) {
    const crc = new Crc64();
    for (let at = 0; at < bytes.length; at += step) crc.update(bytes.subarray(at, at + step));
    assert.equal(crc.sum(), want, `steps of ${step}`);
  }
});

test("combined sums are the whole's", () => {
  const bytes = pseudo(5000);
  for (const at of [0, 1, 8, 100, 4999, 5000])
    assert.equal(combine(sumOf(bytes.subarray(0, at)), sumOf(bytes.subarray(at)), bytes.length - at), sumOf(bytes), `cut at ${at}`);
});
