import { expect, test } from "vitest";
import { kindOf, readOf, startOf } from "./entered";
import { boundsOf, partsOf, resolved, type Schema, typeText } from "./schema";

const ROOT: Schema = {
  type: "object",
  required: ["city", "where"],
  properties: {
    days: { type: "integer", minimum: 1, default: 3 },
    city: { type: "string" },
    unit: { enum: ["c", "f", 1] },
    hours: { type: "array", items: { type: "integer" } },
    where: { $ref: "#/$defs/Place" },
    note: { anyOf: [{ type: "string" }, { type: "null" }], description: "maybe" },
    any: {},
    exact: { type: "object", required: ["x"], properties: { x: { type: "number" } } },
  },
  $defs: { Place: { type: "object", properties: { lat: { type: "number" } }, required: ["lat"] } },
};
const read = (entered: Parameters<typeof readOf>[0]) => readOf(entered, ROOT, ROOT);

test("required parts come first and references are followed", () => {
  const parts = partsOf(ROOT, ROOT);
  expect(parts.map(({ name }) => name).slice(0, 2)).toEqual(["city", "where"]);
  expect(parts[1]?.schema["properties"]).toEqual({ lat: { type: "number" } });
});

test("a type reads as programmers write it", () => {
  const text = (name: string) => typeText(resolved((ROOT["properties"] as Schema)[name], ROOT), ROOT);
  expect([text("unit"), text("hours"), text("note"), text("where"), text("any")]).toEqual(['"c" | "f" | 1', "integer[]", "string", "object", ""]);
  expect(boundsOf({ minimum: 1, default: 3, format: "date" })).toEqual(["≥ 1", "date", "= 3"]);
});

test("a schema that refers to itself ends", () => {
  const loop: Schema = { $defs: { A: { type: "array", items: { $ref: "#/$defs/A" } }, B: { $ref: "#/$defs/B" } } };
  expect(typeText(resolved({ $ref: "#/$defs/A" }, loop), loop)).toMatch(/^….*\[\]$/);
  expect(kindOf(resolved({ $ref: "#/$defs/B" }, loop), 0)).toBe("json");
  expect(startOf(resolved({ $ref: "#/$defs/A" }, loop), loop)).toEqual([]);
});

test("what is entered becomes arguments of the schema's types", () => {
  const entered = { city: "Taipei", days: "7", unit: "1", hours: ["6", "18"], where: { lat: "25.03" }, note: "", any: '{"a": [1]}', exact: {} };
  expect(read(entered)).toEqual({ value: { city: "Taipei", days: 7, unit: 1, hours: [6, 18], where: { lat: 25.03 }, any: { a: [1] } }, faults: [] });
});

test("what was left alone is left out, and defaults stand there from the first", () => {
  const start = startOf(ROOT, ROOT);
  expect(start).toMatchObject({ days: "3", hours: [], city: undefined });
  expect(read(start)).toEqual({ value: { city: "", days: 3, where: {} }, faults: [{ path: "/where/lat", fault: "required" }] });
});

test("each fault is said where it is", () => {
  const { faults } = read({ city: "x", where: { lat: "north" }, days: "1.5", any: "{", hours: ["six"], exact: { x: "" } });
  expect(faults).toEqual([
    { path: "/where/lat", fault: "number" }, { path: "/days", fault: "integer" }, { path: "/hours/0", fault: "number" }, { path: "/any", fault: "json" },
  ]);
});
