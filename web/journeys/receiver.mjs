// A receiver of webhooks that keeps what it is sent, and can refuse it.

import { createServer } from "node:http";
import { PATIENCE_MS } from "./patience.mjs";

export async function startReceiver() {
  const received = [];
  const answers = { status: 204 };
  const server = createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
      response.writeHead(answers.status).end();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    received, answers,
    url: `http://127.0.0.1:${server.address().port}/hooks/mno`,
    /** Resolves to the first message that fits, once it has come. */
    async message(fits, withinMs = PATIENCE_MS) {
      const end = Date.now() + withinMs;
      while (Date.now() < end) {
        const found = received.find(fits);
        if (found) return found;
        await new Promise((resume) => setTimeout(resume, 100));
      }
      throw new Error(`No such message among ${received.length} within ${withinMs} ms`);
    },
    stop: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    }),
  };
}
