/* Secrets and variables: what agents and tasks are given when they run. Of a secret the name and the purpose. */

import { Button, SegmentedControl, Select } from "@mantine/core";
import { IconHourglass, IconLock, IconPlus, IconSearchOff, IconVariable } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { approvalsQuery } from "../approvals/shapes";
import { address, request } from "../api/client";
import { useMay } from "../api/session";
import { useStepUp } from "../identity/StepUp";
import { useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { ConfirmByName } from "../ui/ConfirmByName";
import { type Column, ColumnChooser, DataTable } from "../ui/DataTable";
import { Card, Page } from "../ui/Page";
import { SearchField } from "../ui/SearchField";
import { State } from "../ui/State";
import { Ago } from "../ui/Values";
import { EntryDetail } from "./EntryDetail";
import { EntryForm } from "./EntryForm";
import { ProtectionCard } from "./Protection";
import { useProjects } from "./projects";
import { Rotations } from "./Rotations";
import { ScopeName } from "./ScopeName";
import { type Change, entriesQuery, type Entry, type Kind, KINDS, type ScopeLevel, SCOPES } from "./shapes";
import "../settings/settings.css";
import "./secrets.css";

type Doing = { what: "detail" | "change" | "delete"; entry: Entry } | { what: "add"; kind: Kind };

export default function SecretsPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const mayWrite = useMay("secrets.write");
  const mayApprovals = useMay("approvals.read");
  const projects = useProjects();
  const [doing, setDoing] = useState<Doing | null>(null);
  const level = SCOPES.find((each) => each === value("level")) ?? "";
  const project = level === "team" ? "" : value("project");
  return (
    <Page
      title={t("nav.secrets")}
      text={t("secrets.text")}
      acts={
        mayWrite && (
          <Button leftSection={<IconPlus size={14} />} onClick={() => setDoing({ what: "add", kind: "secret" })}>
            {t("secrets.add")}
          </Button>
        )
      }
    >
      <div className="filters">
        <div className="scopes">
          <SegmentedControl
            aria-label={t("secrets.scope")}
            value={level || "all"}
            onChange={(next) => set({ level: next === "all" ? undefined : next })}
            data={[{ value: "all", label: t("secrets.everywhere") }, ...SCOPES.map((each) => ({ value: each, label: t(`level.${each}`) }))]}
          />
        </div>
        {level !== "team" && (
          <Select
            w={180}
            aria-label={t("level.project")}
            value={project || "all"}
            onChange={(next) => set({ project: next === "all" ? undefined : (next ?? undefined) })}
            data={[{ value: "all", label: t("secrets.allProjects") }, ...projects.items]}
            allowDeselect={false}
            searchable
          />
        )}
        <SearchField label={t("secrets.search")} width={220} />
      </div>
      {mayApprovals && <Pending />}
      {KINDS.map((kind) => (
        <Entries key={kind} kind={kind} level={level} project={project} mayWrite={mayWrite} act={setDoing} />
      ))}
      <ProtectionCard />
      <Rotations />
      {doing?.what === "detail" && (
        <EntryDetail
          entry={doing.entry}
          close={() => setDoing(null)}
          change={() => setDoing({ what: "change", entry: doing.entry })}
          remove={() => setDoing({ what: "delete", entry: doing.entry })}
        />
      )}
      {doing?.what === "add" && <EntryForm entry={null} kind={doing.kind} level={level || "project"} close={() => setDoing(null)} />}
      {doing?.what === "change" && <EntryForm entry={doing.entry} kind={doing.entry.kind} level="team" close={() => setDoing(null)} />}
      {doing?.what === "delete" && <Delete entry={doing.entry} close={() => setDoing(null)} />}
    </Page>
  );
}

/** Changes that wait for a second person. */
function Pending() {
  const t = useWords();
  const approvals = useInfiniteQuery(approvalsQuery(true));
  const waiting = approvals.data?.pages.flatMap((page) => page.items).filter((each) => each.kind === "secrets.change") ?? [];
  if (waiting.length === 0) return null;
  return (
    <div className="notice attention" role="note" aria-label={t("secrets.pending", { count: waiting.length })}>
      <IconHourglass size={16} aria-hidden />
      <div className="grow">
        <div style={{ fontWeight: 500 }}>{t("secrets.pending", { count: waiting.length })}</div>
        {waiting.slice(0, 5).map((each) => (
          <div key={each.id}>
            {each.title} <span className="dim">· {t("approvals.askedBy", { name: each.asked_by.name })} · <Ago at={each.created_at} /> · {t("approvals.state.open")}</span>
          </div>
        ))}
      </div>
      <Button component={Link} to="/approvals" variant="default">
        {t("secrets.seeApprovals")}
      </Button>
    </div>
  );
}

interface EntriesProps {
  kind: Kind;
  level: ScopeLevel | "";
  project: string;
  mayWrite: boolean;
  act: (doing: Doing) => void;
}

