// CRC-64/NVME, as S3 computes it: polynomial 0xad93d23594c93659, reflected, begun and ended with all ones.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html and the CRC catalogue,
// https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-64-nvme

// The reflected polynomial, as two halves: numbers of 64 bits are slow in JavaScript.
const polynomial = 0x9a6c9329ac4bc9b5n;
const low32 = 0xffffffffn;

// Eight tables of 256 entries, so that eight bytes are taken at once ("slicing by 8"). low and high hold the halves. They are
// signed: engines compute with 32 bits only as long as no number is larger.
const low = new Int32Array(8 * 256);
const high = new Int32Array(8 * 256);

for (let n = 0; n < 256; n++) {
  let crc = BigInt(n);
  for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
  low[n] = Number(crc & low32);
  high[n] = Number(crc >> 32n);
}
for (let n = 256; n < low.length; n++) {
  const before = n - 256;
  const byte = low[before] & 0xff;
  low[n] = (low[before] >>> 8) | (high[before] << 24);
  high[n] = high[before] >>> 8;
  low[n] ^= low[byte];
  high[n] ^= high[byte];
}

/** A Crc64 sums bytes as they come. */
export class Crc64 {
  #low = -1;
  #high = -1;

  /** update adds bytes. */
  update(bytes: Uint8Array): void {
    let lo = this.#low;
    let hi = this.#high;
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const whole = bytes.length - (bytes.length % 8);
    let i = 0;
    for (; i < whole; i += 8) {
      lo ^= words.getInt32(i, true);
      hi ^= words.getInt32(i + 4, true);
      const a = 1792 + (lo & 0xff), b = 1536 + ((lo >>> 8) & 0xff), c = 1280 + ((lo >>> 16) & 0xff), d = 1024 + (lo >>> 24);
      const e = 768 + (hi & 0xff), f = 512 + ((hi >>> 8) & 0xff), g = 256 + ((hi >>> 16) & 0xff), h = hi >>> 24;
      lo = low[a] ^ low[b] ^ low[c] ^ low[d] ^ low[e] ^ low[f] ^ low[g] ^ low[h];
      hi = high[a] ^ high[b] ^ high[c] ^ high[d] ^ high[e] ^ high[f] ^ high[g] ^ high[h];
    }
    for (; i < bytes.length; i++) {
      const n = (lo ^ bytes[i]) & 0xff;
      lo = ((lo >>> 8) | (hi << 24)) ^ low[n];
      hi = (hi >>> 8) ^ high[n];
    }
    this.#low = lo;
    this.#high = hi;
  }

  /** sum returns the sum of all bytes so far in base64, 12 characters, as S3 writes it. */
  sum(): string {
    return encode((BigInt(~this.#high >>> 0) << 32n) | BigInt(~this.#low >>> 0));
  }
}

/** combine returns the sum of a first and a second sequence of bytes, from the sum of each and the second's length. */
export function combine(first: string, second: string, secondLength: number): string {
  // The parts of a file are of one size, but for the last.
  if (secondLength !== shifted) [shifted, shift] = [secondLength, power(BigInt(secondLength) * 8n)];
  return encode(multiply(shift, decode(first)) ^ decode(second));
}

// In a reflected polynomial of 64 bits the highest bit is x⁰ and the lowest x⁶³.
const one = 1n << 63n;
const x = 1n << 62n;

// What combine multiplied by last, and for how many bytes: finding it takes fifty times as long as the rest.
let shifted = 0;
let shift = one;

/** multiply multiplies two polynomials modulo the polynomial. */
function multiply(a: bigint, b: bigint): bigint {
  let product = 0n;
  for (let bit = one; bit !== 0n; bit >>= 1n) {
    if (a & bit) product ^= b;
    b = b & 1n ? (b >> 1n) ^ polynomial : b >> 1n;
  }
  return product;
}

/** power returns x to the n, modulo the polynomial. */
function power(n: bigint): bigint {
  let result = one;
  for (let square = x; n > 0n; n >>= 1n, square = multiply(square, square)) if (n & 1n) result = multiply(result, square);
  return result;
}

function encode(sum: bigint): string {
  let bytes = "";
  for (let shift = 56n; shift >= 0n; shift -= 8n) bytes += String.fromCharCode(Number((sum >> shift) & 0xffn));
  return btoa(bytes);
}

function decode(sum: string): bigint {
  let n = 0n;
  for (const byte of atob(sum)) n = (n << 8n) | BigInt(byte.charCodeAt(0));
  return n;
}
