/* A tool's definition as its server wrote it: the parts that a page shows, where they are what they should be. */

import type { HubServer, Server, Tool } from "../shapes";
import { isObject, type Schema } from "./schema";

export interface ServerTool {
  server: Pick<Server, "name" | "prefix" | "enabled"> & { /** Empty for one of the hub's own. */ id: string };
  tool: Tool;
  /** Whether whoever looks may use it, as far as that is known: the hub's own tools need a permission each. */
  isPermitted: boolean;
}

/** A tool of the hub's own needs nobody's acceptance: it comes with the hub. */
export function toolsOfHub({ name, tools }: HubServer): ServerTool[] {
  return tools.map((each) => ({
    server: { id: "", name, prefix: name, enabled: true },
    tool: { name: each.name, listed_as: permissionNameOf(name, each.name), state: "accepted", accepted: each.definition, offered: null, digest: "", differences: [], hidden: [] },
    isPermitted: each.permitted,
  }));
}

export type Definition = Record<string, unknown>;

/** What is offered now where that differs, else what was accepted. */
export const definitionOf = ({ offered, accepted }: Tool): Definition => offered ?? accepted ?? {};

const textOf = (value: unknown) => (typeof value === "string" ? value : "");

export function titleOf(definition: Definition): string {
  const annotations = isObject(definition["annotations"]) ? definition["annotations"] : {};
  return textOf(definition["title"]) || textOf(annotations["title"]);
}

export const descriptionOf = (definition: Definition): string => textOf(definition["description"]);

export const schemaOf = (definition: Definition, name: "inputSchema" | "outputSchema"): Schema | null => {
  const schema = definition[name];
  return isObject(schema) ? schema : null;
};

export const HINTS = ["readOnly", "destructive", "idempotent", "openWorld"] as const;
export type Hint = (typeof HINTS)[number];

/** What the server says of its tool; a tool that only reads destroys nothing, whatever else is said. */
export function hintsOf(definition: Definition): Hint[] {
  const annotations = isObject(definition["annotations"]) ? definition["annotations"] : {};
  const said = HINTS.filter((hint) => annotations[`${hint}Hint`] === true);
  return said.includes("readOnly") ? said.filter((hint) => hint !== "destructive") : said;
}

/** By which rights, caps and the audit log know a tool, whatever its server's prefix is; the hub's own tools bring their server's name with them. */
export const permissionNameOf = (server: string, tool: string): string => `${server}_${tool.startsWith(`${server}.`) ? tool.slice(server.length + 1) : tool}`;
/** The name by which rules know it. */
export const ruledNameOf = (server: string, tool: string): string => permissionNameOf(server, tool).slice(server.length + 1);
/** What clients call it at /mcp; of one that is not offered there, what it is known by. */
export const listedNameOf = ({ server, tool }: ServerTool): string => tool.listed_as ?? permissionNameOf(server.name, tool.name);
/** Whether its server's name had to be put before it. */
export const isListedApart = ({ server, tool }: Pick<ServerTool, "tool"> & { server: Pick<Server, "prefix"> }): boolean => server.prefix === "" && tool.listed_as !== null && tool.listed_as !== tool.name;

export const isHeld = ({ state }: Tool): boolean => state !== "accepted";
/** Under which name the address of the page has it. */
export const keyOf = ({ server, tool }: ServerTool): string => `${server.name}/${tool.name}`;
