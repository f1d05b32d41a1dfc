/* Groups: people who get the same roles together. A directory keeps some of them. */

import { ActionIcon, Button, Menu, Modal, Select, Skeleton, TextInput } from "@mantine/core";
import { IconDots, IconPlus, IconUsersGroup, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useMayInTeam } from "../api/session";
import { useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { ConfirmByName } from "../ui/ConfirmByName";
import { type Column, DataTable } from "../ui/DataTable";
import { Card, Page } from "../ui/Page";
import { SearchField } from "../ui/SearchField";
import { Failure, FailureNote, State } from "../ui/State";
import { Ago } from "../ui/Values";
import { NameDialog } from "./NameDialog";
import { type Group, groupMembersQuery, groupsQuery, membersQuery, useTeamChange } from "./queries";
import { SubjectRoles } from "./SubjectRoles";
import "./team.css";

type Doing = { what: "create" } | { what: "members" | "roles" | "rename" | "delete"; group: Group };

export default function GroupsPage() {
  const t = useWords();
  const { value } = useAddress();
  const mayWrite = useMayInTeam("groups.write");
  const groups = useQuery(groupsQuery);
  const [doing, setDoing] = useState<Doing | null>(null);
  const columns = useColumns(mayWrite, (what, group) => setDoing({ what, group }));
  const rows = groups.data?.filter(({ name }) => name.toLowerCase().includes(value("q").toLowerCase()));
  const create = () => setDoing({ what: "create" });
  return (
    <Page
      title={t("nav.groups")}
      text={t("group.text")}
      acts={mayWrite && <Button leftSection={<IconPlus size={14} />} onClick={create}>{t("group.create")}</Button>}
    >
      <div className="filters">
        <SearchField label={t("group.search")} width={220} />
      </div>
      <Card bare>
        <DataTable
          name="groups"
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          error={groups.error}
          retry={() => void groups.refetch()}
          empty={
            <State icon={IconUsersGroup} title={value("q") ? t("group.none") : t("group.empty")} text={t("group.emptyText")}>
              {mayWrite && <Button onClick={create}>{t("group.create")}</Button>}
            </State>
          }
        />
      </Card>
      {doing && <Acting doing={doing} mayWrite={mayWrite} close={() => setDoing(null)} />}
    </Page>
  );
}

function useColumns(mayWrite: boolean, act: (what: "members" | "roles" | "rename" | "delete", group: Group) => void): Column<Group>[] {
  const t = useWords();
  return [
    {
      key: "name",
      title: t("people.name"),
      order: (row) => row.name.toLowerCase(),
      cell: (row) => (
        <span className="row wrap" style={{ gap: 6 }}>
          <strong style={{ fontWeight: 500 }} className="cut">{row.name}</strong>
          {row.managed && <span className="mark information" title={t("group.managedText")}>{t("team.managed")}</span>}
        </span>
      ),
    },
    {
      key: "members",
      title: t("nav.people"),
      align: "right",
      order: (row) => row.members,
      cell: (row) => (
        <button type="button" className="link" onClick={() => act("members", row)} aria-label={`${row.name}: ${t("people.count", { count: row.members })}`}>
          {t("people.count", { count: row.members })}
        </button>
      ),
    },
    { key: "changed", title: t("group.changed"), order: (row) => row.updated_at, cell: (row) => <span className="dim"><Ago at={row.updated_at} /></span> },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) => (
        <span className="row" style={{ justifyContent: "flex-end", gap: 0 }}>
          <Button variant="subtle" onClick={() => act("members", row)} aria-label={`${t("nav.people")} ${row.name}`}>{t("nav.people")}</Button>
          <Button variant="subtle" onClick={() => act("roles", row)} aria-label={`${t("nav.roles")} ${row.name}`}>{t("nav.roles")}</Button>
          {mayWrite && !row.managed && (
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon aria-label={t("team.actsOf", { name: row.name })}>
                  <IconDots size={16} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={() => act("rename", row)}>{t("team.rename")}</Menu.Item>
                <Menu.Item color="red" onClick={() => act("delete", row)}>{t("team.delete")}</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          )}
        </span>
      ),
    },
  ];
}

