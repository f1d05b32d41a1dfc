/* Channels and what was sent over them, as the server tells of it. What opens a channel is never read back. */

import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { address, request } from "../api/client";
import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type Channel = Schemas["ChannelShape"];
export type MadeChannel = Schemas["MadeChannelShape"];
export type ChannelWish = Schemas["ChannelWishShape"];
export type ChannelKind = Schemas["ChannelKind"];
export type KindFields = Schemas["ChannelKindShape"];
export type ChannelField = Schemas["ChannelField"];
export type ChannelLanguage = Schemas["ChannelLanguage"];
export type Delivery = Schemas["ChannelDeliveryShape"];
export type DeliveryList = Schemas["ChannelDeliveryList"];
export type DeliveryState = Schemas["DeliveryState"];

export const DELIVERY_STATES = ["waiting", "delivered", "dead"] as const satisfies readonly DeliveryState[];
const CHANNELS = "channels";
const REFRESH_EVERY_MS = 10_000;
const PAGE_SIZE = 30;

export const channelsQuery = queryOptions({
  queryKey: [CHANNELS],
  queryFn: ({ signal }) => request<{ items: Channel[] }>("/api/channels", { signal }),
  select: ({ items }) => items,
  refetchInterval: REFRESH_EVERY_MS,
});

export const kindsQuery = queryOptions({
  queryKey: ["channel-kinds"],
  queryFn: ({ signal }) => request<{ items: KindFields[] }>("/api/channels/kinds", { signal }),
  select: ({ items }) => items,
  staleTime: Infinity,
});

export function deliveriesQuery(id: string, state: DeliveryState | "") {
  return infiniteQueryOptions({
    queryKey: [CHANNELS, id, "deliveries", state],
    queryFn: ({ pageParam, signal }) => request<DeliveryList>(address(`/api/channels/${id}/deliveries`, { state, before: pageParam, limit: PAGE_SIZE }), { signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    refetchInterval: REFRESH_EVERY_MS,
  });
}

/** A change of channels, after which they and their deliveries are asked anew. */
export function useChannelChange<Answer, Wish = void>(change: (wish: Wish) => Promise<Answer>, done?: (answer: Answer) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (answer) => {
      done?.(answer);
      return queries.invalidateQueries({ queryKey: [CHANNELS] });
    },
  });
}

export type ChannelState = "new" | "working" | "failing";

/** What the last message says of a channel: it went well, it failed, or there was none. */
export function stateOf({ delivered_at, failed_at }: Pick<Channel, "delivered_at" | "failed_at">): ChannelState {
  if (failed_at !== null && (delivered_at === null || Date.parse(failed_at) > Date.parse(delivered_at))) return "failing";
  return delivered_at === null ? "new" : "working";
}
