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
      // behind the hub a tool has its server's name before its own, and its span has not
      return { tool: node.name.includes("_") ? [node.name, node.name.slice(node.name.indexOf("_") + 1)] : node.name };
    case "server":
      return { operation: "execute_tool", q: node.name };
    case "application":
      return { q: node.name };
  }
}
