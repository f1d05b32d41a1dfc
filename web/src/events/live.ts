/* What the stream of value events tells while the page is open. */

import { useEffect, useState } from "react";
import { address, type Query } from "../api/client";
import { followed } from "../live/followed";
import type { Told } from "./shapes";

const KEPT = 500;
const STREAM = "/api/agent/events";
const NOTHING: readonly Told[] = [];

/** Cards since the page was opened, oldest first. `reread` is called when something was left out. */
export function useTold(asked: Query, reread: () => void): readonly Told[] {
  const path = address(STREAM, asked);
  const [seen, setSeen] = useState({ path, told: NOTHING });
  useEffect(
    () =>
      followed(STREAM, asked, {
        // Between the page's first answer and now something may have come.
        ready: (_, isFirst) => isFirst && reread(),
        card: (event) => {
          const card = JSON.parse(event.data) as Told;
          setSeen((before) => ({ path, told: [...(before.path === path ? before.told : NOTHING), card].slice(-KEPT) }));
        },
        reread,
      }),
    // The path says all that is asked.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [path],
  );
  return seen.path === path ? seen.told : NOTHING;
}
