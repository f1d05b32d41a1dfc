import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { address, request } from "../../api/client";
import type { PriceBucket, PriceList } from "../../api/types";

export const BUCKETS = ["input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "input_audio", "output_audio"] as const satisfies readonly PriceBucket[];

export function pricesQuery(q: string, provider: string, limit: number) {
  return queryOptions({
    queryKey: ["prices", q, provider, limit],
    queryFn: ({ signal }) => request<PriceList>(address("/api/prices", { q, provider, limit }), { signal }),
    placeholderData: keepPreviousData,
  });
}
