/*
 * The one live connection of a tab. Everything that shows what is happening now reads from this store;
 * it repaints at most once a second, reconnects by itself, and closes when nobody looks.
 */

import { useEffect, useSyncExternalStore } from "react";
import { address } from "../api/client";
import type { LiveBatch, LiveSpan } from "../api/types";

export type LiveState = "off" | "connecting" | "open" | "lost";

export interface LiveView {
  state: LiveState;
  /** Newest first, at most KEPT. */
  spans: readonly LiveSpan[];
  /** Spans that the server counted since the connection opened, shown or not. */
  total: number;
  /** Grows with every batch, and when a line that was lost is back: what depends on fresh data watches this. */
  version: number;
}

const KEPT = 500;
const REPAINT_MS = 1000;
const RETRY_MS = 3000;

class LiveStream {
  private view: LiveView = { state: "off", spans: [], total: 0, version: 0 };
  private pending: LiveSpan[] = [];
  private pendingTotal = 0;
  private source: EventSource | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private repaint: ReturnType<typeof setTimeout> | undefined;
  private lastRepaint = 0;
  private hasMissed = false;
  private readonly listeners = new Set<() => void>();
  private filters: Record<string, string[]> = {};

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.open();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.close();
    };
  };

  current = (): LiveView => this.view;

  /** Narrows the stream at the server; the connection is opened anew where that changes anything. */
  narrow(filters: Record<string, string[]>): void {
    if (JSON.stringify(filters) === JSON.stringify(this.filters)) return;
    this.filters = filters;
    this.pending = [];
    this.pendingTotal = 0;
    this.change({ spans: [], total: 0 });
    if (this.source) {
      this.close();
      this.open();
    }
  }

  private open(): void {
    this.change({ state: "connecting" });
    const source = new EventSource(address("/api/spans/stream", this.filters));
    this.source = source;
    source.onopen = () => {
      this.change({ state: "open", version: this.view.version + (this.hasMissed ? 1 : 0) });
      this.hasMissed = false;
    };
    source.addEventListener("spans", (event: MessageEvent<string>) => this.receive(JSON.parse(event.data) as LiveBatch));
    source.onerror = () => {
      this.hasMissed = true;
      this.change({ state: "lost" });
      // The browser reconnects after a broken line, but gives up after an answer such as 503.
      if (source.readyState !== EventSource.CLOSED) return;
      this.source = null;
      this.retry = setTimeout(() => this.open(), RETRY_MS);
    };
  }

  private close(): void {
    this.source?.close();
    this.source = null;
    clearTimeout(this.retry);
    clearTimeout(this.repaint);
    this.repaint = undefined;
    this.view = { ...this.view, state: "off" };
  }

  private receive(batch: LiveBatch): void {
    this.pending = [...batch.items].reverse().concat(this.pending).slice(0, KEPT);
    this.pendingTotal += batch.items.length + batch.skipped;
    const wait = this.lastRepaint + REPAINT_MS - Date.now();
    if (wait <= 0) this.flush();
    else this.repaint ??= setTimeout(() => this.flush(), wait);
  }

  private flush(): void {
    this.repaint = undefined;
    this.lastRepaint = Date.now();
    const spans = this.pending.concat(this.view.spans).slice(0, KEPT);
    const total = this.view.total + this.pendingTotal;
    this.pending = [];
    this.pendingTotal = 0;
    this.change({ state: "open", spans, total, version: this.view.version + 1 });
  }

  private change(part: Partial<LiveView>): void {
    this.view = { ...this.view, ...part };
    for (const listener of this.listeners) listener();
  }
}

export const liveStream = new LiveStream();

export function useLive(): LiveView {
  return useSyncExternalStore(liveStream.subscribe, liveStream.current);
}

const ALL = {};

/** Narrows the tab's stream while the calling page is shown. */
export function useNarrowedLive(filters: Record<string, string[]> | null): LiveView {
  const text = JSON.stringify(filters ?? ALL);
  useEffect(() => {
    liveStream.narrow(JSON.parse(text) as Record<string, string[]>);
    return () => liveStream.narrow(ALL);
  }, [text]);
  return useLive();
}
