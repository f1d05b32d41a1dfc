/*
 * Fresh figures while spans arrive. A query is asked again after the stream spoke, but never more often
 * than `everyMs`, never while its last answer is still on the way, and never on a hidden page.
 */

import { useEffect, useRef } from "react";
import { useLive } from "./stream";

interface Refreshed {
  isFetching: boolean;
  refetch: () => unknown;
}

export function useRefresh(query: Refreshed, everyMs: number, enabled: boolean): void {
  const { version } = useLive();
  const latest = useRef(query);
  const last = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    latest.current = query;
  });
  useEffect(() => {
    if (!enabled || version === 0 || timer.current !== undefined) return;
    const run = () => {
      timer.current = undefined;
      if (document.hidden || latest.current.isFetching) return;
      last.current = Date.now();
      latest.current.refetch();
    };
    timer.current = setTimeout(run, Math.max(0, last.current + everyMs - Date.now()));
  }, [version, everyMs, enabled]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
}
