import { expect, test } from "vitest";
import type { LogLine } from "./shapes";
import { withNewer } from "./tail";

const line = (id: number) => ({ id: String(id) }) as LogLine;

test("the newest line stands first and the oldest goes when there are too many", () => {
  const first = withNewer({ lines: [], total: 0, isOpen: false }, Array.from({ length: 499 }, (_, id) => line(id)));
  const then = withNewer(first, [line(499), line(500)]);
  expect(then.total).toBe(501);
  expect(then.lines.map(({ id }) => Number(id))).toEqual(Array.from({ length: 500 }, (_, place) => 500 - place));
});
