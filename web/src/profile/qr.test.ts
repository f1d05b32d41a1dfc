import { expect, test } from "vitest";
import { pathOf } from "./QrCode";

test("neighbouring dark modules are one run", () => {
  expect(pathOf([[false, true, true], [true, false, true]])).toBe("M1 0h2v1h-2zM0 1h1v1h-1zM2 1h1v1h-1z");
});

test("nothing dark is no path", () => {
  expect(pathOf([[false], [false]])).toBe("");
});
