/* One span in full: what was said, what it cost and why, and everything its emitter sent. Loaded on demand. */

import { ActionIcon, Button, Skeleton, Tabs } from "@mantine/core";
import { IconAlertTriangle, IconInfoCircle, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { request } from "../../api/client";
import { useMay } from "../../api/session";
import type { SpanDetail } from "../../api/types";
import { colorsOf } from "../../charts/palette";
import { sumOf } from "../../format/money";
import { formatCount, formatDuration } from "../../format/number";
import { useLanguage, useWords } from "../../i18n/language";
import { useAddress } from "../../shell/address";
import { Snippet } from "../../ui/Snippet";
import { Failure } from "../../ui/State";
import { CopyId, Money } from "../../ui/Values";
import { LinkedLogs } from "../logs/LinkedLogs";
import { Messages } from "./Messages";
import { serverOf, ToolCall } from "./ToolCall";

const TABS = ["messages", "tool", "cost", "attributes", "logs", "raw"] as const;
type Tab = (typeof TABS)[number];

export function SpanPane({ traceId, spanId, close }: { traceId: string; spanId: string; close: () => void }) {
  const t = useWords();
  const span = useQuery({
    queryKey: ["span", traceId, spanId],
    queryFn: ({ signal }) => request<SpanDetail>(`/api/traces/${traceId}/spans/${spanId}`, { signal }),
    staleTime: 60_000,
  });
  return (
    <aside className="card detail" aria-label={t("trace.detail")}>
      {span.isError ? (
        <Failure error={span.error} retry={() => void span.refetch()} />
      ) : span.data ? (
        <Loaded span={span.data} traceId={traceId} close={close} />
      ) : (
        <div style={{ padding: 16 }} className="stack" aria-busy="true">
          <Skeleton height={16} width="60%" />
          <Skeleton height={64} />
          <Skeleton height={96} />
        </div>
      )}
    </aside>
  );
}

function Loaded({ span, close }: { span: SpanDetail; traceId: string; close: () => void }) {
  const { t, language } = useLanguage();
  const { value, set } = useAddress();
  const hasMessages = span.input_messages.length + span.output_messages.length > 0;
  const mayReadLogs = useMay("logs.read");
  const hasUsage = span.usage_kind !== "none";
  const offered = TABS.filter((tab) => (tab === "messages" ? hasMessages : tab === "tool" ? span.tool !== "" : tab === "cost" ? hasUsage : tab === "logs" ? mayReadLogs : true));
  const tab: Tab = offered.find((each) => each === value("tab")) ?? offered[0] ?? "attributes";
  const marks = [span.operation, span.provider, span.model, span.agent, serverOf(span), span.tool, span.service, span.environment].filter((each) => each);
  return (
    <>
      <div className="detail-head">
        <div className="row" style={{ alignItems: "flex-start" }}>
          <h2 className="grow">{span.name}</h2>
          <ActionIcon aria-label={t("act.close")} onClick={close}>
            <IconX size={16} />
          </ActionIcon>
        </div>
        <div className="detail-marks">
          {span.status === "error" ? <span className="mark broken">{t("status.error")}</span> : null}
          <span className="mark">{formatDuration(span.duration_ns / 1e6, language)}</span>
          {[...new Set(marks)].map((mark) => (
            <span key={mark} className="mark cut">
              {mark}
            </span>
          ))}
        </div>
        <Tabs value={tab} onChange={(next) => set({ tab: next ?? undefined }, { replace: true })} variant="default" styles={{ tab: { padding: "8px 12px", fontSize: 13 } }} mx={-16} px={8}>
          <Tabs.List px={8}>
            {offered.map((each) => (
              <Tabs.Tab key={each} value={each}>
                {t(`span.tab.${each}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
        </Tabs>
      </div>
      <div className="detail-body" tabIndex={0} role="region" aria-label={t(`span.tab.${tab}`)}>
        {span.status === "error" && span.status_message !== "" && (
          <Note tone="broken">{span.status_message}</Note>
        )}
        <Accounting span={span} />
        {tab === "messages" && <Messages input={span.input_messages} output={span.output_messages} />}
        {tab === "tool" && <ToolCall span={span} />}
        {tab === "cost" && <CostParts span={span} />}
        {tab === "attributes" && <Attributes span={span} />}
        {tab === "logs" && <LinkedLogs traceId={span.trace_id} spanId={span.span_id} start={Date.parse(span.start_time)} end={Date.parse(span.end_time)} />}
        {tab === "raw" && <Snippet text={JSON.stringify(span, null, 2)} />}
      </div>
    </>
  );
}

function Note({ tone, children }: { tone: "broken" | "attention" | "information"; children: ReactNode }) {
  return (
    <div className={`notice ${tone}`} role="note" style={{ alignItems: "flex-start" }}>
      {tone === "information" ? <IconInfoCircle size={16} aria-hidden /> : <IconAlertTriangle size={16} aria-hidden />}
      <span className="grow" style={{ overflowWrap: "anywhere" }}>{children}</span>
    </div>
  );
}

/** Says where this span's figures are not on the bill, and why. */
function Accounting({ span }: { span: SpanDetail }) {
  const t = useWords();
  if (span.usage_kind === "none") return null;
  if (!span.counted) {
    return <Note tone="information">{span.usage_kind === "aggregate" ? t("trace.notCountedAggregate") : t("trace.notCountedCall")}</Note>;
  }
  if (span.cost !== null) return null;
  if (span.price_source === "no_usage") return <Note tone="attention">{t("unpriced.noUsage")}</Note>;
  return (
    <Note tone="attention">
      {t("unpriced.unknownModel", { model: span.model })}{" "}
      <Link to="/costs/prices" search={{ provider: span.provider, add: span.model } as never} className="link">
        {t("unpriced.add")}
      </Link>
    </Note>
  );
}

function CostParts({ span }: { span: SpanDetail }) {
  const { t, language } = useLanguage();
  const written = span.cache_write_5m_tokens + span.cache_write_1h_tokens;
  const plain = Math.max(0, span.input_tokens - span.cache_read_tokens - written);
  const parts = span.cost_parts;
  const rows = [
    { name: t("bucket.input"), tokens: plain, cost: parts.input },
    { name: t("bucket.cacheRead"), tokens: span.cache_read_tokens, cost: parts.cache_read },
    { name: t("bucket.cacheWrite"), tokens: written, cost: parts.cache_write },
    { name: t("bucket.output"), tokens: span.output_tokens, cost: parts.output },
  ];
  const isPriced = span.cost !== null;
  const whole = Number(span.cost);
  const palette = colorsOf("light");
  const within: [string, number][] = [
    [t("bucket.reasoning"), span.reasoning_tokens],
    [t("bucket.inputAudio"), span.input_audio_tokens],
    [t("bucket.outputAudio"), span.output_audio_tokens],
  ];
  return (
    <section>
      {isPriced && whole > 0 && (
        <div className="parts-bar" aria-hidden style={{ marginBottom: 12 }}>
          {rows.map((row, index) => (
            <i key={row.name} style={{ width: `${(Number(row.cost) / whole) * 100}%`, background: palette[index] }} />
          ))}
        </div>
      )}
      <table className="table" style={{ margin: "0 -4px" }}>
        <thead>
          <tr>
            <th scope="col">{t("bucket.title")}</th>
            <th scope="col" className="num">{t("metric.tokens")}</th>
            <th scope="col" className="num">{t("traces.cost")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={row.name}>
              <td>
                <span className="row">
                  <i style={{ width: 8, height: 8, borderRadius: 2, background: palette[index] }} />
                  {row.name}
                </span>
              </td>
              <td className="num">{formatCount(row.tokens, language)}</td>
              <td className="num">{isPriced ? <Money amount={row.cost} currency="USD" places={6} /> : "–"}</td>
            </tr>
          ))}
          <tr>
            <td><strong>{t("bucket.total")}</strong></td>
            <td className="num"><strong>{formatCount(span.input_tokens + span.output_tokens, language)}</strong></td>
            <td className="num">
              <strong title={isPriced ? sumOf([parts.input, parts.cache_read, parts.cache_write, parts.output]) : undefined}>
                <Money amount={span.cost} currency="USD" places={6} />
              </strong>
            </td>
          </tr>
        </tbody>
      </table>
      <dl className="pairs" style={{ marginTop: 16 }}>
        {within.filter(([, tokens]) => tokens > 0).map(([name, tokens]) => (
          <Pair key={name} name={name} value={formatCount(tokens, language)} />
        ))}
        <Pair name={t("span.priceSource")} value={span.price_version.startsWith(span.price_source) ? span.price_version : [priceSourceName(span.price_source, t), span.price_version].filter(Boolean).join(" ")} />
        <Pair name={t("span.serviceTier")} value={span.service_tier} />
        <Pair name={t("span.firstToken")} value={span.time_to_first_token_ns ? formatDuration(span.time_to_first_token_ns / 1e6, language) : ""} />
      </dl>
      {span.price_source === "unknown_model" && (
        <Button component={Link} to="/costs/prices" search={{ provider: span.provider, add: span.model } as never} variant="default" mt={16}>
          {t("unpriced.add")}
        </Button>
      )}
    </section>
  );
}

function priceSourceName(source: string, t: ReturnType<typeof useWords>): string {
  switch (source) {
    case "reported":
      return t("price.reported");
    case "custom":
      return t("price.custom");
    case "unknown_model":
    case "no_usage":
      return t("cost.unpriced");
    default:
      return source;
  }
}

function Pair({ name, value }: { name: string; value: ReactNode }) {
  if (value === "" || value === undefined || value === null) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function Attributes({ span }: { span: SpanDetail }) {
  const t = useWords();
  const show = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  const known: [string, ReactNode][] = [
    [t("span.id"), <CopyId key="id" id={span.span_id} />],
    [t("span.parent"), span.parent_span_id ? <CopyId key="parent" id={span.parent_span_id} /> : ""],
    [t("span.kind"), span.kind],
    [t("dimension.user"), span.user],
    [t("dimension.session"), span.session],
    [t("span.requestModel"), span.request_model === span.model ? "" : span.request_model],
    [t("span.finish"), span.finish_reason],
    [t("dimension.tag"), span.tags.map((tag) => <span key={tag} className="mark" style={{ marginRight: 4 }}>{tag}</span>)],
  ];
  const groups: [string, Record<string, unknown>][] = [
    [t("span.attributes"), span.attributes],
    [t("span.resource"), span.resource],
  ];
  return (
    <>
      <dl className="pairs">
        {known.filter(([, value]) => !(Array.isArray(value) && value.length === 0)).map(([name, value]) => (
          <Pair key={name} name={name} value={value} />
        ))}
      </dl>
      {groups.map(([title, entries]) =>
        Object.keys(entries).length === 0 ? null : (
          <section key={title}>
            <h3>{title}</h3>
            <dl className="pairs mono" style={{ gridTemplateColumns: "minmax(0, 2fr) minmax(0, 3fr)" }}>
              {Object.entries(entries).sort(([left], [right]) => left.localeCompare(right)).map(([name, value]) => (
                <div key={name} style={{ display: "contents" }}>
                  <dt style={{ overflowWrap: "anywhere" }}>{name}</dt>
                  <dd style={{ whiteSpace: "pre-wrap" }}>{show(value)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ),
      )}
      {[[t("span.events"), span.events] as const, [t("span.links"), span.links] as const].map(([title, list]) =>
        list.length > 0 ? (
          <section key={title}>
            <h3>{title}</h3>
            <pre className="json" tabIndex={0} style={{ background: "var(--mno-raised)", borderRadius: 6 }}>{JSON.stringify(list, null, 2)}</pre>
          </section>
        ) : null,
      )}
    </>
  );
}
