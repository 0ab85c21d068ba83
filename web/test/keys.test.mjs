// A person's keys for scripts on the page: made, used by a script, revoked.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { checkAccessibility, mail, password, startBrowser, startLocal, watch } from "./local.mjs";

let local, browser;

before(async () => {
  local = await startLocal();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await local?.stop();
});

/** statusOf returns what a script gets that calls with a key. */
const statusOf = async (key, path, body) =>
  (await fetch(local.api + path, { method: body ? "POST" : "GET", body: body && JSON.stringify(body), headers: { authorization: `Bearer ${key}`, "content-type": "application/json" } })).status;

/** open opens the keys of somebody who signs in: by password, or by the provider as another. */
async function open(as) {
  const page = await (await browser.newContext({ viewport: { width: 390, height: 800 } })).newPage();
  const faults = watch(page, [local.api]);
  await page.goto(local.api + "/");
  if (as) await page.getByRole("button", { name: "Continue with" }).click();
  await page.getByLabel("Mail").fill(as ?? mail);
  if (!as) await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Keys for scripts").click();
  return { page, faults };
}

/** make makes a key that may do something, and returns it. */
async function make(page, name, ...may) {
  await page.getByLabel("What it is for").fill(name);
  for (const right of may) await page.getByRole("checkbox", { name: right }).check();
  await page.getByLabel("It ends after").selectOption("30 days");
  await page.getByRole("button", { name: "Make a key" }).click();
  const key = await page.getByLabel("The key itself").inputValue();
  assert.match(key, /^pstn_/);
  return key;
}

for (const [way, as] of [["a password", undefined], ["a provider", "scripting@example.com"]])
  test(`a key is made by who signs in with ${way}, is shown once, and is revoked`, { timeout: 60_000 }, async () => {
    const { page, faults } = await open(as);
    await page.getByLabel("What it is for").waitFor();
    await page.getByLabel("What it is for").fill("nothing");
    await page.getByRole("button", { name: "Make a key" }).click();
    assert.match(await page.getByRole("alert").textContent(), /Choose what the key may do/);
    await checkAccessibility(page, "keys");

    const key = await make(page, "nightly <b>backup</b>", "upload");
    await checkAccessibility(page, "a new key");
    await page.getByRole("button", { name: "Close" }).click();
    const form = page.locator("form.key");
    assert.deepEqual([await form.getByRole("textbox").inputValue(), await form.getByRole("combobox").inputValue(), await form.getByRole("checkbox", { checked: true }).count()], ["", "90", 0]);
    const declared = { filename: "a.txt", size: 4 };
    assert.deepEqual([await statusOf(key, "/uploads", declared), await statusOf(key, "/uploads")], [201, 403], "what the key may");

    await page.reload();
    await page.getByText("Keys for scripts").click();
    const row = page.getByRole("listitem").filter({ hasText: "nightly <b>backup</b>" });
    const text = await row.textContent();
    assert.match(text, /may upload; ends /);
    const days = (new Date(/ends (.*?);/.exec(text)[1]) - Date.now()) / 86_400_000;
    assert.ok(days > 28 && days < 31, text);
    assert.ok(!(await page.content()).includes(key), "the key is shown again");
    assert.ok(!(await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).includes(key), "the page keeps the key");

    const unused = await make(page, "unused", "read", "delete");
    await page.getByRole("button", { name: "Close" }).click();
    for (const name of ["unused", "nightly"]) {
      await page.getByRole("button", { name: `Revoke ${name}` }).click();
      await page.locator("dialog").getByRole("button", { name: "Revoke" }).click();
      await page.getByRole("button", { name: `Revoke ${name}` }).waitFor({ state: "detached" });
    }
    assert.equal(await statusOf(unused, "/uploads"), 401, "a revoked key");
    assert.deepEqual(faults, []);
    await page.context().close();
  });
