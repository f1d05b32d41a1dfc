import { describe, expect, it } from "vitest";
import { changeOf, formatBytes, formatChange, formatCompact, formatDuration } from "./number";

describe("figures on the page", () => {
  it.each([
    [0, "0 ms"],
    [0.42, "420 µs"],
    [34.4, "34 ms"],
    [1420, "1.42 s"],
    [125_000, "2 min 5 s"],
    [11_520_000, "3 h 12 min"],
  ])("write %d ms as %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds, "en")).toBe(text);
  });

  it("shorten large counts in the language's own steps", () => {
    expect(formatCompact(9876, "en")).toBe("9,876");
    expect(formatCompact(123_456, "en")).toBe("123.5K");
    expect(formatCompact(123_456, "zh-Hant")).toBe("12.3萬");
  });

  it("write sizes with their unit", () => {
    expect(formatBytes(1_530_000, "en")).toBe("1.5 MB");
  });

  it("write a change in percent, and beyond tenfold as a factor", () => {
    expect(formatChange(0.214, "en")).toBe("+21%");
    expect(formatChange(-0.05, "en")).toBe("-5%");
    expect(formatChange(37.2, "en")).toBe("×38");
  });

  it("compare only with something", () => {
    expect(changeOf(15, 10)).toBe(0.5);
    expect(changeOf(5, 0)).toBeNull();
    expect(changeOf(0, 0)).toBe(0);
  });
});
