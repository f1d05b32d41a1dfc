import { expect, test } from "vitest";
import { masked, mayBeFor } from "./masked";

test("an address keeps its first letter and its domain", () => {
  expect(masked("ada@example.com")).toBe("a…@example.com");
  expect(masked("")).toBe("");
});

test("an invitation is for another person where the domain or the first letter differs", () => {
  expect(mayBeFor("a…@example.com", "Ada@example.com")).toBe(true);
  expect(mayBeFor("a…@example.com", "eve@example.com")).toBe(false);
  expect(mayBeFor("a…@example.com", "ada@example.org")).toBe(false);
  expect(mayBeFor("a…@example.com", "")).toBe(false);
});
