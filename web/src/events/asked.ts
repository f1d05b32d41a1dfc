/* What the address asks of value events, as parameters of a request. */

import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import type { Query } from "../api/client";
import { sessionQuery } from "../api/session";
import { useLanguage } from "../i18n/language";
import { type Address, type Search, useAddress } from "../shell/address";

/** Everything that narrows, as it stands in an address. */
export function narrowedBy(search: Search): Record<string, string[]> {
  const named = ["kind", "severity", "subject"].map((name) => [name, [search[name]].flat().filter((each) => each !== undefined && each !== "")] as const);
  return Object.fromEntries(named.filter(([, values]) => values.length > 0)) as Record<string, string[]>;
}

export interface AskedEvents extends Address {
  narrowed: Record<string, string[]>;
  isWaiting: boolean;
  /** Of every project of the team, not of the session's alone. */
  isEverywhere: boolean;
  /** Of the history; the stream is asked for the same without `waiting`, because it tells what waits no more. */
  asked: Query;
}

export function useAskedEvents(): AskedEvents {
  const address = useAddress();
  const { language } = useLanguage();
  const { data: session } = useQuery(sessionQuery);
  const narrowed = narrowedBy(useSearch({ strict: false }));
  const isWaiting = address.value("show") === "waiting";
  const isEverywhere = address.value("projects") === "all";
  const asked = { ...narrowed, language, project: isEverywhere ? undefined : session?.project.id, waiting: isWaiting || undefined };
  return { ...address, narrowed, isWaiting, isEverywhere, asked };
}
