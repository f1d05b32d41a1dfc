/* What is entered into a form that was made from a schema, and the arguments that it means. */

import { isObject, MOST_LEVELS, partsOf, resolved, type Schema, typeOf } from "./schema";

/** Numbers and JSON stay text while they are typed; undefined is left out. */
export type Entered = string | boolean | undefined | Entered[] | { [name: string]: Entered };

export type FieldKind = "string" | "number" | "boolean" | "choice" | "array" | "object" | "json";

export function kindOf(schema: Schema, level: number): FieldKind {
  if (optionsOf(schema)) return "choice";
  if (level >= MOST_LEVELS) return "json";
  switch (typeOf(schema)) {
    case "string":
      return "string";
    case "number":
    case "integer":
      return "number";
    case "boolean":
      return "boolean";
    case "array":
      return isObject(schema["items"]) ? "array" : "json";
    case "object":
      return isObject(schema["properties"]) && Object.keys(schema["properties"]).length > 0 ? "object" : "json";
    default:
      return "json";
  }
}

/** The values to choose from, as JSON; null where anything may be entered. */
export function optionsOf(schema: Schema): string[] | null {
  const options = Array.isArray(schema["enum"]) ? schema["enum"] : "const" in schema ? [schema["const"]] : null;
  return options && options.length > 0 ? [...new Set(options.map((each) => JSON.stringify(each)))] : null;
}

/** What stands in the form at first: the schema's defaults. */
export function startOf(schema: Schema, root: Schema, level = 0): Entered {
  const kind = kindOf(schema, level);
  if (kind === "object") return Object.fromEntries(partsOf(schema, root).map((part) => [part.name, startOf(part.schema, root, level + 1)]));
  if (!("default" in schema) || schema["default"] === null) return kind === "array" ? [] : undefined;
  const given = schema["default"];
  if (kind === "string" && typeof given === "string") return given;
  if (kind === "boolean" && typeof given === "boolean") return given;
  return kind === "array" ? [] : JSON.stringify(given);
}

export type Fault = "required" | "number" | "integer" | "json";

export interface Read {
  /** Undefined is left out. */
  value: unknown;
  faults: { path: string; fault: Fault }[];
}

/** The arguments, and what is wrong with them before anybody is asked. The hub checks the whole schema. */
export function readOf(entered: Entered, schema: Schema, root: Schema, isRequired = true, path = "", level = 0): Read {
  const kind = kindOf(schema, level);
  const wrong = (fault: Fault): Read => ({ value: undefined, faults: [{ path, fault }] });
  if (kind === "object") return readObject(isObject(entered) ? entered : {}, schema, root, isRequired, path, level);
  if (kind === "array") {
    const items = Array.isArray(entered) ? entered : [];
    const reads = items.map((each, place) => readOf(each, resolved(schema["items"], root), root, true, `${path}/${place}`, level + 1));
    const isLeftOut = items.length === 0 && !isRequired;
    return { value: isLeftOut ? undefined : reads.map(({ value }) => value), faults: reads.flatMap(({ faults }) => faults) };
  }
  // a text may be empty on purpose where it must be there
  if (kind === "string" && isRequired) return { value: typeof entered === "string" ? entered : "", faults: [] };
  if (entered === undefined || entered === "") return isRequired ? wrong("required") : { value: undefined, faults: [] };
  if (kind === "number") {
    const value = Number(entered);
    if (Number.isNaN(value)) return wrong("number");
    return typeOf(schema) === "integer" && !Number.isInteger(value) ? wrong("integer") : { value, faults: [] };
  }
  if (kind === "string" || kind === "boolean") return { value: entered, faults: [] };
  try {
    return { value: JSON.parse(typeof entered === "string" ? entered : ""), faults: [] };
  } catch {
    return wrong("json");
  }
}

function readObject(entered: { [name: string]: Entered }, schema: Schema, root: Schema, isRequired: boolean, path: string, level: number): Read {
  const reads = partsOf(schema, root).map((part) => ({ name: part.name, read: readOf(entered[part.name], part.schema, root, part.isRequired, `${path}/${part.name}`, level + 1) }));
  const value = Object.fromEntries(reads.filter(({ read }) => read.value !== undefined).map(({ name, read }) => [name, read.value]));
  const isTouched = reads.some(({ name }) => !isBlank(entered[name]));
  // an object that nobody touched is left out with what is required in it
  if (!isRequired && !isTouched) return { value: undefined, faults: [] };
  return { value, faults: reads.flatMap(({ read }) => read.faults) };
}

function isBlank(entered: Entered): boolean {
  if (Array.isArray(entered)) return entered.length === 0;
  return isObject(entered) ? Object.values(entered).every((each) => isBlank(each)) : entered === undefined || entered === "";
}
