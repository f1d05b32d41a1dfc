/* What the address asks of logs, as parameters of a request. */

import type { Query } from "../../api/client";
import { type Address, type Search, useAddress } from "../../shell/address";
import { useSearch } from "@tanstack/react-router";

/** Filters that may have several values; `attr:NAME` comes on top. */
const LISTS = ["topic", "service", "agent"] as const;
const PLAIN = ["level", "trace", "span", "q"] as const;

/** Everything that narrows, as it stands in an address. */
export function askedOf(search: Search): Record<string, string[]> {
  const isAsked = (name: string) => [...LISTS, ...PLAIN].includes(name as never) || name.startsWith("attr:");
  const lists = Object.entries(search).map(([name, value]) => [name, [value].flat().filter((each) => each !== undefined && each !== "")] as const);
  return Object.fromEntries(lists.filter(([name, values]) => isAsked(name) && values.length > 0)) as Record<string, string[]>;
}

export interface AskedLogs extends Address {
  asked: Record<string, string[]>;
  /** The same with the range of time. */
  listed: Query;
}

export function useAskedLogs(): AskedLogs {
  const address = useAddress();
  const asked = askedOf(useSearch({ strict: false }));
  return { ...address, asked, listed: { ...address.range, ...asked } };
}
