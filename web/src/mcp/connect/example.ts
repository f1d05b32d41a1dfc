/* A tool to begin with, and arguments that fit its schema as far as a schema says what fits. */

import type { Tool } from "../shapes";
import { definitionOf, hintsOf, isHeld, schemaOf } from "../tools/definition";
import { optionsOf } from "../tools/entered";
import { isObject, partsOf, resolved, type Schema, typeOf } from "../tools/schema";

/** One that only reads comes first, then one that needs no arguments. */
export function exampleOf(tools: readonly Tool[] | undefined): { name: string; listed_as: string | null; args: Record<string, unknown> } {
  const usable = (tools ?? []).filter((tool) => !isHeld(tool));
  const readers = usable.filter((tool) => hintsOf(definitionOf(tool)).includes("readOnly"));
  const harmless = usable.filter((tool) => !hintsOf(definitionOf(tool)).includes("destructive"));
  const chosen = [readers, harmless].flatMap((some) => [...some].sort((a, b) => requiredOf(a).length - requiredOf(b).length))[0];
  if (!chosen) return { name: "TOOL", listed_as: null, args: {} };
  return { name: chosen.name, listed_as: chosen.listed_as, args: Object.fromEntries(requiredOf(chosen).map(({ name, schema }) => [name, valueOf(schema)])) };
}

function requiredOf(tool: Tool) {
  const root = schemaOf(definitionOf(tool), "inputSchema") ?? {};
  return partsOf(resolved(root, root), root).filter(({ isRequired }) => isRequired);
}

function valueOf(schema: Schema): unknown {
  if ("default" in schema) return schema["default"];
  const [option] = optionsOf(schema) ?? [];
  if (option !== undefined) return JSON.parse(option) as unknown;
  switch (typeOf(schema)) {
    case "number":
    case "integer":
      return typeof schema["minimum"] === "number" ? schema["minimum"] : 1;
    case "boolean":
      return true;
    case "array":
      return [];
    case "object":
      return isObject(schema["properties"]) ? Object.fromEntries(partsOf(schema, schema).filter(({ isRequired }) => isRequired).map((part) => [part.name, valueOf(part.schema)])) : {};
    default:
      return "…";
  }
}
