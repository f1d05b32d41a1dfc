/* One entry: since when it is what it is, who set it, who used it. Of a secret everything but its value. */

import { Button, Drawer, Skeleton } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMay, useMayInTeam } from "../api/session";
import { useWords } from "../i18n/language";
import { Failure } from "../ui/State";
import { Ago, CopyId } from "../ui/Values";
import { ScopeName } from "./ScopeName";
import { type Entry, entryHistoryQuery } from "./shapes";

interface DetailProps {
  entry: Entry;
  close: () => void;
  change: () => void;
  remove: () => void;
}

export function EntryDetail({ entry, close, change, remove }: DetailProps) {
  const t = useWords();
  const mayWrite = useMay("secrets.write");
  const mayAudit = useMayInTeam("audit.read");
  return (
    <Drawer opened onClose={close} position="right" size={520} title={<span className="mono">{entry.name}</span>} closeButtonProps={{ "aria-label": t("act.close") }}>
      <div className="stack">
        <div className="entry-head" style={{ margin: 0 }}>
          <span className={entry.kind === "secret" ? "mark accent" : "mark outline"}>{t(`secrets.kind.${entry.kind}`)}</span>
          <ScopeName scope={entry.scope} />
          <span className="grow" />
          {mayWrite && (
            <>
              <Button variant="default" onClick={change}>
                {t("secrets.change")}
              </Button>
              <Button variant="default" color="red" onClick={remove}>
                {t("secrets.delete")}
              </Button>
            </>
          )}
        </div>
        <dl className="pairs">
          <dt>{t("secrets.purpose")}</dt>
          <dd>{entry.purpose || "–"}</dd>
          {entry.kind === "variable" && (
            <>
              <dt>{t("secrets.value")}</dt>
              <dd className="mono" style={{ whiteSpace: "pre-wrap" }}>{entry.value}</dd>
            </>
          )}
          <dt>{t("secrets.rotated")}</dt>
          <dd>
            <Ago at={entry.rotated_at} /> · {entry.rotated_by}
          </dd>
          <dt>{t("secrets.created")}</dt>
          <dd>
            <Ago at={entry.created_at} /> · {entry.created_by}
          </dd>
          <dt>{t("secrets.id")}</dt>
          <dd>
            <CopyId id={entry.id}>{entry.id}</CopyId>
          </dd>
        </dl>
        <EntryTimeline id={entry.id} />
        {mayAudit && (
          <div>
            <Link to="/settings/audit" search={{ resource: entry.id, from: "-90d" } as never} className="link">
              {t("secrets.inAudit")}
            </Link>
          </div>
        )}
      </div>
    </Drawer>
  );
}

interface AuditEntry {
  id: string;
  time: string;
  action: string;
  outcome: "done" | "refused" | "failed";
  actor: { name: string };
  detail: string;
}

function EntryTimeline({ id }: { id: string }) {
  const t = useWords();
  const history = useInfiniteQuery(entryHistoryQuery(id));
  if (history.isError && !history.data) return <Failure error={history.error} retry={() => void history.refetch()} />;
  if (!history.data) return <Skeleton height={96} />;
  const versions = history.data.pages[0]?.versions ?? [];
  const entries = history.data.pages.flatMap((page) => page.entries) as unknown as AuditEntry[];
  return (
    <>
      <section>
        <h2 className="field-label">{t("secrets.versions")}</h2>
        <ol className="timeline">
          {versions.map((version) => (
            <li key={version.version}>
              <strong style={{ fontWeight: 500 }}>{t("secrets.version", { number: version.version })}</strong>{" "}
              <span className="dim">
                {version.set_by} · <Ago at={version.set_at} />
              </span>
            </li>
          ))}
        </ol>
      </section>
      <section>
        <h2 className="field-label">{t("secrets.auditEntries")}</h2>
        {entries.length === 0 && <div className="dim">{t("secrets.noEntries")}</div>}
        <ol className="timeline">
          {entries.map((entry) => (
            <li key={entry.id}>
              <span className="row wrap" style={{ gap: 6 }}>
                <span className="mono">{entry.action}</span>
                {entry.outcome !== "done" && <span className="mark broken">{t(`audit.outcome.${entry.outcome}`)}</span>}
                <span className="dim">
                  {entry.actor.name} · <Ago at={entry.time} />
                </span>
              </span>
              {entry.detail !== "" && <div className="dim">{entry.detail}</div>}
            </li>
          ))}
        </ol>
        {history.hasNextPage && (
          <Button variant="default" loading={history.isFetchingNextPage} onClick={() => void history.fetchNextPage()}>
            {t("traces.more")}
          </Button>
        )}
      </section>
    </>
  );
}
