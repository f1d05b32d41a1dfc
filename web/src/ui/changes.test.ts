import { expect, test } from "vitest";
import { changesOf, type Part } from "./changes";

interface Thing {
  name: string;
  note: string;
}

const PARTS: Part<Thing>[] = [
  { key: "name", title: "Name", text: ({ name }) => name },
  { key: "note", title: "Note", text: ({ note }) => note },
];

test("only what reads otherwise is a change", () => {
  expect(changesOf({ name: "a", note: "x" }, { name: "b", note: "x" }, PARTS)).toEqual([{ key: "name", title: "Name", before: "a", after: "b" }]);
});

test("what comes or goes has one side", () => {
  expect(changesOf({ name: "a", note: "" }, { name: "a", note: "new" }, PARTS)).toEqual([{ key: "note", title: "Note", before: undefined, after: "new" }]);
});
