/* How one budget is used up over its period, against its limit; for one user, agent, … where it counts each. */

import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Budget } from "../../api/types";
import { ChartCard } from "../../charts/Chart";
import { formatMoney, formatMoneyShort } from "../../format/money";
import { formatCompact, formatCount } from "../../format/number";
import { useLanguage } from "../../i18n/language";
import { useRefresh } from "../../live/refresh";
import { useAddress } from "../../shell/address";
import { useNow } from "../../ui/now";
import { amountText, burnDownLine } from "./amounts";
import { burnDownQuery, countersQuery } from "./queries";

const REFRESH_EVERY_MS = 10_000;

export function BurnDownCard({ budget }: { budget: Budget }) {
  const { t, language } = useLanguage();
  const { value, set } = useAddress();
  const now = useNow();
  const who = budget.per === "" ? "" : value("who");
  const found = useQuery(burnDownQuery(budget.id, who));
  const counters = useQuery({ ...countersQuery(budget.id), enabled: budget.per !== "" });
  useRefresh(found, REFRESH_EVERY_MS, true);
  const line = useMemo(() => found.data && burnDownLine(budget, found.data.standing, found.data.steps, now), [budget, found.data, now]);
  const limit = Number(budget.limit);
  const isMoney = budget.unit === "money";
  const name = found.data?.standing.who;
  return (
    <ChartCard
      title={t("budgets.burnDown", { name: budget.name })}
      hint={found.data && t("budgets.leftOf", { left: amountText(found.data.standing.remaining, budget.unit, language, t), limit: amountText(budget.limit, budget.unit, language, t) })}
      acts={
        budget.per !== "" && (
          <Select
            aria-label={t("budgets.who")}
            w={200}
            value={who || name || null}
            onChange={(next) => set({ who: next ?? undefined }, { replace: true })}
            data={[...new Set([...(counters.data?.items.map((counter) => counter.who) ?? []), ...(who ? [who] : [])])].filter(Boolean)}
            searchable
          />
        )
      }
      buckets={line?.buckets}
      interval={line?.interval ?? "hour"}
      series={
        line
          ? [
              { name: t("budgets.used"), values: line.spent },
              { name: t("budgets.limit"), values: line.buckets.map(() => limit), kind: "before" },
            ]
          : []
      }
      shape="area"
      format={(amount) => (isMoney ? formatMoney(amount, "USD", language) : formatCount(amount, language))}
      formatAxis={(amount) => (isMoney ? formatMoneyShort(amount, "USD", language) : formatCompact(amount, language))}
      height={220}
      file="mno-budget"
      error={found.error}
      retry={() => void found.refetch()}
    />
  );
}
