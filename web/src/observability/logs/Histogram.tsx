/* How many lines of which level were written when, and how many in all. */

import { ChartCard } from "../../charts/Chart";
import { formatCompact, formatCount } from "../../format/number";
import { useLanguage } from "../../i18n/language";
import { useAskedLogs } from "./asked";
import { COLORS, LEVELS, type LogSummary, TONES } from "./shapes";

export function Histogram({ summary, error, retry }: { summary: LogSummary | undefined; error: unknown; retry: () => void }) {
  const { t, language } = useLanguage();
  const { set, value } = useAskedLogs();
  const present = LEVELS.filter((level) => (summary?.levels[level] ?? 0) > 0).reverse();
  const step = summary?.step_s ?? 60;
  return (
    <ChartCard
      title={t("logs.histogram")}
      hint={summary && t("logs.total", { count: summary.total })}
      acts={
        <span className="row wrap log-counts">
          {[...present].reverse().map((level) => (
            <button key={level} type="button" className={`mark ${TONES[level]}`} disabled={level === "none"} aria-pressed={value("level") === level} onClick={() => set({ level: value("level") === level ? undefined : level })}>
              {t(`logs.level.${level}`)} {formatCompact(summary?.levels[level] ?? 0, language)}
            </button>
          ))}
        </span>
      }
      buckets={summary?.histogram.map((bar) => Date.parse(bar.time))}
      interval={step < 3600 ? "minute" : step < 86_400 ? "hour" : "day"}
      series={present.map((level) => ({
        name: t(`logs.level.${level}`),
        values: summary?.histogram.map((bar) => bar.levels[level] ?? 0) ?? [],
        ...(COLORS[level] === undefined ? { kind: "other" as const } : { color: COLORS[level] }),
      }))}
      shape="stack"
      format={(count) => formatCount(count, language)}
      formatAxis={(count) => formatCompact(count, language)}
      height={148}
      file="logs"
      error={error}
      retry={retry}
    />
  );
}
