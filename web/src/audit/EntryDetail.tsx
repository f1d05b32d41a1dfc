/* One entry in full: who did what to what, from where, and what changed by it. */

import { Drawer, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { formatExact } from "../format/time";
import { useLanguage } from "../i18n/language";
import { Differences } from "../ui/Differences";
import { Failure } from "../ui/State";
import { CopyId } from "../ui/Values";
import { OutcomeMark } from "./Outcome";
import { type Chain, type Entry, entryQuery } from "./shapes";

export function EntryDetail({ chain, id, close }: { chain: Chain; id: string; close: () => void }) {
  const { t } = useLanguage();
  const entry = useQuery(entryQuery(chain, id));
  return (
    <Drawer opened onClose={close} position="right" size={560} title={t("audit.entry")} closeButtonProps={{ "aria-label": t("act.close") }}>
      {entry.isError && <Failure error={entry.error} retry={() => void entry.refetch()} />}
      {entry.isPending && <Skeleton height={160} />}
      {entry.data && <Content entry={entry.data} />}
    </Drawer>
  );
}

/** A value of a difference: text as it is, anything else as JSON. */
function shown(value: unknown): string {
  return typeof value === "string" ? (value === "" ? "\u201c\u201d" : value) : JSON.stringify(value);
}

function Content({ entry }: { entry: Entry }) {
  const { t, language } = useLanguage();
  const changes = Object.entries(entry.difference ?? {}).map(([field, sides]) => ({
    key: field,
    title: <span className="mono">{field}</span>,
    ...("before" in sides ? { before: shown(sides["before"]) } : {}),
    ...("after" in sides ? { after: shown(sides["after"]) } : {}),
  }));
  const pairs: [string, React.ReactNode][] = [
    [t("audit.time"), formatExact(Date.parse(entry.time), language)],
    [t("audit.actor"), <>{entry.actor.name || <i className="faint">{t("audit.noName")}</i>} <span className="dim">{entry.actor.id && <CopyId id={entry.actor.id} />}</span></>],
    [t("audit.action"), <span className="mono" key="action">{entry.action}</span>],
    [t("audit.resource"), <>{entry.resource_name} {entry.resource !== "" && <CopyId id={entry.resource}>{entry.resource}</CopyId>}</>],
    [t("audit.outcome"), <OutcomeMark key="outcome" entry={entry} />],
    [t("audit.detail"), entry.detail],
    [t("audit.address"), entry.address && <span className="mono">{entry.address}</span>],
    [t("audit.agent"), entry.user_agent],
    [
      t("audit.trace"),
      entry.trace_id && (
        <Link to="/monitor/traces/$traceId" params={{ traceId: entry.trace_id }} className="link mono">
          {entry.trace_id}
        </Link>
      ),
    ],
    [t("audit.seq"), `${String(entry.seq)} · ${entry.chain}`],
    [t("audit.hash"), <CopyId key="hash" id={entry.hash}>{entry.hash.slice(0, 24)}…</CopyId>],
    [t("audit.id"), <CopyId key="id" id={entry.id}>{entry.id}</CopyId>],
  ];
  return (
    <div className="stack" data-entry={entry.id}>
      {entry.erased && <div className="notice information" role="note">{t("audit.erased")}</div>}
      <dl className="pairs">
        {pairs
          .filter(([, value]) => value !== "")
          .map(([name, value]) => (
            <div key={name} style={{ display: "contents" }}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      {changes.length > 0 && (
        <section>
          <h2 style={{ fontSize: 13, lineHeight: "20px", fontWeight: 600, margin: "0 0 8px" }}>{t("audit.difference")}</h2>
          <Differences items={changes} />
        </section>
      )}
    </div>
  );
}
