import { expect, test } from "vitest";
import { fieldOfInstant, instantOfField, rangesOf, stateOf } from "./keys";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const WORKING = { revoked_at: null, expires_at: null, replaced_by: null };

test("a replaced key works until its end, and then is over", () => {
  expect(stateOf(WORKING, NOW)).toBe("working");
  expect(stateOf({ ...WORKING, replaced_by: "key_2", expires_at: "2026-11-22T12:00:00Z" }, NOW)).toBe("ending");
  expect(stateOf({ ...WORKING, replaced_by: "key_2", expires_at: "2026-11-21T12:00:00Z" }, NOW)).toBe("expired");
  expect(stateOf({ ...WORKING, revoked_at: "2026-11-20T12:00:00Z", expires_at: "2026-11-19T12:00:00Z" }, NOW)).toBe("revoked");
});

test("address ranges are read as people type them, each once", () => {
  expect(rangesOf(" 203.0.113.0/24, 2001:db8::/32\n203.0.113.0/24;198.51.100.7 ")).toEqual(["203.0.113.0/24", "2001:db8::/32", "198.51.100.7"]);
  expect(rangesOf("  ")).toEqual([]);
});

test("a moment typed in a field is the same moment when it is shown again", () => {
  expect(instantOfField("2027-01-31T08:30")).toBe("2027-01-31T08:30:00.000Z");
  expect(fieldOfInstant("2027-01-31T08:30:00Z")).toBe("2027-01-31T08:30");
  expect([instantOfField(""), instantOfField("soon"), fieldOfInstant(null)]).toEqual([null, null, ""]);
});
