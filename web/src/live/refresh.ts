/*
 * Fresh figures while spans arrive. A query is asked again after the stream spoke, but never more often
 * than `everyMs`, and only once its last answer has come and the page can be seen.
 */

import { useDocumentVisibility } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import { useLive } from "./stream";

interface Refreshed {
  isFetching: boolean;
  refetch: () => unknown;
}

export function useRefresh({ isFetching, refetch }: Refreshed, everyMs: number, enabled: boolean): void {
  const { version } = useLive();
  const isHidden = useDocumentVisibility() === "hidden";
  const asked = useRef({ version: 0, atMs: 0 });
  useEffect(() => {
    if (!enabled || isHidden || isFetching || version === asked.current.version) return undefined;
    const run = () => {
      asked.current = { version, atMs: Date.now() };
      refetch();
    };
    const timer = setTimeout(run, Math.max(0, asked.current.atMs + everyMs - Date.now()));
    return () => clearTimeout(timer);
  }, [version, everyMs, enabled, isHidden, isFetching, refetch]);
}
