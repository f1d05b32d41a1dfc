import { expect, test } from "vitest";
import { differenceOf, linesOf, visibleOf, wordsOf, written } from "./difference";

test("what both have in common stays, the rest is marked on its side", () => {
  const { before, after } = differenceOf(wordsOf("Reads a file."), wordsOf("Reads and sends a file."));
  expect(before).toEqual([{ text: "Reads a file.", isChanged: false }]);
  expect(after).toEqual([{ text: "Reads ", isChanged: false }, { text: "and sends ", isChanged: true }, { text: "a file.", isChanged: false }]);
});

test("changed words with common blanks between them are one piece", () => {
  const { after } = differenceOf(wordsOf("Says one thing."), wordsOf("Says quite another matter."));
  expect(after).toEqual([{ text: "Says ", isChanged: false }, { text: "quite another matter.", isChanged: true }]);
});

test("both sides put together are the texts themselves", () => {
  const [one, other] = ["a\nb\n\nc", "b\nx\nc\n"];
  const { before, after } = differenceOf(linesOf(one), linesOf(other));
  expect([before, after].map((side) => side.map(({ text }) => text).join(""))).toEqual([one, other]);
});

test("texts that are too long to be compared are changed altogether", () => {
  const long = Array.from({ length: 3000 }, (_, place) => String(place));
  expect(differenceOf(long, long).before).toEqual([{ text: long.join(""), isChanged: true }]);
});

test("characters that nobody sees have a name", () => {
  expect(visibleOf("a\u200Bb\u{E0041}\n")).toEqual([
    { text: "a", isHidden: false }, { text: "U+200B", isHidden: true }, { text: "b", isHidden: false }, { text: "U+E0041", isHidden: true }, { text: "\n", isHidden: false },
  ]);
  expect(visibleOf("天氣 ✓\n\ttext")).toEqual([{ text: "天氣 ✓\n\ttext", isHidden: false }]);
});

test("the order of members is no difference", () => {
  expect(written({ b: [{ d: 1, c: 2 }], a: null })).toBe(written({ a: null, b: [{ c: 2, d: 1 }] }));
});
