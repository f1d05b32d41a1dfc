/* What the stream of value events tells while the page is open. The browser comes back where it was cut off. */

import { useEffect, useState } from "react";
import { address, type Query } from "../api/client";
import type { Told } from "./shapes";

const KEPT = 500;
const RETRY_MS = 3000;
const NOTHING: readonly Told[] = [];

/** Cards since the page was opened, oldest first. `reread` is called when something was left out. */
export function useTold(asked: Query, reread: () => void): readonly Told[] {
  const path = address("/api/agent/events", asked);
  const [seen, setSeen] = useState({ path, told: NOTHING });
  useEffect(() => {
    let source: EventSource;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let last = "";
    const hear = (event: MessageEvent<string>) => {
      last = event.lastEventId;
      return event;
    };
    const open = () => {
      source = new EventSource(last === "" ? path : address("/api/agent/events", { ...asked, after: last }));
      source.addEventListener("ready", (event: MessageEvent<string>) => {
        // Between the page's first answer and now something may have come.
        if (last === "") reread();
        hear(event);
      });
      source.addEventListener("card", (event: MessageEvent<string>) => {
        const card = JSON.parse(hear(event).data) as Told;
        setSeen((before) => ({ path, told: [...(before.path === path ? before.told : NOTHING), card].slice(-KEPT) }));
      });
      source.addEventListener("reread", (event: MessageEvent<string>) => {
        hear(event);
        reread();
      });
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
  return seen.path === path ? seen.told : NOTHING;
}
