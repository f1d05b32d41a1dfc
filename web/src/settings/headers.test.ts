import { expect, test } from "vitest";
import { headersOf } from "./headers";

test("one header a line, blanks around it left out", () => {
  expect(headersOf(" Authorization:  Bearer a:b \n\nX-Team: ops\n")).toEqual({ Authorization: "Bearer a:b", "X-Team": "ops" });
  expect(headersOf("")).toEqual({});
});

test("a line that is no header, or a name twice, is none", () => {
  expect(headersOf("Bearer abc")).toBeNull();
  expect(headersOf(": abc")).toBeNull();
  expect(headersOf("a: 1\na: 2")).toBeNull();
});
