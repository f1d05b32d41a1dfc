import { expect, test } from "vitest";
import { piecesOf } from "./marked";

const found = (start: number, end: number) => ({ rule: "email", start, end, replacement: "…" });

test("places are counted in code points, so an emoji before a match does not shift it", () => {
  const pieces = piecesOf("🙂🙂 a@b.c!", [found(3, 8)]);
  expect(pieces.map(({ text, found: each }) => [text, each !== null])).toEqual([["🙂🙂 ", false], ["a@b.c", true], ["!", false]]);
});

test("an overlap is shown once and no text is lost", () => {
  const pieces = piecesOf("abcdef", [found(1, 4), found(2, 5)]);
  expect(pieces.map(({ text }) => text).join("")).toBe("abcdef");
  expect(pieces.filter((piece) => piece.found)).toHaveLength(1);
});

test("a text without a match is one piece, an empty one none", () => {
  expect(piecesOf("abc", [])).toEqual([{ text: "abc", found: null }]);
  expect(piecesOf("", [])).toEqual([]);
});
