// A small MCP server of either era over streamable HTTP, whose tools may be exchanged while it runs.

import { createServer } from "node:http";

export const MODERN = "2026-07-28";
export const OLDER = "2025-11-25";

/** A tool that answers with its arguments. */
export function tool(name, description, properties = {}, rest = {}) {
  return { name, description, inputSchema: { type: "object", properties }, ...rest };
}

async function read(request) {
  let text = "";
  for await (const piece of request) text += piece;
  return JSON.parse(text);
}

/** Starts one; `server.tools` and `server.answer` may be changed at any time. */
export async function startMcpServer({ era = MODERN, tools }) {
  const running = {
    tools,
    calls: [],
    answer: ({ name, arguments: given }) => ({ content: [{ type: "text", text: `${name} was called with ${JSON.stringify(given)}` }], structuredContent: { given } }),
  };
  const results = {
    "server/discover": () => ({ supportedVersions: [MODERN], capabilities: { tools: {} }, serverInfo: { name: "fake", version: "1" } }),
    initialize: () => ({ protocolVersion: OLDER, capabilities: { tools: {} }, serverInfo: { name: "fake", version: "1" } }),
    ping: () => ({}),
    "tools/list": () => ({ tools: running.tools }),
    "tools/call": ({ name, arguments: given }) => {
      running.calls.push(name);
      return running.answer({ name, arguments: given });
    },
  };
  const server = createServer(async (request, response) => {
    const { id, method, params } = await read(request);
    const send = (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(body && JSON.stringify(body));
    if (id === undefined) return send(202);
    const isForeign = era === OLDER ? request.headers["mcp-protocol-version"] === MODERN : method === "initialize";
    const result = isForeign ? undefined : results[method]?.(params ?? {});
    if (result === undefined) return send(era === OLDER ? 400 : 200, { jsonrpc: "2.0", id, error: { code: -32601, message: `Unknown method: ${method}` } });
    return send(200, { jsonrpc: "2.0", id, result: { ...(era === MODERN ? { resultType: "complete" } : {}), ...result } });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  running.url = `http://127.0.0.1:${server.address().port}/mcp`;
  running.stop = () => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  });
  return running;
}
