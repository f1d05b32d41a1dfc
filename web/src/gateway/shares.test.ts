import { expect, test } from "vitest";
import { isOwnNetwork, isProviderName } from "./presets";
import { moved, sharesOf } from "./shares";

test("weights are shares, and weight 0 waits for a failure", () => {
  const shares = sharesOf([{ provider: "a", model: "x", weight: 95 }, { provider: "a", model: "y", weight: 5 }, { provider: "b", model: "z", weight: 0 }]);
  expect(shares.map(({ share }) => share)).toEqual([0.95, 0.05, 0]);
});

test("no weights at all divide nothing", () => {
  expect(sharesOf([{ provider: "a", model: "x", weight: 0 }])[0]?.share).toBe(0);
});

test("a target changes places with its neighbour and never leaves the list", () => {
  expect(moved(["a", "b", "c"], 1, -1)).toEqual(["b", "a", "c"]);
  expect(moved(["a", "b", "c"], 2, 1)).toEqual(["a", "b", "c"]);
});

test("addresses of the own network are told apart", () => {
  for (const own of ["http://localhost:8000", "http://10.0.0.7:8000", "http://172.20.1.1", "http://vllm:8000", "http://[::1]:80"]) expect(isOwnNetwork(own)).toBe(true);
  for (const other of ["https://api.openai.com", "http://172.32.0.1", "", "https://"]) expect(isOwnNetwork(other)).toBe(false);
});

test("a provider's name can stand in an address", () => {
  expect(isProviderName("my-vllm")).toBe(true);
  for (const wrong of ["", "-a", "a-", "A", "a b", "a/b", "x".repeat(41)]) expect(isProviderName(wrong)).toBe(false);
});
