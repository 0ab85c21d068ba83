/** text returns a text of size bytes, of which no two MiB are alike. It runs in Node and in a page. */
export function text(size) {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 2 ** 20) {
    const line = new TextEncoder().encode(`part ${at}\n`);
    const end = Math.min(size, at + 2 ** 20);
    bytes.set(line.subarray(0, end - at), at);
    for (let filled = line.length; at + filled < end; filled *= 2) bytes.copyWithin(at + filled, at, Math.min(end - filled, at + filled));
  }
  return bytes;
}
