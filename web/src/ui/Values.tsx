/* How single values look everywhere: money, time, ids, change. */

import { Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconArrowDownRight, IconArrowUpRight, IconCheck, IconCopy } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useLanguage, useWords } from "../i18n/language";
import { formatMoney } from "../format/money";
import { changeOf, formatChange } from "../format/number";
import { formatExact, formatRelative } from "../format/time";
import { useNow } from "./now";

/** An amount in its currency; the title holds all nine places. Null is a price that nobody knows. */
export function Money({ amount, currency, places }: { amount: string | null | undefined; currency: string; places?: number }) {
  const { language, t } = useLanguage();
  if (amount === null || amount === undefined) {
    return (
      <span className="attention" title={t("cost.unpricedHint")}>
        {t("cost.unpriced")}
      </span>
    );
  }
  return <span title={`${amount} ${currency}`}>{formatMoney(amount, currency, language, places)}</span>;
}

/** "3 minutes ago", the exact time on hover. */
export function Ago({ at }: { at: string }) {
  const { language } = useLanguage();
  const now = useNow();
  const instant = Date.parse(at);
  return (
    <time dateTime={at} title={formatExact(instant, language)}>
      {formatRelative(instant, now, language)}
    </time>
  );
}

export function shorten(id: string): string {
  return id.length > 12 ? `${id.slice(0, 8)}…` : id;
}

/** A long id, shortened; a click copies all of it. */
export function CopyId({ id, children }: { id: string; children?: ReactNode }) {
  const t = useWords();
  const clipboard = useClipboard({ timeout: 1500 });
  return (
    <Tooltip label={clipboard.copied ? t("act.copied") : id}>
      <button
        type="button"
        className="copyable"
        aria-label={`${t("act.copy")} ${id}`}
        onClick={(event) => {
          event.stopPropagation();
          event.preventDefault();
          clipboard.copy(id);
        }}
      >
        {children ?? shorten(id)}
        {clipboard.copied ? <IconCheck size={12} className="good" /> : <IconCopy size={12} className="faint" />}
      </button>
    </Tooltip>
  );
}

/** Change against the period before. `rising` says what growth means: spend that grows wants attention. */
export function Change({ now, before, rising = "neutral" }: { now: number; before: number; rising?: "bad" | "neutral" }) {
  const { language, t } = useLanguage();
  const change = changeOf(now, before);
  if (change === null) return <span className="mark">{t("compare.new")}</span>;
  const isFlat = Math.abs(change) < 0.0005;
  const tone = rising === "neutral" || isFlat ? "dim" : change > 0 ? "attention" : "good";
  return (
    <span className={`row ${tone}`} style={{ gap: 2, display: "inline-flex" }}>
      {!isFlat && (change > 0 ? <IconArrowUpRight size={14} aria-hidden /> : <IconArrowDownRight size={14} aria-hidden />)}
      {isFlat ? t("compare.same") : formatChange(change, language)}
    </span>
  );
}
