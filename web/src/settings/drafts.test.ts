import { expect, test } from "vitest";
import { changed, faultOf, valueIn } from "./drafts";
import { isFound, type Setting } from "./shapes";

function setting(parts: Partial<Setting>): Setting {
  return {
    name: "retention.spans_days", kind: "integer", unit: "days", choices: [], minimum: 0, maximum: 3650, levels: ["hub"], at_once: true,
    awaits: "", words: { en: { title: "Keep spans", description: "For so long" }, "zh-Hant": { title: "保留跨度", description: "" } },
    default: 0, value: 0, source: null, own: null, ...parts,
  };
}

test("an edit that leads back to what is saved is no edit", () => {
  const inherited = setting({ value: 90, source: "hub" });
  expect(changed({}, inherited, 30)).toEqual({ "retention.spans_days": 30 });
  expect(changed({ "retention.spans_days": 30 }, inherited, 90)).toEqual({});
  expect(changed({ "retention.spans_days": 30 }, inherited, null)).toEqual({});
});

test("taking an own value away is an edit, also where the value is that of the level above", () => {
  const own = setting({ value: 90, source: "team", own: 90 });
  expect(changed({}, own, null)).toEqual({ "retention.spans_days": null });
  expect(changed({}, own, 90)).toEqual({});
});

test("on the hub a value that is taken away leaves the default", () => {
  expect(valueIn({ "retention.spans_days": null }, setting({ value: 90, own: 90 }), "hub")).toBe(0);
});

test.each([
  [setting({}), "", "number"],
  [setting({}), 1.5, "whole"],
  [setting({}), 3651, "range"],
  [setting({}), 3650, null],
  [setting({ kind: "networks" }), ["10.0.0.1/8"], "network"],
  [setting({ kind: "networks" }), ["10.0.0.0/8"], null],
  [setting({ kind: "patterns" }), [{ name: "", pattern: "x", replacement: "" }], "pattern"],
  [setting({}), null, null],
])("faults are found before saving: %#", (of, value, fault) => {
  expect(faultOf(of, value)).toBe(fault);
});

test("a setting is found by its name and by its words in every language", () => {
  expect(isFound(setting({}), "spans keep")).toBe(true);
  expect(isFound(setting({}), "保留")).toBe(true);
  expect(isFound(setting({}), "secrets")).toBe(false);
});
