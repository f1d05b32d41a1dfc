/* How a JSON schema reads: what it is, what bounds it, what it consists of. A schema comes from a stranger. */

export type Schema = Record<string, unknown>;

/** Deeper parts of a schema are shown as JSON: it may refer to itself. */
export const MOST_LEVELS = 6;

export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** The schema that a local `$ref` names, and the one value's of "that or null"; anything else as it is. */
export function resolved(schema: unknown, root: Schema): Schema {
  let found = isObject(schema) ? schema : {};
  for (let step = 0; step < MOST_LEVELS; step++) {
    const { $ref, ...beside } = found;
    if (typeof $ref === "string" && $ref.startsWith("#/")) {
      const named = $ref.slice(2).split("/").reduce<unknown>((at, name) => (isObject(at) ? at[name.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined), root);
      if (!isObject(named)) return found;
      found = { ...named, ...beside };
      continue;
    }
    const choices = Array.isArray(found["anyOf"]) ? found["anyOf"] : Array.isArray(found["oneOf"]) ? found["oneOf"] : null;
    const others = choices?.filter((each) => !(isObject(each) && each["type"] === "null"));
    if (!choices || others?.length !== 1 || others.length === choices.length) return found;
    const rest = Object.fromEntries(Object.entries(found).filter(([name]) => name !== "anyOf" && name !== "oneOf"));
    found = { ...(isObject(others[0]) ? others[0] : {}), ...rest };
  }
  return found;
}

/** The one type beside null; empty where there are several or none is said. */
export function typeOf({ type, properties, enum: options }: Schema): string {
  const types = (Array.isArray(type) ? type : [type]).filter((each) => typeof each === "string" && each !== "null");
  if (types.length === 1) return String(types[0]);
  return types.length === 0 && isObject(properties) && !options ? "object" : "";
}

export interface Part {
  name: string;
  schema: Schema;
  isRequired: boolean;
}

/** The properties of an object, required ones first, else as they were written. */
export function partsOf(schema: Schema, root: Schema): Part[] {
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const parts = Object.entries(properties).map(([name, part]) => ({ name, schema: resolved(part, root), isRequired: required.includes(name) }));
  return [...parts.filter(({ isRequired }) => isRequired), ...parts.filter(({ isRequired }) => !isRequired)];
}

/** `string`, `integer[]`, `"a" | "b"`, `string | number`: the type as programmers write it. */
export function typeText(schema: Schema, root: Schema, level = 0): string {
  if (level > MOST_LEVELS) return "…";
  const options = Array.isArray(schema["enum"]) ? schema["enum"] : "const" in schema ? [schema["const"]] : null;
  if (options) return options.map((each) => JSON.stringify(each)).join(" | ");
  const type = typeOf(schema);
  if (type === "array") return `${typeText(resolved(schema["items"], root), root, level + 1) || "any"}[]`;
  if (type) return type;
  const choices = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(choices)) return choices.map((each) => typeText(resolved(each, root), root, level + 1) || "any").join(" | ");
  return Array.isArray(schema["type"]) ? schema["type"].join(" | ") : "";
}

const BOUNDS: readonly [string, string][] = [
  ["minimum", "≥"], ["exclusiveMinimum", ">"], ["maximum", "≤"], ["exclusiveMaximum", "<"], ["multipleOf", "×"],
  ["minLength", "length ≥"], ["maxLength", "length ≤"], ["minItems", "items ≥"], ["maxItems", "items ≤"],
];

/** What bounds a value, each as a short text: `≥ 1`, `= 3` for the default, a format, a pattern. */
export function boundsOf(schema: Schema): string[] {
  const bounds = BOUNDS.filter(([name]) => typeof schema[name] === "number").map(([name, sign]) => `${sign} ${String(schema[name])}`);
  const texts = ["format", "pattern"].flatMap((name) => (typeof schema[name] === "string" ? [schema[name]] : []));
  return [...bounds, ...texts, ...("default" in schema ? [`= ${JSON.stringify(schema["default"])}`] : [])];
}
