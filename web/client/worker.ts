// The worker that sums parts, so that the page's own thread stays free.
import { PosternError } from "./errors.ts";
import { inWorker, sumHere } from "./sums.ts";

addEventListener("message", async ({ data: { id, blob } }) => {
  try {
    postMessage({ id, sum: await sumHere(blob, inWorker) });
  } catch (error) {
    const { code, message } = error as PosternError;
    postMessage({ id, failed: { code, message } });
  }
});
