// Writes the API's document as a page for people.

interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  description?: string;
  enum?: string[];
  items?: Schema;
  oneOf?: Schema[];
  allOf?: Schema[];
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  example?: unknown;
}

type Content = Record<string, { schema?: Schema }>;
type Answer = { $ref?: string; description?: string; content?: Content };
type Parameter = { name: string; in: string; required?: boolean; description?: string; schema?: Schema };

interface Operation {
  operationId: string;
  summary?: string;
  description?: string;
  tags: string[];
  parameters?: Parameter[];
  requestBody?: { content: Content };
  responses: Record<string, Answer>;
}

interface Document {
  info: { title: string; description: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; responses: Record<string, Answer> };
}

const headings: Record<string, string> = { upload: "Upload", manage: "List, read, change and delete", health: "Health", site: "Page and document" };

/** reference returns the page of an OpenAPI document. style is the address of its style. */
export function reference(text: string, style: string): string {
  const document: Document = JSON.parse(text);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, name: `${method.toUpperCase()} ${path}` })),
  );
  const groups = Object.entries(headings).map(([tag, heading]) => {
    const of = operations.filter(({ tags }) => tags[0] === tag);
    return { heading, of };
  });
  const missing = operations.length - groups.flatMap(({ of }) => of).length;
  if (missing) throw new Error(`${missing} operations have no heading: each needs a tag of ${Object.keys(headings)}`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Postern: the API</title>
<link rel="icon" type="image/svg+xml" href="icon.svg">
<link rel="stylesheet" href="${escape(style)}">
<body>
<header><h1>Postern: the API</h1><nav aria-label="Elsewhere"><a href="../">Page</a><a href="../openapi.json">openapi.json</a></nav></header>
<main>
<p>${prose(document.info.description)}</p>
<nav aria-label="Operations"><ul>${operations.map(({ operationId, name }) => `<li><a href="#${operationId}"><code>${escape(name)}</code></a></li>`).join("")}</ul></nav>
${groups.map(({ heading, of }) => `<section><h2>${heading}</h2>${of.map((operation) => section(operation, document)).join("")}</section>`).join("\n")}
<section><h2>Types</h2>${Object.entries(document.components.schemas).map(([name, schema]) => type(name, schema)).join("")}</section>
</main>
`;
}

function section({ operationId, name, summary, description, parameters = [], requestBody, responses }: Operation & { name: string }, document: Document): string {
  const answers = Object.entries(responses).map(([status, answer]) => {
    const { description, content } = answer.$ref ? document.components.responses[last(answer.$ref)] : answer;
    return [status, `${prose(description)} ${answer.$ref ? "" : shown(content)}`];
  });
  return `<section id="${operationId}"><h3><code>${escape(name)}</code></h3>
<p>${prose(summary)}. <span class="quiet">Operation <code>${operationId}</code>. ${prose(description)}</span></p>
${parameters.length ? table(["Parameter", "Where", "What"], parameters.map((p) => [`<code>${escape(p.name)}</code>`, `${p.in}${p.required ? ", required" : ""}`, prose(p.description)])) : ""}
${requestBody ? `<p>Body: ${shown(requestBody.content)}</p>` : ""}
${table(["Answer", "What"], answers)}</section>`;
}

/** shown names the types of a body. */
const shown = (content: Content = {}): string =>
  Object.entries(content).map(([kind, { schema }]) => (schema ? kindOf(schema) : escape(kind))).join(", ");

function type(name: string, { description, properties, required = [], oneOf, example }: Schema): string {
  const members = Object.entries(properties ?? {}).map(([member, schema]) => [
    `<code>${escape(member)}</code>${required.includes(member) ? "" : ' <span class="quiet">may be missing</span>'}`,
    kindOf(schema),
    prose(schema.description),
  ]);
  return `<section id="${name}"><h3>${name}</h3><p>${prose(description)}</p>
${oneOf ? `<p>One of ${oneOf.map(kindOf).join(", ")}</p>` : ""}
${members.length ? table(["Member", "Type", "What"], members) : ""}
${example === undefined || oneOf ? "" : `<h4>Example</h4><pre>${escape(JSON.stringify(example, null, 2))}</pre>`}</section>`;
}

/** kindOf names the type of a value, with a link where it has a section. */
function kindOf(schema: Schema): string {
  if (schema.$ref) return `<a href="#${last(schema.$ref)}">${last(schema.$ref)}</a>`;
  if (schema.allOf) return schema.allOf.filter(({ $ref }) => $ref).map(kindOf).join(", ");
  if (schema.enum) return schema.enum.map((value) => `<code>${escape(value)}</code>`).join(", ");
  if (schema.items) return `array of ${kindOf(schema.items)}`;
  if (typeof schema.additionalProperties === "object") return `map of ${kindOf(schema.additionalProperties)}`;
  return escape(schema.format === "date-time" ? "time" : (schema.type ?? "any"));
}

const table = (heads: string[], rows: string[][]): string =>
  `<table><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead><tbody>${rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("")}</tbody></table>`;

const prose = (text = ""): string => escape(text).replace(/`([^`]*)`/g, "<code>$1</code>");

const last = (ref: string): string => ref.slice(ref.lastIndexOf("/") + 1);

const escape = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
