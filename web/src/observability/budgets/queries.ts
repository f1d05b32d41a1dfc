import { queryOptions } from "@tanstack/react-query";
import { address, request } from "../../api/client";
import type { Budget, BudgetCounter, BurnDown } from "../../api/types";

export const budgetsQuery = queryOptions({
  queryKey: ["budgets"],
  queryFn: ({ signal }) => request<{ items: Budget[] }>("/api/budgets", { signal }),
});

export function burnDownQuery(id: string, who: string) {
  return queryOptions({
    queryKey: ["budgets", id, "burn-down", who],
    queryFn: ({ signal }) => request<BurnDown>(address(`/api/budgets/${id}/burn-down`, { who }), { signal }),
  });
}

export function countersQuery(id: string) {
  return queryOptions({
    queryKey: ["budgets", id, "counters"],
    queryFn: ({ signal }) => request<{ items: BudgetCounter[] }>(`/api/budgets/${id}/counters`, { signal }),
  });
}
