/*
 * What a person copies to bring an MCP client to the hub, in each client's own documented format. The journey
 * (web/journeys/integrations.mjs) runs those for which there is a client to run.
 */

export type Client = "claude-code" | "claude-desktop" | "cursor" | "vscode" | "inspector" | "python" | "typescript" | "curl";

/** By key, or by signing in through the browser, for which a client needs the address alone. */
export type Way = "sign-in" | "key";

export const CLIENT_TITLES: Record<Client, string> = {
  "claude-code": "Claude Code", "claude-desktop": "Claude Desktop", cursor: "Cursor", vscode: "VS Code", inspector: "MCP Inspector", python: "Python SDK", typescript: "TypeScript SDK", curl: "curl",
};

/** A program of one's own holds a key; so does the inspector's command line, which opens no browser. */
const WITHOUT_SIGN_IN: readonly Client[] = ["inspector", "python", "typescript", "curl"];

export const clientsOf = (way: Way): Client[] => (Object.keys(CLIENT_TITLES) as Client[]).filter((client) => way === "key" || !WITHOUT_SIGN_IN.includes(client));

/** Where what is copied goes: a file, or a shell where there is none. */
export function fileOf(client: Client, way: Way): string {
  switch (client) {
    case "claude-desktop":
      return way === "key" ? "claude_desktop_config.json" : "";
    case "cursor":
      return "~/.cursor/mcp.json";
    case "vscode":
      return ".vscode/mcp.json";
    case "python":
      return "client.py";
    case "typescript":
      return "client.mjs";
    default:
      return "";
  }
}

export interface Reached {
  /** Of all tools, or of one server's. */
  url: string;
  way: Way;
  /** A tool to begin with and arguments for it; the name that it has at this address. */
  tool: string;
  args: Record<string, unknown>;
}

export function snippetOf(client: Client, { url, way, tool, args }: Reached): string {
  const isKey = way === "key";
  switch (client) {
    case "claude-code":
      return `claude mcp add --transport http mno ${url}${isKey ? ' \\\n  --header "Authorization: Bearer $MNO_KEY"' : ""}`;
    case "claude-desktop":
      // reads no address with a header from its file, so a small program stands between
      return isKey ? json({ mcpServers: { mno: { command: "npx", args: ["-y", "mcp-remote", url, ...(url.startsWith("http:") ? ["--allow-http"] : []), "--header", "Authorization:${MNO_AUTHORIZATION}"], env: { MNO_AUTHORIZATION: "Bearer mno_…" } } } }) : url;
    case "cursor":
      return json({ mcpServers: { mno: { url, ...(isKey ? { headers: { Authorization: "Bearer ${env:MNO_KEY}" } } : {}) } } });
    case "vscode":
      return json({
        ...(isKey ? { inputs: [{ type: "promptString", id: "mno-key", description: "MachineNativeOps key", password: true }] } : {}),
        servers: { mno: { type: "http", url, ...(isKey ? { headers: { Authorization: "Bearer ${input:mno-key}" } } : {}) } },
      });
    case "inspector":
      return `npx @modelcontextprotocol/inspector --cli ${url} --transport http \\\n  --header "Authorization: Bearer $MNO_KEY" --method tools/list`;
    case "python":
      return `# pip install "mcp>=2"
import asyncio
import os

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


async def main() -> None:
    headers = {"Authorization": f"Bearer {os.environ['MNO_KEY']}"}
    async with httpx2.AsyncClient(headers=headers) as http:
        async with Client(streamable_http_client("${url}", http_client=http)) as client:
            for tool in (await client.list_tools()).tools:
                print(tool.name)
            print(await client.call_tool(${JSON.stringify(tool)}, ${pythonOf(args)}))


asyncio.run(main())`;
    case "typescript":
      return `// npm install @modelcontextprotocol/sdk
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const client = new Client({ name: "my-client", version: "1.0.0" });
await client.connect(
  new StreamableHTTPClientTransport(new URL("${url}"), {
    requestInit: { headers: { Authorization: \`Bearer \${process.env.MNO_KEY}\` } },
  }),
);
console.log((await client.listTools()).tools.map(({ name }) => name));
console.log(await client.callTool({ name: ${JSON.stringify(tool)}, arguments: ${JSON.stringify(args)} }));
await client.close();`;
    case "curl":
      return `curl ${url} \\
  -H "Authorization: Bearer $MNO_KEY" -H 'Content-Type: application/json' \\
  -H 'Accept: application/json, text/event-stream' -H 'MCP-Protocol-Version: 2025-11-25' \\
  -d '${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool, arguments: args } }).replaceAll("'", String.raw`'\''`)}'`;
  }
}

const json = (value: unknown) => JSON.stringify(value, null, 2);

/** JSON but for the three words that Python spells otherwise. */
function pythonOf(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonOf).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${pythonOf(inner)}`).join(", ")}}`;
  return JSON.stringify(value);
}
