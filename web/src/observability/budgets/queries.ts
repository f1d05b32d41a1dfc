import { queryOptions } from "@tanstack/react-query";
import { address, request } from "../../api/client";
import type { Budget, BudgetCounter, BurnDown, Forecast } from "../../api/types";

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

/** What is likely to be spent until the period ends, and when the limit will be reached. Null asks nothing. */
export function outlookQuery(budget: Budget, standing: Pick<BudgetCounter, "period_start" | "resets_at"> | undefined, filters: Record<string, string> | null) {
  const period = standing && { from: standing.period_start, to: standing.resets_at };
  return queryOptions({
    queryKey: ["budgets", budget.id, "outlook", filters, period, budget.limit],
    queryFn: ({ signal }) => request<Forecast>(address("/api/forecast", { ...filters, ...period, budget: budget.limit, currency: "USD" }), { signal }),
    enabled: filters !== null && period !== undefined,
    refetchInterval: 5 * 60_000,
  });
}
