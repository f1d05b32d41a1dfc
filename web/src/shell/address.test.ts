import { describe, expect, it } from "vitest";
import { filtersOf, parseSearch, stringifySearch } from "./address";

describe("an address", () => {
  it("reads as a person would write it", () => {
    expect(stringifySearch({ from: "-24h", model: ["gpt-4o", "o3"], "tag:team": ["a b"], q: "", live: undefined })).toBe(
      "?from=-24h&model=gpt-4o&model=o3&tag:team=a+b",
    );
  });

  it("comes back the same", () => {
    const search = { from: "-7d", model: ["gpt-4o", "o3"], q: "50% & more", "tag:团队": "搜索" };
    expect(parseSearch(stringifySearch(search))).toEqual(search);
  });

  it("filters by dimensions and tags only", () => {
    expect(filtersOf({ model: "o3", q: "x", from: "-1h", "tag:team": ["a", "b"] })).toEqual({
      model: ["o3"],
      "tag:team": ["a", "b"],
    });
  });
});
