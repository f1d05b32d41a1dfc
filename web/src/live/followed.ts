/* An event stream that is followed wherever it breaks: it goes on after the last event that was heard. */

import { address, type Query } from "../api/client";

const RETRY_MS = 3000;

/** What is done with an event of some name; `isFirst`: nothing was heard before it. */
export type Heard = (event: MessageEvent<string>, isFirst: boolean) => void;

/** Follows the stream at `path`; returns what ends that. `opened` is called each time the hub begins to listen. */
export function followed(path: string, asked: Query, heard: Readonly<Record<string, Heard>>, opened?: () => void): () => void {
  let source: EventSource;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let last = "";
  const open = () => {
    source = new EventSource(address(path, last === "" ? asked : { ...asked, after: last }));
    for (const [name, hear] of Object.entries(heard)) {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        const isFirst = last === "";
        last = event.lastEventId;
        hear(event, isFirst);
      });
    }
    if (opened) source.onopen = opened;
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
}
