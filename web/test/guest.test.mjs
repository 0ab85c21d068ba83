// The whole way of a guest: a link opens the page, says who asks for what, takes files, and shows what this browser sent.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { basic, checkAccessibility, mail, password, startBrowser, startLocal, watch } from "./local.mjs";

let local, browser, folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "postern-guest-"));
  local = await startLocal();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await local?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const call = (method, path, body) =>
  fetch(local.api + path, { method, headers: { authorization: basic, "content-type": "application/json" }, body: body && JSON.stringify(body) });

/** newLink makes a link of the demo user. */
async function newLink(terms) {
  const answer = await call("POST", "/links", { from: "Ann <b>of</b> Example", ...terms });
  assert.equal(answer.status, 201, await answer.clone().text());
  return answer.json();
}

function file(name, text = "a text") {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const choose = (page, ...paths) => page.getByLabel("Files to upload").setInputFiles(paths);

test("a guest's whole way", { timeout: 120_000 }, async () => {
  const { token, id } = await newLink({ note: "The <i>minutes</i>,\nplease", formats: ["txt", "mp4"], count: 3, maxSize: 1000 });
  const page = await (await browser.newContext()).newPage();
  const faults = watch(page, [local.api], ["415", "413"]);
  const asked = [];
  page.on("request", (request) => asked.push(request));
  await page.goto(`${local.api}/#link=${token}`);
  await page.getByRole("heading", { name: "Ann <b>of</b> Example asks you for files" }).waitFor();
  await page.getByText("The <i>minutes</i>,").waitFor();
  await page.getByText("3 files of at most 1.0 KiB, until").waitFor();
  assert.equal(await page.getByText("demo@example.com").count(), 0, "the owner's mail is shown");
  await checkAccessibility(page, "asked");

  // A file without a name waits for it.
  await choose(page, file("first ö 🎬.txt"));
  await page.getByText("Write your name first.").waitFor();
  await checkAccessibility(page, "without a name");
  await page.getByLabel(/Your name/).fill("Zoë 🏖");
  await page.getByRole("button", { name: "Send the file" }).click();
  await page.getByText("1 of 1 done").waitFor();

  // What the link does not take is refused, and says why.
  await choose(page, file("film.pdf"));
  await page.getByText("must be one of mp4, txt").waitFor();
  await page.getByRole("button", { name: "Cancel film.pdf" }).click();
  await choose(page, file("long.txt", "x".repeat(1001)));
  await page.getByText("must be 1 to 1000").waitFor();
  await page.getByRole("button", { name: "Cancel long.txt" }).click();
  await choose(page, file("disguised.mp4", "MZ this is a program"));
  await page.getByText("The content is not of the format that its name says").first().waitFor();
  await checkAccessibility(page, "refused");

  // After a reload, this browser's own are there, and another's are not.
  await page.reload();
  await page.getByText("first ö 🎬.txt").waitFor();
  await page.getByText("1 of 2 done").waitFor();
  assert.equal(await page.getByLabel(/Your name/).inputValue(), "Zoë 🏖");
  const other = await (await browser.newContext()).newPage();
  await other.goto(`${local.api}/#link=${token}`);
  await other.getByRole("heading", { name: /asks you for files/ }).waitFor();
  assert.equal(await other.getByText("first ö 🎬.txt").count(), 0);
  assert.equal(await other.getByLabel(/Your name/).inputValue(), "");
  const two = await newLink({ count: 2 });
  await other.goto(`${local.api}/#link=${two.token}`); // another link opens another page
  await other.getByText("2 files of at most").waitFor();
  await other.getByLabel(/Your name/).fill("Bob");
  await choose(other, file("second.txt"), file("third.txt"));
  await other.getByText("2 of 2 done").waitFor();
  await other.getByText("This link is used up").waitFor();
  await checkAccessibility(other, "used up");
  await other.context().close();

  // The link is in no request but the header of those to the API.
  assert.ok(asked.length > 0);
  for (const request of asked) {
    const { authorization = "", ...headers } = await request.allHeaders();
    assert.ok(![request.url().split("#")[0], JSON.stringify(headers), request.postData() ?? ""].join().includes(token), request.url());
    assert.equal(authorization.includes(token), request.url().startsWith(local.api + "/") && authorization !== "");
  }
  assert.ok(!local.log().includes(token.slice(20, 60)), "the log holds the link");

  // The owner sees who sent what.
  const { uploads } = await (await call("GET", "/uploads?status=ready")).json();
  assert.deepEqual(uploads.map(({ filename, guest, link }) => [filename, guest, link]).sort(), [
    ["first ö 🎬.txt", "Zoë 🏖", id], ["second.txt", "Bob", two.id], ["third.txt", "Bob", two.id],
  ]);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a link that does not work says so", { timeout: 60_000 }, async () => {
  const revoked = await newLink();
  assert.equal((await call("DELETE", `/links/${revoked.id}`)).status, 204);
  const good = await newLink();
  for (const [token, says] of [
    [revoked.token, /does not work any more: ask who sent it for a new one/],
    [good.token.slice(0, -1), /This link is not valid/],
  ]) {
    const page = await (await browser.newContext()).newPage();
    const faults = watch(page, [local.api], ["401", "403"]);
    await page.goto(`${local.api}/#link=${token}`);
    assert.match(await page.getByRole("alert").textContent(), says);
    assert.equal(await page.getByLabel("Files to upload").count(), 0);
    await checkAccessibility(page, "a link that does not work");
    assert.deepEqual(faults, []);
    await page.context().close();
  }
});

test("a name cannot become part of a guest's page", { timeout: 60_000 }, async () => {
  const { token } = await newLink({ from: '"><img src=x onerror=alert(1)>', note: "<script>alert(1)</script>" });
  const page = await (await browser.newContext()).newPage();
  const faults = watch(page, [local.api], ["400"]);
  await page.goto(`${local.api}/#link=${token}`);
  await page.getByLabel(/Your name/).fill("a\u202eb");
  await choose(page, file("a.txt"));
  assert.match(await page.getByRole("alert").textContent(), /turns or breaks the text around it/);
  assert.equal(await page.locator("img, script:not([src])").count(), 0);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a link is made on the page, opens, and is revoked with all others", { timeout: 60_000 }, async () => {
  const page = await (await browser.newContext({ viewport: { width: 390, height: 800 } })).newPage();
  const faults = watch(page, [local.api]);
  await page.goto(local.api + "/");
  await page.getByLabel("Mail").fill(mail);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Links for guests").click();
  await page.getByLabel("Who asks").fill("Ann");
  await page.getByLabel("What you ask for").fill("The minutes");
  await page.getByLabel("How many files").fill("2");
  await checkAccessibility(page, "links");
  await page.getByRole("button", { name: "Make a link" }).click();
  const address = await page.getByLabel("The link itself").inputValue();
  await checkAccessibility(page, "a new link");
  await page.getByRole("button", { name: "Close" }).click();
  assert.equal(await page.getByLabel("Who asks").inputValue(), "", "the form is empty again");

  const guest = await (await browser.newContext()).newPage();
  await guest.goto(address);
  await guest.getByRole("heading", { name: "Ann asks you for files" }).waitFor();
  await guest.getByText("2 files of at most").waitFor();
  await guest.context().close();

  const second = await newLink();
  await page.getByRole("button", { name: "Revoke all links" }).click();
  await page.locator("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByText("All links are revoked.").waitFor();
  const refused = await fetch(local.api + "/link", { headers: { authorization: `Bearer ${second.token}` } });
  assert.equal(refused.status, 403);
  assert.deepEqual(faults, []);
  await page.context().close();
});
