/* What a rule would have said over the last day, drawn while it is edited. */

import { useDebouncedValue } from "@mantine/hooks";
import { IconBellOff, IconBellRinging } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ChartCard } from "../../charts/Chart";
import { useLanguage } from "../../i18n/language";
import { FailureNote } from "../../ui/State";
import { seriesOfPreview, MOST_LINES } from "./series";
import { isTold, type Preview, previewQuery, type PreviewWish } from "./shapes";
import { axisText, figureText, measureName, useNames } from "./words";

const SETTLE_MS = 400;

/** `terms` is null while something in the form is wrong. */
export function RulePreview({ terms }: { terms: PreviewWish | null }) {
  const { t, language } = useLanguage();
  const names = useNames();
  // The same terms are one question, however often the form is drawn.
  const text = JSON.stringify(terms);
  const [settled] = useDebouncedValue(text, SETTLE_MS);
  const asked = useMemo(() => JSON.parse(settled) as PreviewWish | null, [settled]);
  const told = asked !== null && isTold(asked.measure);
  const preview = useQuery({ ...previewQuery(told ? null : asked), placeholderData: keepPreviousData });
  const nameOf = names.value;
  const chart = useMemo(() => {
    if (!preview.data || !asked) return undefined;
    const held = { threshold: String(asked.threshold), clear: String(asked.clear ?? asked.threshold) };
    const group = (each: string) => (asked.group_by ? nameOf(asked.group_by, each) : measureName(asked.measure, t, asked.quantile));
    return seriesOfPreview(preview.data, held, { group, threshold: t("alerts.threshold"), clear: t("alerts.clear") });
    // Names change with every drawing, but not what they say.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [preview.data, asked, t]);
  if (told) return <p className="dim" style={{ margin: 0 }}>{t("alerts.toldText")}</p>;
  const measure = asked?.measure ?? "cost";
  return (
    <div className="stack" style={{ gap: 8 }}>
      {preview.error ? (
        <FailureNote error={preview.error} />
      ) : (
        <ChartCard
          title={t("alerts.lastDay")}
          buckets={chart?.buckets}
          interval="minute"
          series={chart?.series ?? []}
          shape="line"
          format={(value) => figureText(value, measure, language)}
          formatAxis={(value) => axisText(value, measure, language)}
          height={220}
          file="mno-alert-preview"
        />
      )}
      {preview.data && <Outcome preview={preview.data} measure={measure} groups={asked?.group_by !== ""} />}
    </div>
  );
}

function Outcome({ preview, measure, groups }: { preview: Preview; measure: PreviewWish["measure"]; groups: boolean }) {
  const { t, language } = useLanguage();
  const fired = preview.lines.reduce((sum, line) => sum + line.fired, 0);
  const breaching = preview.present.filter((each) => each.breaching);
  const [present] = preview.present;
  const Icon = fired > 0 ? IconBellRinging : IconBellOff;
  return (
    <div className={fired > 0 ? "notice attention" : "notice good"} role="status">
      <Icon size={16} aria-hidden />
      <div className="grow">
        <div style={{ fontWeight: 500 }}>{t(fired > 0 ? "alerts.wouldFire" : "alerts.wouldNotFire", { count: fired })}</div>
        <div className="dim">
          {groups
            ? t("alerts.groupsNow", { count: preview.present.length, breaching: breaching.length })
            : present?.value == null
              ? t("alerts.nothingNow")
              : t("alerts.now", { value: figureText(present.value, measure, language) })}
          {preview.lines.length > MOST_LINES && ` ${t("alerts.moreLines", { count: preview.lines.length - MOST_LINES })}`}
        </div>
      </div>
    </div>
  );
}
