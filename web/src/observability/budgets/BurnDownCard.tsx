/*
 * How one budget is used up over its period, against its limit, and how that is likely to go on; for one user, agent, …
 * where it counts each.
 */

import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useMay } from "../../api/session";
import type { Budget, Forecast } from "../../api/types";
import { ChartCard } from "../../charts/Chart";
import type { Series } from "../../charts/series";
import { formatMoney, formatMoneyShort } from "../../format/money";
import { formatCompact, formatCount } from "../../format/number";
import { formatDate } from "../../format/time";
import { type Translate, useLanguage } from "../../i18n/language";
import { useRefresh } from "../../live/refresh";
import { useAddress } from "../../shell/address";
import { useNow } from "../../ui/now";
import { amountText, burnDownLine } from "./amounts";
import { forecastFilters, outlookOf } from "./outlook";
import { burnDownQuery, countersQuery, outlookQuery } from "./queries";

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
  const standing = found.data?.standing;
  const filters = useMay("usage.read") ? forecastFilters(budget, standing?.who ?? "") : null;
  const { data: forecast } = useQuery(outlookQuery(budget, standing, filters));
  const series = useMemo((): Series[] => {
    if (!line || !standing) return [];
    const limit: Series = { name: t("budgets.limit"), values: line.buckets.map(() => Number(budget.limit)), kind: "limit" };
    const used: Series = { name: t("budgets.used"), values: line.spent, color: 0 };
    if (!forecast?.total) return [used, limit];
    const { likely, low, high } = outlookOf(line, forecast, Number(standing.spent));
    return [{ name: t("forecast.within", { share: 80 }), kind: "band", color: 1, low, values: high }, { name: t("forecast.likely"), color: 1, values: likely }, used, limit];
  }, [line, standing, forecast, budget.limit, t]);
  const isMoney = budget.unit === "money";
  const name = standing?.who;
  return (
    <ChartCard
      title={t("budgets.burnDown", { name: budget.name })}
      hint={
        standing && (
          <>
            {t("budgets.leftOf", { left: amountText(standing.remaining, budget.unit, language, t), limit: amountText(budget.limit, budget.unit, language, t) })}
            {forecast?.run_out && <span className={forecast.run_out.likely === null ? undefined : "attention"}> · {runOutText(forecast.run_out, language, t)}</span>}
          </>
        )
      }
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
      series={series}
      shape="line"
      format={(amount) => (isMoney ? formatMoney(amount, "USD", language) : formatCount(amount, language))}
      formatAxis={(amount) => (isMoney ? formatMoneyShort(amount, "USD", language) : formatCompact(amount, language))}
      height={220}
      file="mno-budget"
      error={found.error}
      retry={() => void found.refetch()}
    />
  );
}

/** The day on which the limit will be reached, or that it will not be. */
function runOutText({ likely, earliest }: NonNullable<Forecast["run_out"]>, language: string, t: Translate): string {
  if (likely !== null) return t("budgets.runsOut", { date: formatDate(Date.parse(likely), language) });
  return t(earliest === null ? "budgets.lasts" : "budgets.mayLast");
}
