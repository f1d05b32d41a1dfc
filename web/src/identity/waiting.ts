/* "Too many tries": how long it still takes, counted down before one's eyes. */

import { useEffect, useState } from "react";
import { Problem } from "../api/client";

/** `47 s`, from a minute on `3:05`. */
export function formatWait(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** The seconds that a failure still asks to wait; 0 where it asks for none, or they are over. */
export function useWait(failure: unknown): number {
  const wanted = failure instanceof Problem && failure.status === 429 ? (failure.retryAfterSeconds ?? 0) : 0;
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (wanted === 0) return;
    const until = Date.now() + wanted * 1000;
    const tick = () => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000)));
    const first = window.setTimeout(tick, 0);
    const timer = window.setInterval(tick, 250);
    return () => {
      window.clearTimeout(first);
      window.clearInterval(timer);
      setLeft(0);
    };
  }, [failure, wanted]);
  return left;
}
