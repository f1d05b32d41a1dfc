/* The live tail: its own connection, which is open while the page is. The browser comes back where it was cut off. */

import { useEffect, useState } from "react";
import { address } from "../../api/client";
import type { LogLine } from "./shapes";

const KEPT = 500;
const RETRY_MS = 3000;

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
  const path = address("/api/logs/stream", asked);
  const [seen, setSeen] = useState({ path, tail: NOTHING });
  useEffect(() => {
    let source: EventSource;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let last = "";
    const hear = (items: readonly LogLine[]) => {
      setSeen((before) => ({ path, tail: withNewer(before.path === path ? before.tail : NOTHING, items) }));
    };
    const open = () => {
      source = new EventSource(last === "" ? path : address("/api/logs/stream", { ...asked, after: last }));
      source.addEventListener("logs", (event: MessageEvent<string>) => {
        last = event.lastEventId;
        const { items } = JSON.parse(event.data) as { items: LogLine[] };
        hear(items);
      });
      source.onopen = () => {
        hear([]);
      };
      source.onerror = () => {
        // The browser reconnects after a broken line, but gives up after an answer such as 503.
        if (source.readyState === EventSource.CLOSED) retry = setTimeout(open, RETRY_MS);
      };
    };
    open();
    return () => {
      source.close();
      clearTimeout(retry);
    };
    // The path says all that is asked.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [path]);
  return seen.path === path ? seen.tail : NOTHING;
}
