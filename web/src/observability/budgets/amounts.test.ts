import { describe, expect, it } from "vitest";
import type { BudgetCounter } from "../../api/types";
import type { Translate } from "../../i18n/language";
import { amountText, burnDownLine, periodText, scopeText, toneOf } from "./amounts";

const t = ((key: string, fillings: Record<string, string | number> = {}) => `${key} ${Object.values(fillings).join()}`.trim()) as Translate;
const standing = (start: string, end: string) => ({ period_start: start, resets_at: end }) as BudgetCounter;

describe("amounts and periods of a budget", () => {
  it("reads money in dollars and the rest as counts", () => {
    expect(amountText("1.500000000", "money", "en", t)).toBe("$1.50");
    expect(amountText("12000", "tokens", "en", t)).toBe("budgets.tokens 12,000");
  });

  it("names a rolling window by its length", () => {
    expect(periodText({ period: "rolling", rolling_s: 30 * 86_400 }, t)).toBe("budgets.rollingDays 30");
    expect(periodText({ period: "rolling", rolling_s: 3_600 }, t)).toBe("budgets.rollingHours 1");
    expect(periodText({ period: "week", rolling_s: 0 }, t)).toBe("budgets.period.week");
  });

  it("says whom it is for", () => {
    const name = (dimension: string) => dimension.toUpperCase();
    expect(scopeText({ of: "project", matches: {}, per: "" }, name, t)).toBe("budgets.of.project");
    expect(scopeText({ of: "team", matches: { model: "gpt-4o" }, per: "user" }, name, t)).toBe("budgets.of.team · budgets.each USER · MODEL gpt-4o");
  });

  it("wants attention from four fifths on", () => {
    expect([79.9, 80, 100].map(toneOf)).toEqual(["good", "attention", "broken"]);
  });
});

describe("the burn-down", () => {
  it("rises with each step and ends at the present", () => {
    const start = "2026-11-28T00:00:00Z";
    const steps = [{ at: "2026-11-28T00:15:00Z", spent: "1" }, { at: "2026-11-28T01:00:00Z", spent: "4" }];
    const line = burnDownLine({ period: "day" }, standing(start, "2026-11-29T00:00:00Z"), steps, Date.parse("2026-11-28T01:10:00Z"));
    expect(line.buckets).toHaveLength(96);
    expect(line.spent.slice(0, 6)).toEqual([1, 1, 1, 4, 4, null]);
  });

  it("of a rolling window ends now", () => {
    const now = Date.parse("2026-11-28T12:00:00Z");
    const line = burnDownLine({ period: "rolling" }, standing("2026-11-27T12:00:00Z", "2026-11-28T13:00:00Z"), [], now);
    expect(line.buckets.at(-1)).toBe(now - 15 * 60_000);
    expect(line.spent.every((value) => value === 0)).toBe(true);
  });

  it("falls on whole hours over a month and on days beyond", () => {
    const now = Date.parse("2026-11-28T12:10:00Z");
    const month = burnDownLine({ period: "month" }, standing("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"), [], now);
    expect([month.interval, month.buckets.length]).toEqual(["hour", 720]);
    const quarter = burnDownLine({ period: "rolling" }, standing("2026-08-30T12:00:00Z", "2026-11-29T12:00:00Z"), [], now);
    expect([quarter.interval, quarter.buckets.length]).toEqual(["day", 91]);
  });
});
