/* The live tail: its own connection, which is open while the page is. */

import { useEffect, useState } from "react";
import { address } from "../../api/client";
import { followed } from "../../live/followed";
import type { LogLine } from "./shapes";

const KEPT = 500;
const STREAM = "/api/logs/stream";

export interface LogTail {
  /** Newest first. */
  lines: readonly LogLine[];
  /** Lines since the page was opened, shown or not. */
  total: number;
  /** Whether the hub listens for us yet: from then on nothing is missed. */
  isOpen: boolean;
}

const NOTHING: LogTail = { lines: [], total: 0, isOpen: false };

export function withNewer(tail: LogTail, arrived: readonly LogLine[]): LogTail {
  return { lines: [...arrived].reverse().concat(tail.lines).slice(0, KEPT), total: tail.total + arrived.length, isOpen: true };
}

/** Lines as they arrive, of those that are asked for. */
export function useLogTail(asked: Record<string, string[]>): LogTail {
  const path = address(STREAM, asked);
  const [seen, setSeen] = useState({ path, tail: NOTHING });
  useEffect(() => {
    const hear = (items: readonly LogLine[]) => {
      setSeen((before) => ({ path, tail: withNewer(before.path === path ? before.tail : NOTHING, items) }));
    };
    return followed(
      STREAM,
      asked,
      { logs: (event) => hear((JSON.parse(event.data) as { items: LogLine[] }).items) },
      () => hear([]),
    );
    // The path says all that is asked.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [path]);
  return seen.path === path ? seen.tail : NOTHING;
}
