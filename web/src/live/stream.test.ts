import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { liveStream } from "./stream";

/** The browser's end of a line, which breaks and comes back as the test says. */
class Line extends EventTarget {
  static readonly CLOSED = 2;
  static latest: Line;
  readyState = 0;
  onopen: () => void = () => undefined;
  onerror: () => void = () => undefined;
  constructor() {
    super();
    Line.latest = this;
  }
  close(): void {
    this.readyState = Line.CLOSED;
  }
}

let leave = (): void => undefined;
beforeEach(() => {
  vi.stubGlobal("EventSource", Line);
  vi.useFakeTimers();
  leave = liveStream.subscribe(() => undefined);
  Line.latest.onopen();
});
afterEach(() => {
  leave();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a line that opens is no news", () => {
  expect(liveStream.current()).toMatchObject({ state: "open", version: 0 });
});

test("a line that was lost is news once it is back, whoever brought it back", () => {
  Line.latest.onerror();
  expect(liveStream.current()).toMatchObject({ state: "lost", version: 0 });
  Line.latest.onopen();
  expect(liveStream.current()).toMatchObject({ state: "open", version: 1 });
  Line.latest.close();
  Line.latest.onerror();
  vi.runAllTimers();
  Line.latest.onopen();
  expect(liveStream.current()).toMatchObject({ state: "open", version: 2 });
});
