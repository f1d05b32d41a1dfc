/* Who called whom, as the server tells it, and where a node leads. */

import { queryOptions } from "@tanstack/react-query";
import { address, type Query, request } from "../../api/client";
import type { components } from "../../api/schema";
import type { Search } from "../../shell/address";

type Schemas = components["schemas"];
export type Topology = Schemas["TopologyShape"];
export type Node = Schemas["TopologyNode"];
export type Edge = Schemas["TopologyEdge"];
export type Traffic = Schemas["TopologyTraffic"];
export type Kind = Node["kind"];

export const topologyQuery = (query: Query) => queryOptions({ queryKey: ["topology", query], queryFn: ({ signal }) => request<Topology>(address("/api/topology", query), { signal }) });

/** The filters of Traces under which a node's spans are found; null where there are none. */
export function tracesOf(node: Node): Search | null {
  if (node.rest || node.name === "") return null;
  switch (node.kind) {
    case "agent":
      return { agent: node.name };
    case "model":
      return { model: node.name };
    case "tool":
      return { tool: spanNamesOf(node.name) };
    case "server":
      return { operation: "execute_tool", q: node.name };
    case "application":
      return { q: node.name };
  }
}

/** Behind the hub a tool has its server's name before its own. Its span has not; that of the hub's own has it with a dot. */
function spanNamesOf(name: string): string[] {
  const [, server, rest] = /^([^_]+)_(.+)$/s.exec(name) ?? [];
  return server === undefined || rest === undefined ? [name] : [name, rest, `${server}.${rest}`];
}
