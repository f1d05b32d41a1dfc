/* People: who is in the team, with which roles, through which groups. */

import { ActionIcon, Button, Menu, Select, Tooltip } from "@mantine/core";
import { IconDots, IconDownload, IconPlus, IconUsers, IconUserSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useMayInTeam } from "../api/session";
import { csvOf, download } from "../charts/csv";
import { useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { ConfirmByName } from "../ui/ConfirmByName";
import { type Column, ColumnChooser, DataTable } from "../ui/DataTable";
import { Card, Page } from "../ui/Page";
import { SearchField } from "../ui/SearchField";
import { State } from "../ui/State";
import { Ago } from "../ui/Values";
import { Invite } from "./Invite";
import { groupsQuery, type Member, membersQuery, rolesQuery, useTeamChange } from "./queries";
import { inOrder } from "./roles";
import { RoleMark, SubjectRoles } from "./SubjectRoles";
import { useProjectNames } from "./Scopes";
import "./team.css";
import { placeText, roleText } from "./words";

const STEP = 100;
type Doing = { what: "roles" | "remove" | "deactivate" | "activate"; member: Member };

export default function PeoplePage() {
  const t = useWords();
  const { value, set } = useAddress();
  const mayWrite = useMayInTeam("members.write");
  const members = useQuery(membersQuery);
  const [doing, setDoing] = useState<Doing | null>(null);
  const [limit, setLimit] = useState(STEP);
  const columns = useColumns((what, member) => setDoing({ what, member }), mayWrite);
  const rows = members.data?.filter((member) => matches(member, value("q"), value("role"), value("group")));
  const isFiltered = value("q") !== "" || value("role") !== "" || value("group") !== "";
  const invite = () => set({ invite: "*" });

  function save(): void {
    const head = [t("people.name"), t("people.address"), t("people.roles"), t("nav.groups"), t("people.joined")];
    const lines = (rows ?? []).map((row) => [row.name, row.email, row.roles.map(({ role }) => role.name).join("; "), row.groups.map(({ name }) => name).join("; "), row.joined_at]);
    download("people.csv", "text/csv", csvOf([head, ...lines]));
  }
  return (
    <Page
      title={t("nav.people")}
      text={t("people.text")}
      acts={mayWrite && <Button leftSection={<IconPlus size={14} />} onClick={invite}>{t("invite.act")}</Button>}
    >
      <div className="filters">
        <SearchField label={t("people.search")} width={220} />
        <PeopleFilters />
      </div>
      <Card
        bare
        title={members.data ? t("people.count", { count: rows?.length ?? 0 }) : t("nav.people")}
        acts={
          <>
            <Tooltip label={t("chart.csv")}>
              <ActionIcon aria-label={t("chart.csv")} onClick={save} disabled={!rows}>
                <IconDownload size={16} />
              </ActionIcon>
            </Tooltip>
            <ColumnChooser name="people" columns={columns} />
          </>
        }
      >
        <DataTable
          name="people"
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          error={members.error}
          retry={() => void members.refetch()}
          limit={limit}
          foot={rows && rows.length > limit ? <Button variant="subtle" onClick={() => setLimit(limit + STEP)}>{t("team.more")}</Button> : undefined}
          empty={
            isFiltered ? (
              <State icon={IconUserSearch} title={t("people.nobody")} text={t("people.nobodyText")}>
                <Button variant="default" onClick={() => set({ q: undefined, role: undefined, group: undefined })}>{t("filter.clear")}</Button>
              </State>
            ) : (
              <State icon={IconUsers} title={t("people.empty")} text={t("people.emptyText")} />
            )
          }
        />
      </Card>
      {value("invite") !== "" && mayWrite && <Invite close={() => set({ invite: undefined }, { replace: true })} />}
      {doing && <Acting doing={doing} close={() => setDoing(null)} />}
    </Page>
  );
}

function matches(member: Member, text: string, role: string, group: string): boolean {
  const wanted = text.toLowerCase();
  return (
    (wanted === "" || member.name.toLowerCase().includes(wanted) || member.email.toLowerCase().includes(wanted)) &&
    (role === "" || member.roles.some((held) => held.role.id === role)) &&
    (group === "" || member.groups.some(({ id }) => id === group))
  );
}

function PeopleFilters() {
  const t = useWords();
  const { value, set } = useAddress();
  const roles = useQuery(rolesQuery);
  const groups = useQuery(groupsQuery);
  return (
    <>
      <Select
        clearable
        w={168}
        aria-label={t("team.role")}
        placeholder={t("people.anyRole")}
        data={inOrder(roles.data ?? []).map((role) => ({ value: role.id, label: role.built_in ? roleText(role.name, t) : role.name }))}
        value={value("role") || null}
        onChange={(role) => set({ role: role ?? undefined })}
      />
      <Select
        clearable
        w={168}
        aria-label={t("group.one")}
        placeholder={t("people.anyGroup")}
        data={(groups.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
        value={value("group") || null}
        onChange={(group) => set({ group: group ?? undefined })}
      />
    </>
  );
}

function useColumns(act: (what: Doing["what"], member: Member) => void, mayWrite: boolean): Column<Member>[] {
  const t = useWords();
  const mayGrant = useMayInTeam("grants.write");
  const projects = useProjectNames();
  return [
    {
      key: "name",
      title: t("people.name"),
      order: (row) => row.name.toLowerCase(),
      cell: (row) => (
        <div style={{ minWidth: 0 }}>
          <div className="row wrap" style={{ gap: 6 }}>
            <strong style={{ fontWeight: 500 }} className={row.deactivated_at ? "dim cut" : "cut"}>{row.name || row.email}</strong>
            {row.deactivated_at && <span className="mark attention">{t("people.inactive")}</span>}
            {row.managed && <span className="mark information" title={t("people.managedText")}>{t("team.managed")}</span>}
          </div>
          <div className="dim cut" style={{ fontSize: 12, lineHeight: "16px" }}>{row.email}</div>
        </div>
      ),
    },
    {
      key: "roles",
      title: t("people.roles"),
      cell: (row) => (
        <span className="team-badges">
          {row.roles.map((held, index) => {
            const place = placeText({ level: held.scope as "team", project: held.project_id, name: held.name }, projects.get(held.project_id ?? "") ?? "", t);
            return <RoleMark key={index} effect={held.effect} name={held.scope === "team" ? held.role.name : `${roleText(held.role.name, t)} · ${place}`} hint={place} />;
          })}
          {row.roles.length === 0 && <span className="dim">{row.groups.length > 0 ? t("people.byGroups") : t("people.noRole")}</span>}
        </span>
      ),
    },
    {
      key: "groups",
      title: t("nav.groups"),
      cell: (row) => (
        <span className="team-badges">
          {row.groups.map(({ id, name }) => (
            <span key={id} className="mark outline">{name}</span>
          ))}
          {row.groups.length === 0 && <span className="faint">–</span>}
        </span>
      ),
    },
    { key: "joined", title: t("people.joined"), order: (row) => row.joined_at, cell: (row) => <span className="dim"><Ago at={row.joined_at} /></span> },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) => (
        <span className="row" style={{ justifyContent: "flex-end", gap: 0 }}>
          <Button variant="subtle" onClick={() => act("roles", row)} aria-label={`${mayGrant ? t("team.changeRoles") : t("team.seeRoles")} ${row.name}`}>
            {mayGrant ? t("team.changeRoles") : t("team.seeRoles")}
          </Button>
          {mayWrite && !row.managed && (
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon aria-label={t("team.actsOf", { name: row.name || row.email })}>
                  <IconDots size={16} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                {row.deactivated_at ? (
                  <Menu.Item onClick={() => act("activate", row)}>{t("people.activate")}</Menu.Item>
                ) : (
                  <Menu.Item onClick={() => act("deactivate", row)}>{t("people.deactivate")}</Menu.Item>
                )}
                <Menu.Item color="red" onClick={() => act("remove", row)}>{t("people.remove")}</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          )}
        </span>
      ),
    },
  ];
}

function Acting({ doing: { what, member }, close }: { doing: Doing; close: () => void }) {
  const t = useWords();
  const mayGrant = useMayInTeam("grants.write");
  const name = member.name || member.email;
  const change = useTeamChange(
    () =>
      what === "remove"
        ? request<unknown>(`/api/members/${member.id}`, { method: "DELETE" })
        : request<unknown>(`/api/members/${member.id}`, { method: "PATCH", json: { active: what === "activate" } }),
    close,
  );
  if (what === "roles") return <SubjectRoles id={member.id} name={name} mayWrite={mayGrant} close={close} />;
  return (
    <ConfirmByName
      title={t(`people.${what}Title`, { name })}
      text={t(`people.${what}Text`, { name })}
      name={name}
      act={t(`people.${what}`)}
      pending={change.isPending}
      error={change.error}
      confirm={() => change.mutate(undefined)}
      close={close}
    />
  );
}
