// Serves the page of a team's own application, and calls Postern for the people who are signed in to it.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const { API = "http://127.0.0.1:8080/api", SERVICE_MAIL, SERVICE_PASSWORD, SESSION, PORT = "3000" } = process.env;
const authorization = "Basic " + Buffer.from(`${SERVICE_MAIL}:${SERVICE_PASSWORD}`).toString("base64");

// Your own sessions, by their cookies. This sample has one, whose value you choose.
const sessions = new Map(SESSION ? [[SESSION, { mail: "demo@example.com" }]] : []);
const signedIn = (request) => sessions.get(/(?:^|; )session=([^;]*)/.exec(request.headers.cookie ?? "")?.[1]);

/** declare asks Postern for the permission to store a file of the user with a mail. */
const declare = (mail, body) =>
  fetch(`${API}/uploads?${new URLSearchParams({ mail })}`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body,
  });

async function answer(request, response) {
  if (request.method === "GET" && request.url === "/")
    return response.writeHead(200, { "content-type": "text/html" }).end(readFileSync(new URL("backend.html", import.meta.url)));
  if (request.method !== "POST" || request.url !== "/uploads") return response.writeHead(404).end();
  const user = signedIn(request);
  if (!user) return response.writeHead(401).end();
  // A page of another origin cannot send this type without being asked for: https://fetch.spec.whatwg.org/#cors-safelisted-request-header
  if (request.headers["content-type"] !== "application/json") return response.writeHead(415).end();
  let body = "";
  for await (const piece of request) if ((body += piece).length > 10_000) return response.writeHead(413).end();
  const granted = await declare(user.mail, body);
  response.writeHead(granted.status, { "content-type": "application/json" }).end(await granted.text());
}

const server = createServer((request, response) =>
  answer(request, response).catch((error) => {
    console.error(error);
    response.writeHead(502).end();
  }),
);
server.listen(PORT, () => console.log(`http://localhost:${server.address().port}`));
