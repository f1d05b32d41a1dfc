import { expect, test } from "vitest";
import { askedOf } from "./asked";

test("what narrows logs is taken from an address, and nothing else", () => {
  const search = { from: "-1h", live: "1", level: "error", topic: ["a", "b"], service: "", "attr:region": "eu", model: "gpt-4o" };
  expect(askedOf(search)).toEqual({ level: ["error"], topic: ["a", "b"], "attr:region": ["eu"] });
});
