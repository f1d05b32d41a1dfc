/* Who has which role where, and why somebody may, or may not. */

import { Button, Select } from "@mantine/core";
import { IconPlus, IconShieldQuestion } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { address, request } from "../api/client";
import { useMayInTeam } from "../api/session";
import { useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { ConfirmByName } from "../ui/ConfirmByName";
import { type Column, DataTable } from "../ui/DataTable";
import { Card, Page } from "../ui/Page";
import { State } from "../ui/State";
import { Ago } from "../ui/Values";
import { AddGrant } from "./AddGrant";
import { Question } from "./Question";
import { type Effect, type Grant, type Level, membersQuery, projectsQuery, rolesQuery, useTeamChange } from "./queries";
import { inOrder } from "./roles";
import { RoleMark } from "./SubjectRoles";
import { SubjectSelect } from "./Subjects";
import "./team.css";
import { placeText, roleText } from "./words";

const EFFECTS = ["allow", "deny"] as const satisfies readonly Effect[];
const LEVELS = ["hub", "team", "project", "agent", "tool", "task"] as const satisfies readonly Level[];

export default function ExplainPage() {
  const t = useWords();
  const mayWrite = useMayInTeam("grants.write");
  const [isAdding, setAdding] = useState(false);
  return (
    <Page
      title={t("nav.explain")}
      text={t("explain.text")}
      acts={mayWrite && <Button leftSection={<IconPlus size={14} />} onClick={() => setAdding(true)}>{t("grant.add")}</Button>}
    >
      <Question />
      <Grants mayWrite={mayWrite} add={() => setAdding(true)} />
      {isAdding && <AddGrant close={() => setAdding(false)} />}
    </Page>
  );
}

function Grants({ mayWrite, add }: { mayWrite: boolean; add: () => void }) {
  const t = useWords();
  const { value } = useAddress();
  const filter = { subject: value("subject"), role: value("role"), level: value("level"), project: value("in"), effect: value("effect") };
  const found = useInfiniteQuery({
    queryKey: ["team", "grants", "page", filter],
    initialPageParam: "",
    queryFn: ({ signal, pageParam }) =>
      request<{ items: Grant[]; next_cursor: string | null }>(address("/api/grants", { ...filter, limit: 100, cursor: pageParam }), { signal }),
    getNextPageParam: (last) => last.next_cursor,
  });
  const [leaving, setLeaving] = useState<Grant | null>(null);
  const remove = useTeamChange((grant: Grant) => request<undefined>(`/api/grants/${grant.id}`, { method: "DELETE" }), () => setLeaving(null));
  const columns = useColumns(mayWrite, setLeaving);
  return (
    <>
      <Card bare title={t("grant.title")} hint={t("grant.hint")}>
        <GrantFilters />
        <DataTable
          name="grants"
          rows={found.data?.pages.flatMap(({ items }) => items)}
          columns={columns}
          rowKey={(row) => row.id}
          error={found.error}
          retry={() => void found.refetch()}
          foot={found.hasNextPage ? <Button variant="subtle" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t("team.more")}</Button> : undefined}
          empty={
            <State icon={IconShieldQuestion} title={t("grant.empty")} text={t("grant.emptyText")}>
              {mayWrite && <Button onClick={add}>{t("grant.add")}</Button>}
            </State>
          }
        />
      </Card>
      {leaving && (
        <ConfirmByName
          title={t("grant.removeTitle", { name: leaving.subject_name, role: roleText(leaving.role_name, t) })}
          text={t(leaving.effect === "deny" ? "grant.removeDenyText" : "grant.removeText", { place: placeText(leaving.scope, leaving.project_name, t) })}
          name={leaving.subject_name}
          act={t("team.take")}
          pending={remove.isPending}
          error={remove.error}
          confirm={() => remove.mutate(leaving)}
          close={() => setLeaving(null)}
        />
      )}
    </>
  );
}

function GrantFilters() {
  const t = useWords();
  const { value, set } = useAddress();
  const roles = useQuery(rolesQuery);
  const projects = useQuery(projectsQuery);
  return (
    <div className="filters" style={{ padding: "0 16px 12px" }}>
      <SubjectSelect width={200} placeholder={t("grant.anySubject")} value={value("subject")} set={(subject) => set({ subject: subject || undefined })} clearable />
      <Select
        clearable
        w={152}
        aria-label={t("team.role")}
        placeholder={t("people.anyRole")}
        data={inOrder(roles.data ?? []).map((role) => ({ value: role.id, label: role.built_in ? roleText(role.name, t) : role.name }))}
        value={value("role") || null}
        onChange={(role) => set({ role: role ?? undefined })}
      />
      <Select
        clearable
        w={152}
        aria-label={t("team.where")}
        placeholder={t("grant.anyLevel")}
        data={LEVELS.map((level) => ({ value: level, label: t(`reach.${level}`) }))}
        value={value("level") || null}
        onChange={(level) => set({ level: level ?? undefined })}
      />
      <Select
        clearable
        w={152}
        aria-label={t("reach.project")}
        placeholder={t("grant.anyProject")}
        data={(projects.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
        value={value("in") || null}
        onChange={(project) => set({ in: project ?? undefined })}
      />
      <Select
        clearable
        w={152}
        aria-label={t("team.effect")}
        placeholder={t("grant.anyEffect")}
        data={EFFECTS.map((effect) => ({ value: effect, label: t(`team.${effect}`) }))}
        value={value("effect") || null}
        onChange={(effect) => set({ effect: effect ?? undefined })}
      />
    </div>
  );
}

function useColumns(mayWrite: boolean, remove: (grant: Grant) => void): Column<Grant>[] {
  const t = useWords();
  const members = useQuery({ ...membersQuery, enabled: useMayInTeam("members.read") });
  // Of a role that came with an invitation, the server knows its author by the id.
  const people = new Map((members.data ?? []).map(({ id, name, email }) => [id, name || email]));
  return [
    {
      key: "subject",
      title: t("grant.subject"),
      order: (row) => row.subject_name.toLowerCase(),
      cell: (row) => (
        <span className="row" style={{ gap: 6 }}>
          <strong style={{ fontWeight: 500 }} className="cut">{row.subject_name}</strong>
          <span className="mark outline">{t(`subject.${kindOf(row.subject)}`)}</span>
        </span>
      ),
    },
    { key: "role", title: t("team.role"), order: (row) => row.role_name, cell: (row) => <RoleMark effect={row.effect} name={row.role_name} /> },
    { key: "scope", title: t("team.where"), cell: (row) => <span className="dim">{placeText(row.scope, row.project_name, t)}</span> },
    { key: "by", title: t("grant.by"), cell: (row) => <span className="dim">{(people.get(row.created_by) ?? row.created_by) || "–"}</span> },
    { key: "at", title: t("grant.since"), order: (row) => row.created_at ?? "", cell: (row) => <span className="dim">{row.created_at ? <Ago at={row.created_at} /> : "–"}</span> },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) =>
        mayWrite ? (
          <Button variant="subtle" color="red" onClick={() => remove(row)} aria-label={`${t("team.take")} ${roleText(row.role_name, t)} ${row.subject_name}`}>
            {t("team.take")}
          </Button>
        ) : null,
    },
  ];
}

function kindOf(id: string): "usr" | "grp" | "key" {
  return id.startsWith("grp_") ? "grp" : id.startsWith("key_") ? "key" : "usr";
}