function Acting({ doing, mayWrite, close }: { doing: Doing; mayWrite: boolean; close: () => void }) {
  const t = useWords();
  const mayGrant = useMayInTeam("grants.write");
  const remove = useTeamChange((group: Group) => request<undefined>(`/api/groups/${group.id}`, { method: "DELETE" }), close);
  switch (doing.what) {
    case "create":
      return <NameDialog title={t("group.create")} act={t("group.create")} save={(name) => request<unknown>("/api/groups", { method: "POST", json: { name } })} close={close} />;
    case "rename":
      return (
        <NameDialog
          title={t("team.renameTitle", { name: doing.group.name })}
          act={t("act.save")}
          before={doing.group.name}
          save={(name) => request<unknown>(`/api/groups/${doing.group.id}`, { method: "PATCH", json: { name } })}
          close={close}
        />
      );
    case "roles":
      return <SubjectRoles id={doing.group.id} name={doing.group.name} mayWrite={mayGrant} close={close} />;
    case "members":
      return <GroupMembers group={doing.group} mayWrite={mayWrite && !doing.group.managed} close={close} />;
    case "delete":
      return (
        <ConfirmByName
          title={t("group.deleteTitle", { name: doing.group.name })}
          text={t("group.deleteText", { count: doing.group.members })}
          name={doing.group.name}
          act={t("team.delete")}
          pending={remove.isPending}
          error={remove.error}
          confirm={() => remove.mutate(doing.group)}
          close={close}
        />
      );
  }
}

function GroupMembers({ group, mayWrite, close }: { group: Group; mayWrite: boolean; close: () => void }) {
  const t = useWords();
  const inside = useQuery(groupMembersQuery(group.id));
  const everybody = useQuery({ ...membersQuery, enabled: mayWrite });
  const [person, setPerson] = useState<string | null>(null);
  const [text, setText] = useState("");
  const path = `/api/groups/${group.id}/members`;
  const add = useTeamChange((user_id: string) => request<undefined>(path, { method: "POST", json: { user_id } }), () => setPerson(null));
  const remove = useTeamChange((id: string) => request<undefined>(`${path}/${id}`, { method: "DELETE" }));
  const members = new Set(inside.data?.map(({ id }) => id));
  const shown = inside.data?.filter(({ name, email }) => `${name} ${email}`.toLowerCase().includes(text.toLowerCase()));
  const error = add.error ?? remove.error;
  return (
    <Modal opened onClose={close} title={t("group.membersOf", { name: group.name })} closeButtonProps={{ "aria-label": t("act.close") }}>
      <div className="stack">
        {group.managed && <p className="dim" style={{ margin: 0 }}>{t("group.managedText")}</p>}
        {mayWrite && (
          <form
            className="row"
            style={{ alignItems: "flex-end" }}
            onSubmit={(event) => {
              event.preventDefault();
              if (person) add.mutate(person);
            }}
          >
            <Select
              className="grow"
              searchable
              limit={50}
              label={t("group.person")}
              placeholder={t("group.choosePerson")}
              data={(everybody.data ?? []).filter(({ id }) => !members.has(id)).map(({ id, name, email }) => ({ value: id, label: name ? `${name} · ${email}` : email }))}
              value={person}
              onChange={setPerson}
              nothingFoundMessage={t("people.nobody")}
            />
            <Button type="submit" loading={add.isPending} disabled={!person}>{t("group.add")}</Button>
          </form>
        )}
        {error && <FailureNote error={error} />}
        {inside.isPending && <Skeleton height={40} />}
        {inside.isError && <Failure error={inside.error} retry={() => void inside.refetch()} />}
        {inside.data?.length === 0 && <p className="dim" style={{ margin: 0 }}>{t("group.nobody")}</p>}
        {inside.data && inside.data.length > 10 && <TextInput aria-label={t("people.search")} placeholder={t("people.search")} value={text} onChange={(event) => setText(event.currentTarget.value)} />}
        {shown && shown.length > 0 && (
          <ul className="team-list">
            {shown.map(({ id, name, email }) => (
              <li key={id} className="row">
                <span className="grow cut">{name || email} <span className="dim">{name && email}</span></span>
                {mayWrite && (
                  <ActionIcon aria-label={t("group.takeOut", { name: name || email })} disabled={remove.isPending} onClick={() => remove.mutate(id)}>
                    <IconX size={16} />
                  </ActionIcon>
                )}
              </li>
            ))}
          </ul>
        )}
      </div>
    </Modal>
  );
}
