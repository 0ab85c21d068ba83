// Starts what the browser's tests need: the local run of the stage, a server of pages on another origin, and Chromium.
import AxeBuilder from "@axe-core/playwright";
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

export const root = join(import.meta.dirname, "../..");
/** runNode runs a program in Node. It fails with all that the program printed. */
export const runNode = (...args) =>
  promisify(execFile)(process.execPath, args).catch(({ message, stdout }) => {
    throw new Error(message + "\n" + stdout);
  });

export const mail = "demo@example.com";
export const password = "demo-password";
/** basic is the value of the header Authorization for the demo user. */
export const basic = "Basic " + Buffer.from(`${mail}:${password}`).toString("base64");

/** startLocal starts a local run on free ports, with a data folder of its own. env is added to its environment. */
export async function startLocal(env = {}) {
  const data = mkdtempSync(join(tmpdir(), "postern-browser-"));
  execFileSync("make", ["-s", "assembly", `DATA=${data}`], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  const child = spawn("bin/local", ["--assembly", join(data, "cdk.out")], {
    cwd: root,
    env: { ...process.env, LOG: "json", PORT: "0", S3_PORT: "0", DATA: data, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (text) => (log += text));
  const api = await new Promise((resolve, reject) => {
    let out = "";
    child.stdout.on("data", (text) => {
      out += text;
      const url = /^ready: (.*)$/m.exec(out)?.[1];
      if (url) resolve(url.replace(/\/$/, ""));
    });
    child.on("exit", (code) => reject(new Error(`the local run ended with ${code}\n${log.slice(-4000)}`)));
  });
  return {
    api,
    origin: new URL(api).origin,
    log: () => log,
    /** addUser adds a user, whom the command's further arguments describe. */
    addUser(mail, password, ...args) {
      execFileSync("bin/postern", ["user", "add", mail, "--data", data, ...args], { cwd: root, input: password + "\n", stdio: ["pipe", "ignore", "inherit"] });
    },
    removeUser(mail) {
      execFileSync("bin/postern", ["user", "remove", "--yes", mail, "--data", data], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
    },
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export const site = join(root, "dist/site");

/** loadModule returns the client module that the site serves. */
export const loadModule = () => import(pathToFileURL(join(site, "postern.js")).href);

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** stored waits until an upload was inspected, and returns the SHA-256 of what a download answers. */
export async function stored(id, access) {
  const { download, get } = await loadModule();
  for (;;) {
    const { status, reason } = await get(id, access);
    if (status === "ready") break;
    if (status !== "waiting") throw new Error(`the upload is ${status}: ${reason}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { url } = await download(id, access);
  return sha256(Buffer.from(await (await fetch(url)).arrayBuffer()));
}

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css" };

/**
 * startPages serves an empty page and folders on an origin of its own. pages maps a path's first segment to a folder.
 * headers are those of the empty page.
 */
export async function startPages(pages, headers = {}) {
  const server = createServer((request, response) => {
    if (request.url === "/") return response.writeHead(200, { "content-type": types[".html"], ...headers }).end('<!doctype html><link rel="icon" href="data:,">');
    const [, first, ...rest] = decodeURIComponent(new URL(request.url, "http://x").pathname).split("/");
    const file = pages[first] && join(pages[first], normalize("/" + rest.join("/")));
    if (!file || !existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://localhost:${server.address().port}`, stop: () => new Promise((resolve) => server.close(resolve)) };
}

/** startBrowser starts Chromium: CHROMIUM, or the one of the system. */
export function startBrowser(options = {}) {
  return chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"], ...options });
}

/** checkAccessibility has axe look at a view, or at some parts of a long one. */
export async function checkAccessibility(page, view, parts = ["html"]) {
  const axe = parts.reduce((builder, part) => builder.include(part), new AxeBuilder({ page }));
  const { violations } = await axe.analyze();
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`), [], view);
}

/** onBadDay says whether chaos is on: every local run of these tests then makes things go wrong on purpose. */
export const onBadDay = process.env.CHAOS === "1";

/** What a browser says on its console of answers that are sent again, and of those that do not come. */
const badDay = ["Failed to load resource", "CORS policy"];

/**
 * watch collects what a page must not do: errors on its console, exceptions, breaches of its policy, requests to others.
 * allowed lists texts of errors that a test provokes.
 */
export function watch(page, origins, allowed = []) {
  const faults = [];
  const note = (text) => {
    if (![...allowed, ...(onBadDay ? badDay : [])].some((part) => text.includes(part))) faults.push(text);
  };
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && note(`console: ${message.text()}`));
  page.on("pageerror", (error) => note(`exception: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && !origins.some((origin) => url.hostname === new URL(origin).hostname)) note(`request to ${url.host}`);
  });
  return faults;
}