function Entries({ kind, level, project, mayWrite, act }: EntriesProps) {
  const t = useWords();
  const { value, set } = useAddress();
  const entries = useInfiniteQuery(entriesQuery(kind, level, project));
  const text = value("q").toLowerCase();
  const all = entries.data?.pages.flatMap((page) => page.items);
  const rows = all?.filter((row) => [row.name, row.purpose, row.scope.name, row.rotated_by].join("\n").toLowerCase().includes(text));
  const isSecret = kind === "secret";
  const columns: Column<Entry>[] = [
    {
      key: "name",
      title: t("secrets.name"),
      order: (row) => row.name,
      cell: (row) => (
        <span className="row" style={{ gap: 8 }}>
          {isSecret ? <IconLock size={14} className="faint" aria-hidden /> : <IconVariable size={14} className="faint" aria-hidden />}
          <button type="button" className="link mono cut" style={{ color: "inherit", fontWeight: 500 }} onClick={() => act({ what: "detail", entry: row })}>
            {row.name}
          </button>
        </span>
      ),
    },
    ...(isSecret ? [] : [{ key: "value", title: t("secrets.value"), cell: (row: Entry) => <div className="mono cell-cut" title={row.value ?? ""}>{row.value}</div> }]),
    { key: "purpose", title: t("secrets.purpose"), cell: (row) => (row.purpose === "" ? null : <div className="dim cell-cut" style={{ maxWidth: 240 }} title={row.purpose}>{row.purpose}</div>) },
    { key: "scope", title: t("secrets.scope"), order: (row) => row.scope.level, cell: (row) => <ScopeName scope={row.scope} /> },
    {
      key: "rotated",
      title: isSecret ? t("secrets.rotated") : t("secrets.changed"),
      order: (row) => row.rotated_at,
      cell: (row) => (
        <span className="dim nowrap">
          <Ago at={row.rotated_at} />
        </span>
      ),
    },
    { key: "by", title: t("rotations.by"), optional: true, cell: (row) => <span className="dim">{row.rotated_by}</span> },
    { key: "version", title: t("secrets.versionColumn"), align: "right", optional: true, cell: (row) => row.version },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) =>
        mayWrite ? (
          <span className="row" style={{ justifyContent: "flex-end", gap: 0 }}>
            <Button variant="subtle" color="gray" aria-label={`${t("secrets.change")} ${row.name}`} onClick={() => act({ what: "change", entry: row })}>
              {t("secrets.change")}
            </Button>
            <Button variant="subtle" color="red" aria-label={`${t("secrets.delete")} ${row.name}`} onClick={() => act({ what: "delete", entry: row })}>
              {t("secrets.delete")}
            </Button>
          </span>
        ) : null,
    },
  ];
  return (
    <Card bare title={t(isSecret ? "secrets.secrets" : "secrets.variables")} hint={t(`secrets.kindText.${kind}`)} acts={<ColumnChooser name={`runtime-${kind}`} columns={columns} />}>
      <DataTable
        name={`runtime-${kind}`}
        rows={rows}
        columns={columns}
        rowKey={(row) => row.id}
        error={entries.error}
        retry={() => void entries.refetch()}
        empty={
          text !== "" && all?.length !== 0 ? (
            <State icon={IconSearchOff} title={t("settings.nothing")} text={t("settings.nothingText")}>
              <Button variant="default" onClick={() => set({ q: undefined })}>
                {t("filter.clear")}
              </Button>
            </State>
          ) : (
            <State icon={isSecret ? IconLock : IconVariable} title={t(isSecret ? "secrets.empty" : "secrets.emptyVariables")} text={t(isSecret ? "secrets.emptyText" : "secrets.emptyVariablesText")}>
              {mayWrite && (
                <Button variant="default" onClick={() => act({ what: "add", kind })}>
                  {t(isSecret ? "secrets.addSecret" : "secrets.addVariable")}
                </Button>
              )}
            </State>
          )
        }
        foot={
          entries.hasNextPage ? (
            <Button variant="default" loading={entries.isFetchingNextPage} onClick={() => void entries.fetchNextPage()}>
              {t("traces.more")}
            </Button>
          ) : undefined
        }
      />
    </Card>
  );
}

function Delete({ entry, close }: { entry: Entry; close: () => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const remove = useMutation({
    mutationFn: () => stepUp(() => request<Change>(address(`/api/config/runtime/${entry.id}`, { version: entry.version }), { method: "DELETE" })),
    onSuccess: async () => {
      close();
      await Promise.all([queries.invalidateQueries({ queryKey: ["runtime"] }), queries.invalidateQueries({ queryKey: ["approvals"] })]);
    },
  });
  return (
    <ConfirmByName
      title={t("secrets.deleteTitle", { name: entry.name })}
      text={t(entry.kind === "secret" ? "secrets.deleteText" : "secrets.deleteVariableText")}
      name={entry.name}
      act={t("secrets.delete")}
      pending={remove.isPending}
      error={remove.error}
      confirm={() => remove.mutate()}
      close={close}
    />
  );
}
