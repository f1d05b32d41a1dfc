/* The team's MCP servers and their tools as the hub tells of them, and the limits that it keeps (docs/reference/limits.md). */

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { address, request } from "../api/client";
import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type Server = Schemas["McpServerShape"];
export type ServerWish = Schemas["McpServerWish"];
export type ServerChange = Schemas["McpServerChange"];
export type Transport = Server["transport"];
export type CredentialKind = Server["credential_kind"];
export type Health = Schemas["McpServerHealth"];
export type Check = Schemas["McpCheck"];
export type Imported = Schemas["McpImported"];

export const MAX_TIMEOUT_S = 3600;
export const MAX_CALLS_PER_MINUTE = 1_000_000;
export const MAX_CONCURRENT_CALLS = 10_000;
export const MAX_RESULT_BYTES = 64 * 1024 * 1024;
export const MAX_TAGS = 20;
const HEALTH_EVERY_MS = 5000;
const MCP = "mcp";

interface Listed<Item> {
  items: Item[];
}

export const serversQuery = queryOptions({
  queryKey: [MCP, "servers"],
  queryFn: ({ signal }) => request<Listed<Server>>("/api/mcp/registry", { signal }),
  select: ({ items }) => items,
});

export const healthQuery = queryOptions({
  queryKey: [MCP, "health"],
  queryFn: ({ signal }) => request<Listed<Health>>("/api/mcp/registry/health", { signal }),
  select: ({ items }) => new Map(items.map((each) => [each.id, each])),
  refetchInterval: HEALTH_EVERY_MS,
});

export type CredentialScope = Server["credential_scope"];

/** How a server stands for the person who looks: by their own credential, or the team's. */
export const connectionQuery = (serverId: string) =>
  queryOptions({
    queryKey: [MCP, "connection", serverId],
    queryFn: ({ signal }) => request<Schemas["McpConnectionShape"]>(`/api/mcp/registry/${serverId}/credential`, { signal }),
  });

/** A change of the registry, after which all of it is asked anew: health and tools speak of servers. */
export function useMcpChange<Wish = void, Answer = unknown>(change: (wish: Wish) => Promise<Answer>, done?: (answer: Answer) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (answer) => {
      done?.(answer);
      return queries.invalidateQueries({ queryKey: [MCP] });
    },
  });
}

export type Tool = Schemas["McpToolShape"];
export type CallResult = Schemas["McpCallResult"];
export type HubServer = Schemas["HubServerShape"];

/** The hub's own servers; they stand in no registry. */
export const hubServersQuery = queryOptions({
  queryKey: [MCP, "builtin"],
  queryFn: ({ signal }) => request<Listed<HubServer>>("/api/mcp/builtin", { signal }),
  select: ({ items }) => items,
});

/** Every tool that was ever seen at a server. */
export const toolsQuery = (serverId: string) =>
  queryOptions({
    queryKey: [MCP, "tools", serverId],
    queryFn: ({ signal }) => request<Listed<Tool>>(`/api/mcp/registry/${serverId}/tools`, { signal }),
    select: ({ items }) => items,
  });

export type ServerTraffic = Schemas["ServerTraffic"];

/** What went to each server through the hub in the last hour, by the server's name. */
export const trafficQuery = queryOptions({
  queryKey: [MCP, "traffic"],
  queryFn: ({ signal }) => request<Listed<ServerTraffic>>(address("/api/topology/servers", { from: "-1h" }), { signal }),
  select: ({ items }) => new Map(items.map(({ server, traffic }) => [server, traffic])),
});

const FIRST_CALL_EVERY_MS = 2000;

/** Servers that a new key has called a tool of; asked until there is one. */
export const firstCallsQuery = (keyId: string) =>
  queryOptions({
    queryKey: [MCP, "first-call", keyId],
    queryFn: ({ signal }) => request<Listed<ServerTraffic>>(address("/api/topology/servers", { from: "-24h", api_key: keyId }), { signal }),
    select: ({ items }) => items,
    refetchInterval: ({ state }) => (state.data?.items.length ? false : FIRST_CALL_EVERY_MS),
  });

export type ToolRule = Schemas["ToolRuleShape"];
export type ToolRuleWish = Schemas["ToolRuleWish"];
export type GatedCall = Schemas["GatedCallShape"];
export type GatedOutcome = Schemas["GatedCallOutcome"];

export const MAX_TOOL_QUOTA = 10 ** 12;
export const MAX_TOOL_RETRIES = 5;
export const MAX_APPROVAL_CHANNELS = 10;
export const MIN_APPROVAL_S = 10;
export const MAX_APPROVAL_S = 30 * 24 * 3600;

export const rulesQuery = queryOptions({
  queryKey: [MCP, "rules"],
  queryFn: ({ signal }) => request<Listed<ToolRule>>("/api/mcp/policies", { signal }),
  select: ({ items }) => items,
});

const WAITING_EVERY_MS = 2000;
const OPEN: readonly GatedCall["state"][] = ["waiting", "approved", "running"];

/** What becomes of a call that waits for somebody's word; asked until it has ended. */
export const gatedCallQuery = (id: string) =>
  queryOptions({
    queryKey: [MCP, "call", id],
    queryFn: ({ signal }) => request<GatedOutcome>(`/api/mcp/calls/${id}`, { signal }),
    refetchInterval: ({ state }) => (state.data && !OPEN.includes(state.data.state) ? false : WAITING_EVERY_MS),
  });

/** Operations of an OpenAPI document, and which of them cannot be tools. */
export const operationsQuery = (serverId: string) =>
  queryOptions({
    queryKey: [MCP, "operations", serverId],
    queryFn: ({ signal }) => request<Schemas["McpOperationList"]>(`/api/mcp/registry/${serverId}/operations`, { signal }),
  });
