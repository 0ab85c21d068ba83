// A program by the types that openapi-typescript generates from docs/openapi.json.
import createClient from "openapi-fetch";
import type { paths } from "./schema.ts";

/** upload stores a file and returns its id when it can be downloaded. */
export async function upload(api: string, authorization: string, filename: string, content: Blob): Promise<string> {
  const client = createClient<paths>({ baseUrl: api, headers: { authorization } });
  const { data: grant, error } = await client.POST("/uploads", { body: { filename, size: content.size } });
  if (error) throw new Error(error.message);
  if (!("method" in grant) || grant.method !== "PUT") throw new Error("no PUT is granted");
  const stored = await fetch(grant.url, { method: "PUT", headers: grant.headers, body: content });
  if (!stored.ok) throw new Error(await stored.text());
  for (;;) {
    const { data, error } = await client.GET("/uploads/{id}", { params: { path: { id: grant.id } } });
    if (error) throw new Error(error.message);
    if (data.status === "ready") return data.id;
    if (data.status === "rejected") throw new Error(data.reason);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
