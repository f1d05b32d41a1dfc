import { describe, expect, it } from "vitest";
import { bucketsOf, formatRelative, instantOf, intervalFor, periodBefore } from "./time";

const NOW = Date.parse("2026-11-21T12:34:56Z");

describe("a range of time", () => {
  it("resolves relative and absolute instants", () => {
    expect(instantOf("now", NOW)).toBe(NOW);
    expect(instantOf("-15m", NOW)).toBe(NOW - 900_000);
    expect(instantOf("2026-11-21T00:00:00Z", NOW)).toBe(Date.parse("2026-11-21T00:00:00Z"));
    expect(instantOf("yesterday", NOW)).toBeNaN();
  });

  it("keeps the period before relative while the range is live", () => {
    expect(periodBefore({ from: "-24h", to: "now" }, NOW)).toEqual({ from: "-48h", to: "-24h" });
  });

  it("puts the period before directly in front of a fixed range", () => {
    expect(periodBefore({ from: "2026-11-20T00:00:00Z", to: "2026-11-21T00:00:00Z" }, NOW)).toEqual({
      from: "2026-11-19T00:00:00Z",
      to: "2026-11-20T00:00:00Z",
    });
  });

  it.each([
    ["-1h", "minute"],
    ["-6h", "minute"],
    ["-24h", "hour"],
    ["-7d", "hour"],
    ["-30d", "day"],
  ])("shows %s by the %s", (from, interval) => {
    expect(intervalFor({ from, to: "now" }, NOW)).toBe(interval);
  });
});

describe("the buckets of a chart", () => {
  it("start at the bucket that holds the first instant and end before the last", () => {
    const buckets = bucketsOf(NOW - 2 * 3_600_000, NOW, "hour");
    expect(buckets.map((start) => new Date(start).toISOString())).toEqual([
      "2026-11-21T10:00:00.000Z",
      "2026-11-21T11:00:00.000Z",
      "2026-11-21T12:00:00.000Z",
    ]);
  });

  it("are never more than a page can draw", () => {
    expect(bucketsOf(0, NOW, "minute").length).toBe(5000);
  });
});

describe("relative time", () => {
  it("is written in the language of the page", () => {
    expect(formatRelative(NOW - 180_000, NOW, "en")).toBe("3 min. ago");
    expect(formatRelative(NOW - 180_000, NOW, "zh-Hant")).toBe("3 分鐘前");
  });
});
