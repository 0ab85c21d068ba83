// Tabs that are reloaded, closed and killed in the middle of an upload, KILLS times (default 12): the file arrives as it is.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { text } from "./bytes.mjs";
import { basic, onBadDay, sha256, site, startBrowser, startLocal, startPages, stored, watch } from "./local.mjs";

const MiB = 2 ** 20;
const size = 60 * MiB;
const kills = Number(process.env.KILLS ?? 12);
let local, browser, pages;

before(async () => {
  local = await startLocal();
  pages = await startPages({ site, test: import.meta.dirname });
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await pages?.stop();
  await local?.stop();
});

const ways = {
  reload: (page) => page.reload(),
  close: (page) => page.close(),
  // The process of the tab ends at once, as if it ran out of memory.
  async crash(page) {
    const crashed = page.waitForEvent("crash");
    const session = await page.context().newCDPSession(page);
    session.send("Page.crash").catch(() => {}); // nobody is left to answer
    await crashed;
    await page.close();
  },
};

/** begin begins or goes on with the upload, in a tab that may be new. The page then has window.done. */
async function begin(context, tab, faults) {
  const page = tab && !tab.isClosed() ? tab : await context.newPage();
  if (page !== tab) faults.push(watch(page, [local.api, pages.origin], ["404"]));
  await page.goto(pages.origin + "/");
  await page.evaluate(
    async ({ api, authorization, size, partSize }) => {
      const { upload, resume, unfinished } = await import("/site/postern.js");
      const { text } = await import("/test/bytes.mjs");
      const file = new File([text(size)], "long.txt", { type: "text/plain", lastModified: 1 });
      const options = { api, authorization: () => authorization, partSize };
      const [begun] = await unfinished(api);
      window.done = begun ? resume(begun.id, file, options) : upload(file, options);
      window.done.catch(() => {});
    },
    { api: local.api, authorization: basic, size, partSize: 5 * MiB },
  );
  return page;
}

test(`an upload whose tab ends ${kills} times`, { timeout: 30_000 + kills * 20_000 }, async (t) => {
  const want = sha256(text(size));
  const access = { api: local.api, authorization: () => basic };
  // On a bad day S3 cuts the connections of clients of this name.
  const context = await browser.newContext(onBadDay ? { userAgent: "postern" } : {});
  const faults = [];
  await context.route((url) => url.searchParams.has("partNumber"), async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 300 * Math.random()));
    await route.continue().catch(() => {}); // the tab is gone
  });
  let page;
  let killed = 0;
  let finished = 0;
  for (;;) {
    page = await begin(context, page, faults);
    const patience = killed < kills ? 1500 * Math.random() : 60_000;
    let timer;
    const done = await Promise.race([
      page.evaluate(() => window.done).catch((error) => ({ error })),
      new Promise((resolve) => (timer = setTimeout(resolve, patience, undefined))),
    ]);
    clearTimeout(timer);
    if (done?.error) throw done.error;
    if (done) {
      assert.equal(await stored(done.id, access), want, `upload ${finished} after ${killed} kills`);
      finished++;
      if (killed >= kills) break;
      continue;
    }
    const way = Object.keys(ways)[killed % 3];
    await ways[way](page);
    killed++;
  }
  t.diagnostic(`${killed} kills, ${finished} uploads arrived`);
  const left = await page.evaluate(async (api) => (await import("/site/postern.js")).unfinished(api), local.api);
  assert.deepEqual(left, [], "an upload that has arrived is remembered");
  assert.deepEqual(faults.flat(), []);
  await context.close();
});
