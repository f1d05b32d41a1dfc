import { describe, expect, it } from "vitest";
import { amountOf, columnPlaces, formatMoney, nanoOf, placesFor, sumOf } from "./money";

describe("an amount of money", () => {
  it.each(["0.000000000", "12.345678901", "-0.000000001", "98765432109876.123456789"])("survives %s exactly", (amount) => {
    expect(amountOf(nanoOf(amount))).toBe(amount);
  });

  it("is added without the error of a float", () => {
    expect(sumOf(["0.100000000", "0.200000000"])).toBe("0.300000000");
  });

  it("is refused when it is not a decimal number", () => {
    expect(() => nanoOf("1e5")).toThrow(SyntaxError);
    expect(() => nanoOf("")).toThrow(SyntaxError);
  });

  it("adds up in any order", () => {
    for (let round = 0; round < 200; round += 1) {
      const amounts = Array.from({ length: 10 }, () => amountOf(BigInt(Math.floor((Math.random() - 0.5) * 1e15))));
      expect(sumOf(amounts)).toBe(sumOf([...amounts].reverse()));
    }
  });
});

describe("an amount on the page", () => {
  it("never shows a small amount as nothing", () => {
    expect(formatMoney("0.000012345", "USD", "en")).toBe("$0.0000123");
    expect(formatMoney("12.345678901", "USD", "en")).toBe("$12.35");
    expect(formatMoney("0", "USD", "en")).toBe("$0.00");
  });

  it("keeps about three figures", () => {
    expect(placesFor(0.5)).toBe(3);
    expect(placesFor(0.012)).toBe(4);
    expect(placesFor(250)).toBe(2);
  });

  it("shares its places with its column, so that the points align", () => {
    expect(columnPlaces(["12.5", "0.05", null])).toBe(3);
    expect(columnPlaces(["12.5", "3"])).toBe(2);
  });
});
