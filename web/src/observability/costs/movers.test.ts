import { expect, it } from "vitest";
import { moversOf } from "./movers";

const NOW = [{ name: "a", cost: "10.000000001" }, { name: "b", cost: "1.5" }, { name: "new", cost: "3" }];
const BEFORE = [{ name: "a", cost: "10" }, { name: "b", cost: "1.5" }, { name: "gone", cost: "7" }];

it("movers are ordered by money, include what is new and what is gone, and leave out what stood still", () => {
  expect(moversOf(NOW, BEFORE, 8)).toEqual([
    { name: "gone", now: "0", before: "7", difference: "-7.000000000" },
    { name: "new", now: "3", before: "0", difference: "3.000000000" },
    { name: "a", now: "10.000000001", before: "10", difference: "0.000000001" },
  ]);
});

it("only the largest movers are kept", () => {
  expect(moversOf(NOW, BEFORE, 1)).toHaveLength(1);
});
