/* Forecast: what will have been spent at the end of the period, how sure that is, and when a budget runs out. */

import { Select, TextInput } from "@mantine/core";
import { IconHourglassEmpty } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { address, request } from "../../api/client";
import type { Forecast } from "../../api/types";
import { ChartCard } from "../../charts/Chart";
import { formatMoney, formatMoneyShort } from "../../format/money";
import { formatBucket, formatDate, iso } from "../../format/time";
import { useLanguage } from "../../i18n/language";
import { useAddress } from "../../shell/address";
import { Figure, Figures } from "../../ui/Figures";
import { Filters } from "../../ui/Filters";
import { Page } from "../../ui/Page";
import { Failure, State } from "../../ui/State";
import { Money } from "../../ui/Values";
import { seriesOfForecast } from "./series";

const DAY_MS = 86_400_000;
const AHEAD = ["month", "7", "30", "90"] as const;

export default function ForecastPage() {
  const { t, language } = useLanguage();
  const { filters, value, set } = useAddress();
  const ahead = AHEAD.find((each) => each === value("ahead")) ?? "month";
  const budget = value("budget");
  const forecast = useQuery({
    queryKey: ["forecast", filters, ahead, budget],
    queryFn: ({ signal }) => request<Forecast>(address("/api/forecast", { ...filters, ...periodOf(ahead), budget }), { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: 5 * 60_000,
  });
  const found = forecast.data;
  const currency = found?.currency ?? "USD";
  const chart = useMemo(
    () =>
      found && seriesOfForecast(found, {
        spent: t("forecast.spent"), likely: t("forecast.likely"), within80: t("forecast.within", { share: 80 }), within95: t("forecast.within", { share: 95 }),
        budget: t("forecast.budget"),
      }),
    [found, t],
  );
  const money = (amount: string | number) => formatMoney(amount, currency, language);
  const rounded = (amount: string) => formatMoney(amount, currency, language, Math.abs(Number(amount)) >= 100 ? 0 : undefined);
  return (
    <Page title={t("nav.forecast")} text={t("forecast.text")}>
      <Filters>
        <Select
          aria-label={t("forecast.ahead")}
          w={190}
          value={ahead}
          onChange={(next) => set({ ahead: next === "month" ? undefined : (next ?? undefined) })}
          data={AHEAD.map((each) => ({ value: each, label: each === "month" ? t("forecast.month") : t("forecast.days", { count: Number(each) }) }))}
          allowDeselect={false}
        />
        <TextInput
          aria-label={t("forecast.budget")}
          placeholder={t("forecast.budget")}
          inputMode="decimal"
          w={160}
          defaultValue={budget}
          onBlur={(event) => set({ budget: event.currentTarget.value.replaceAll(/[^\d.]/g, "") || undefined })}
          onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
        />
      </Filters>
      {forecast.error && !found ? (
        <Failure error={forecast.error} retry={() => void forecast.refetch()} />
      ) : (
        <>
          <Figures>
            <Figure
              name={t("forecast.spent")}
              pending={!found}
              value={found && <Money amount={found.spent} currency={currency} />}
              note={found && t("forecast.asOf", { time: formatBucket(Date.parse(found.as_of), "hour", language, true) })}
            />
            <Figure
              name={t("forecast.atEnd")}
              pending={!found}
              value={found && (found.total ? money(found.total.likely) : "–")}
              note={found && t("forecast.on", { date: formatDate(Date.parse(found.to), language) })}
            />
            <Figure
              name={t("forecast.within", { share: 80 })}
              pending={!found}
              value={found && (found.total ? `${rounded(found.total.low_80)} – ${rounded(found.total.high_80)}` : "–")}
              note={found?.total && t("forecast.wider", { low: rounded(found.total.low_95), high: rounded(found.total.high_95) })}
            />
            <Figure name={t("forecast.runOut")} pending={!found} value={found && <RunOut forecast={found} />} note={found && <RunOutNote forecast={found} />} />
          </Figures>
          {found && found.total === null ? (
            <State icon={IconHourglassEmpty} title={t("forecast.young")} text={t("forecast.youngText")} />
          ) : (
            <ChartCard
              title={t("forecast.chart")}
              hint={found && (found.country ? t("forecast.calendarOf", { zone: found.timezone, country: found.country }) : found.timezone)}
              buckets={chart?.buckets}
              interval="hour"
              series={chart?.series ?? []}
              shape="line"
              format={money}
              formatAxis={(amount) => formatMoneyShort(amount, currency, language)}
              height={320}
              file="mno-forecast"
              error={forecast.error}
              retry={() => void forecast.refetch()}
            />
          )}
        </>
      )}
    </Page>
  );
}

/** From now on for so many days; the server's month where nothing else is asked for. */
function periodOf(ahead: (typeof AHEAD)[number]): { from?: string; to?: string } {
  if (ahead === "month") return {};
  const now = Date.now();
  return { from: iso(now), to: iso(now + Number(ahead) * DAY_MS) };
}

function RunOut({ forecast }: { forecast: Forecast }) {
  const { t, language } = useLanguage();
  if (forecast.budget === null) return <span className="faint">{t("forecast.noBudget")}</span>;
  if (!forecast.run_out) return <span className="faint">–</span>;
  const { likely, earliest } = forecast.run_out;
  if (likely !== null) return <span className="attention">{formatDate(Date.parse(likely), language)}</span>;
  return earliest !== null ? <span>{t("forecast.mayHold")}</span> : <span className="good">{t("forecast.holds")}</span>;
}

function RunOutNote({ forecast }: { forecast: Forecast }) {
  const { t, language } = useLanguage();
  if (!forecast.run_out) return <>{t("forecast.enterBudget")}</>;
  const { earliest, latest } = forecast.run_out;
  if (earliest === null) return <>{t("forecast.within", { share: 80 })}</>;
  const date = (moment: string) => formatBucket(Date.parse(moment), "hour", language, true);
  return <>{latest === null ? t("forecast.notBefore", { date: date(earliest) }) : t("forecast.between", { from: date(earliest), to: date(latest) })}</>;
}
