// The client module against the local run, in Node and in Chromium, with faults put between it and S3.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { text } from "./bytes.mjs";
import { basic, loadModule, onBadDay, sha256, site, startBrowser, startLocal, startPages, stored as storedOf, watch } from "./local.mjs";

const MiB = 2 ** 20;
let local, module;

before(async () => {
  local = await startLocal();
  module = await loadModule();
});
after(() => local?.stop());

const access = () => ({ api: local.api, authorization: () => basic });
const stored = (id) => storedOf(id, access());

/**
 * between puts a fault between the module and the servers: it gets each request's method, URL and number among those that
 * it matches, and answers it itself by returning a Response or throwing. It returns what it saw, and what ends it.
 */
function between(matches, fault) {
  const real = globalThis.fetch;
  const seen = [];
  globalThis.fetch = async (url, options = {}) => {
    const request = { method: options.method ?? "GET", url: new URL(url) };
    if (!matches(request)) return real(url, options);
    seen.push(request);
    return (await fault(seen.length, request, () => real(url, options))) ?? real(url, options);
  };
  return { seen, end: () => (globalThis.fetch = real) };
}

const isPart = ({ method, url }) => method === "PUT" && url.searchParams.has("partNumber");
const isPut = ({ method, url }) => method === "PUT" && !url.searchParams.has("partNumber");
const isCompletion = ({ method, url }) => method === "POST" && url.searchParams.has("uploadId");
const s3Error = (status, code, message = code) => new Response(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`, { status });

const small = text(1000);
const large = text(40 * MiB); // three parts

for (const [via, bytes] of [["put", small], ["form", small], ["multipart", large]])
  test(`a file goes by ${via}`, async () => {
    const progress = [];
    const { id } = await module.upload(new Blob([bytes]), { ...access(), filename: "a.txt", via, onProgress: (sent, total) => progress.push([sent, total]) });
    assert.equal(await stored(id), sha256(bytes));
    assert.deepEqual(progress.at(-1), [bytes.length, bytes.length]);
  });

// What S3 or a network does to one request, and then no more: the file arrives all the same.
const faults = {
  "503 SlowDown": () => s3Error(503, "SlowDown"),
  "an answer in HTML": () => new Response("<html>Bad Gateway</html>", { status: 502 }),
  "a signature that has expired": () => s3Error(403, "AccessDenied", "Request has expired"),
  "a token that has expired": () => s3Error(403, "ExpiredToken"),
  "a cut line": () => {
    throw new TypeError("fetch failed");
  },
  "an answer that is lost": async (proceed) => {
    await proceed();
    throw new TypeError("fetch failed");
  },
};

for (const [name, fault] of Object.entries(faults)) {
  test(`a part survives ${name}, twice`, async () => {
    const { seen, end } = between(isPart, (n, _, proceed) => (n <= 2 ? fault(proceed) : undefined));
    try {
      const { id } = await module.upload(new Blob([large]), { ...access(), filename: "a.txt" });
      assert.equal(await stored(id), sha256(large));
      assert.equal(seen.length, 5, "two attempts more than parts");
    } finally {
      end();
    }
  });
  if (!name.includes("expired"))
    test(`a PUT survives ${name}`, async () => {
      const { end } = between(isPut, (n, _, proceed) => (n === 1 ? fault(proceed) : undefined));
      try {
        const { id } = await module.upload(new Blob([small]), { ...access(), filename: "a.txt" });
        assert.equal(await stored(id), sha256(small));
      } finally {
        end();
      }
    });
  test(`a completion survives ${name}`, async () => {
    const { end } = between(isCompletion, (n, _, proceed) => (n === 1 ? fault(proceed) : undefined));
    try {
      const { id } = await module.upload(new Blob([large]), { ...access(), filename: "a.txt" });
      assert.equal(await stored(id), sha256(large));
    } finally {
      end();
    }
  });
}

test("a completion that fails inside a success is made again", async () => {
  const { seen, end } = between(isCompletion, (n) => (n === 1 ? s3Error(200, "InternalError") : undefined));
  try {
    const { id } = await module.upload(new Blob([large]), { ...access(), filename: "a.txt" });
    assert.equal(await stored(id), sha256(large));
    assert.equal(seen.length, 2);
  } finally {
    end();
  }
});

for (const status of [429, 503])
  test(`a call that is refused with ${status} is made again after Retry-After`, async (t) => {
    t.mock.method(Math, "random", () => 0);
    const times = [];
    const { end } = between(({ url }) => url.pathname.endsWith("/usage"), (n) => {
      times.push(performance.now());
      return n === 1 ? new Response('{"message":"later","code":"too_many_requests"}', { status, headers: { "retry-after": "1" } }) : undefined;
    });
    try {
      await module.usage(access());
      assert.ok(onBadDay || times.length === 2, `${times.length} calls`);
      assert.ok(times[1] - times[0] > 990, `made again after ${times[1] - times[0]} ms`);
    } finally {
      end();
    }
  });

test("a bit that flips on the way is seen, and the part is sent again", async () => {
  let sum;
  const { seen, end } = between(isPart, async (n, _, proceed) => {
    if (n !== 1) return undefined;
    const answer = await proceed();
    const headers = new Headers(answer.headers);
    sum = headers.get("x-amz-checksum-crc64nvme");
    headers.set("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=");
    return new Response(null, { status: 200, headers });
  });
  try {
    const { id } = await module.upload(new Blob([large]), { ...access(), filename: "a.txt" });
    assert.equal(await stored(id), sha256(large));
    assert.match(sum, /^[A-Za-z0-9+/]{11}=$/);
    assert.equal(seen.length, 4);
  } finally {
    end();
  }
});

/** begin uploads all parts of the large file but the last, as a page does that is then closed. It returns the upload's id. */
async function begin(file) {
  const stop = new AbortController();
  const reason = new Error("the tab is closed");
  let begun;
  const cut = between(isPart, (n) => {
    if (n <= 2) return undefined;
    stop.abort(reason);
    throw reason;
  });
  await assert.rejects(module.upload(file, { ...access(), filename: "a.txt", concurrency: 1, signal: stop.signal, onBegin: (b) => (begun = b) }), reason);
  cut.end();
  return begun.id;
}

test("of two tabs that go on with one upload, both find it stored", async () => {
  const file = new Blob([large]);
  const id = await begin(file);
  const overtaken = between(isPart, async (n) => {
    if (n === 1) assert.deepEqual(await module.resume(id, file, access()), { id }, "the tab that is faster");
  });
  try {
    assert.deepEqual(await module.resume(id, file, access()), { id }, "the tab that finds no upload to send a part to");
    assert.equal(await stored(id), sha256(large));
  } finally {
    overtaken.end();
  }
});

test("an upload goes on with its id alone, and sends no finished part again", async () => {
  const file = new Blob([large]);
  const begun = await begin(file);
  await assert.rejects(module.resume(begun, new Blob([Buffer.alloc(large.length, "other\n")]), access()), { code: "file_changed" });
  const second = between(isPart, () => undefined);
  try {
    const { id } = await module.resume(begun, file, access());
    assert.equal(id, begun);
    assert.deepEqual(second.seen.map(({ url }) => url.searchParams.get("partNumber")), ["3"]);
    assert.equal(await stored(id), sha256(large));
    assert.deepEqual(await module.resume(id, file, access()), { id }, "what is finished is finished");
  } finally {
    second.end();
  }
});

test("what is refused says why", async () => {
  const refused = (promise, code, message) => assert.rejects(promise, (error) => error instanceof module.PosternError && error.code === code && message.test(error.message));
  const file = new Blob([small]);
  await refused(module.upload(file, { ...access(), authorization: () => "Basic " + btoa("demo@example.com:not the password"), filename: "a.txt" }), "unauthorized", /./);
  await refused(module.upload(file, { ...access(), filename: "a.exe" }), "unsupported_media_type", /a\.exe/);
  await refused(module.upload(new Blob([]), { ...access(), filename: "a.txt" }), "invalid_request", /size/);
  await refused(module.upload(file, { ...access(), filename: "a/b.txt" }), "invalid_request", /filename/);
  await refused(module.upload(file, { ...access(), filename: "a.txt", context: "order 7" }), "forbidden", /context/);
  await refused(module.upload(file, { ...access(), filename: "a.txt", subject: "another" }), "forbidden", /subject/);
  await refused(module.get("0".repeat(32) + ".txt", access()), "not_found", /./);
  const { end } = between(() => true, () => new Response("<html>", { status: 404 }));
  await refused(module.get("0".repeat(32) + ".txt", access()), "internal_error", /404/).finally(end);
});

test("an upload is listed, described, and removed once", async () => {
  const { id } = await module.upload(new Blob([small]), { ...access(), filename: "mine.txt", title: "Mine" });
  await stored(id);
  const { uploads } = await module.list({ limit: 1, status: "ready" }, access());
  assert.equal(uploads[0].id, id);
  const described = await module.describe(id, { labels: ["a"] }, { ...access(), version: uploads[0].version });
  assert.deepEqual([described.title, described.labels], ["Mine", ["a"]]);
  await assert.rejects(module.describe(id, { title: "late" }, { ...access(), version: uploads[0].version }), { code: "precondition_failed" });
  assert.ok((await module.usage(access())).used > 0);
  await module.remove(id, access());
  await assert.rejects(module.get(id, access()), { code: "not_found" });
});

test("in Chromium, from a page of another origin", { timeout: 120_000 }, async (t) => {
  const pages = await startPages({ site, test: import.meta.dirname });
  const browser = await startBrowser();
  t.after(async () => {
    await browser.close();
    await pages.stop();
  });
  const page = await (await browser.newContext()).newPage();
  const errors = watch(page, [local.api, pages.origin]);
  let seen = [];
  const client = await page.context().newCDPSession(page);
  await client.send("Network.enable");
  client.on("Network.requestWillBeSent", ({ request }) => {
    if (request.url.startsWith(local.api)) seen.push(request.method);
  });
  await page.goto(pages.origin + "/");
  const upload = async () => {
    seen = [];
    const id = await page.evaluate(
      async ({ api, authorization, size }) => {
        const { upload } = await import("/site/postern.js");
        const { text } = await import("/test/bytes.mjs");
        return (await upload(new File([text(size)], "big.txt", { type: "text/plain" }), { api, authorization: () => authorization })).id;
      },
      { api: local.api, authorization: basic, size: 60 * MiB },
    );
    assert.equal(await stored(id), sha256(text(60 * MiB)));
    const preflights = seen.filter((method) => method === "OPTIONS").length;
    return { calls: seen.length - preflights, preflights };
  };
  // A browser keeps a preflight's answer by URL. That of POST /uploads is the same for each file, those with an id are not.
  const [first, next] = [await upload(), await upload()];
  if (!onBadDay) assert.deepEqual([first, next], [{ calls: 3, preflights: 3 }, { calls: 3, preflights: 2 }]); // a bad day has calls repeated
  assert.deepEqual(errors, []);
});
