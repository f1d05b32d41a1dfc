import { expect, test } from "vitest";
import { stateOf } from "./shapes";

const EARLY = "2026-11-01T08:00:00Z";
const LATE = "2026-11-01T09:00:00Z";

test("the later of success and failure says how a channel is", () => {
  expect(stateOf({ delivered_at: null, failed_at: null })).toBe("new");
  expect(stateOf({ delivered_at: EARLY, failed_at: null })).toBe("working");
  expect(stateOf({ delivered_at: LATE, failed_at: EARLY })).toBe("working");
  expect(stateOf({ delivered_at: EARLY, failed_at: LATE })).toBe("failing");
  expect(stateOf({ delivered_at: null, failed_at: LATE })).toBe("failing");
});
