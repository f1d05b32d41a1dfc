/* Log lines one below the other; each opens to everything that is known of it. */

import { Button } from "@mantine/core";
import { IconArrowsVertical, IconChevronRight, IconListTree } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { formatExact } from "../../format/time";
import { useLanguage, useWords } from "../../i18n/language";
import { CopyId } from "../../ui/Values";
import { type LogLine, TONES } from "./shapes";
import "./logs.css";

interface LineListProps {
  lines: readonly LogLine[];
  /** The line that the others surround. */
  hit?: string;
  onAround?: (line: LogLine) => void;
}

export function LineList({ lines, hit, onAround }: LineListProps) {
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(hit === undefined ? [] : [hit]));
  const toggle = (id: string) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  return (
    <ul className="log-lines">
      {lines.map((line) => (
        <Line key={line.id} line={line} isHit={line.id === hit} isOpen={open.has(line.id)} toggle={() => toggle(line.id)} onAround={onAround} />
      ))}
    </ul>
  );
}

interface LineProps {
  line: LogLine;
  isHit: boolean;
  isOpen: boolean;
  toggle: () => void;
  onAround?: (line: LogLine) => void;
}

function Line({ line, isHit, isOpen, toggle, onAround }: LineProps) {
  const { t, language } = useLanguage();
  return (
    <li className="log-line" data-hit={isHit ? "" : undefined} ref={isHit ? showHit : undefined}>
      <button type="button" className="log-head" aria-expanded={isOpen} aria-current={isHit ? "true" : undefined} onClick={toggle}>
        <IconChevronRight size={14} className="log-fold" aria-hidden />
        <time dateTime={line.time} className="log-time" title={formatExact(Date.parse(line.time), language)}>
          {clockOf(line.time, language)}
        </time>
        <span className={`mark log-level ${TONES[line.level]}`}>{t(`logs.level.${line.level}`)}</span>
        <span className="log-from cut">{[line.service, line.topic].filter(Boolean).join(" · ")}</span>
        <span className="log-body" translate="no">{line.body === "" ? t("logs.noBody") : line.body.slice(0, 400)}</span>
      </button>
      {isOpen && <Opened line={line} onAround={onAround} />}
    </li>
  );
}

function showHit(element: HTMLLIElement | null): void {
  element?.scrollIntoView({ block: "center" });
}

/** "12:04:07.250", with the day where it is not today. */
function clockOf(time: string, language: string): string {
  const moment = new Date(time);
  const isToday = moment.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(language, {
    ...(isToday ? {} : { month: "2-digit", day: "2-digit" }),
    hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23",
  }).format(moment);
}

function Opened({ line, onAround }: { line: LogLine; onAround?: (line: LogLine) => void }) {
  const { t, language } = useLanguage();
  const known: [string, ReactNode][] = [
    [t("logs.time"), formatExact(Date.parse(line.time), language)],
    [t("logs.level"), line.severity],
    [t("logs.service"), line.service],
    [t("logs.topic"), line.topic],
    [t("dimension.agent"), line.agent],
    [t("logs.scope"), line.scope],
    [t("logs.event"), line.event_name],
    [t("logs.trace"), line.trace_id && <CopyId id={line.trace_id} />],
    [t("logs.span"), line.span_id && <CopyId id={line.span_id} />],
  ];
  return (
    <div className="log-opened">
      <pre tabIndex={0} translate="no">{pretty(line.body)}</pre>
      {line.cut && <p className="dim">{t("logs.cut")}</p>}
      <dl className="pairs">
        {known.filter(([, value]) => value !== "" && value !== null).map(([name, value]) => <Pair key={name} name={name} value={value} />)}
      </dl>
      <Values title={t("span.attributes")} values={line.attributes} />
      <Values title={t("span.resource")} values={line.resource} />
      <div className="row wrap">
        {line.trace_id !== null && (
          <Button component={Link} to={`/monitor/traces/${line.trace_id}`} search={(line.span_id === null ? {} : { span: line.span_id }) as never} variant="default" leftSection={<IconListTree size={14} />}>
            {t(line.span_id === null ? "logs.toTrace" : "logs.toSpan")}
          </Button>
        )}
        {onAround && (
          <Button variant="default" leftSection={<IconArrowsVertical size={14} />} onClick={() => onAround(line)}>
            {t("logs.around")}
          </Button>
        )}
      </div>
    </div>
  );
}

function Values({ title, values }: { title: string; values: LogLine["attributes"] }) {
  const entries = Object.entries(values).sort(([left], [right]) => left.localeCompare(right));
  if (entries.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <dl className="pairs mono">
        {entries.map(([name, value]) => (
          <Pair key={name} name={name} value={typeof value === "string" ? value : JSON.stringify(value)} />
        ))}
      </dl>
    </section>
  );
}

function Pair({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

/** A body that is JSON is set out; any other is left as it is. */
function pretty(body: string): string {
  if (!/^[{[]/.test(body)) return body;
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

export function Loading() {
  const t = useWords();
  return <div className="log-loading dim" aria-busy="true">{t("logs.loading")}</div>;
}
