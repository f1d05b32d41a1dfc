/* API keys: what applications and scripts sign with. A key is shown once, can be rotated, and revoked for good. */

import { ActionIcon, Button, Menu, Select } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDots, IconKey, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useMay, useMayInTeam } from "../api/session";
import type { ApiKey } from "../api/types";
import { useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { membersQuery, projectsQuery } from "../team/queries";
import { ConfirmByName } from "../ui/ConfirmByName";
import { type Column, ColumnChooser, DataTable } from "../ui/DataTable";
import { useNow } from "../ui/now";
import { Card, Page } from "../ui/Page";
import { SearchField } from "../ui/SearchField";
import { State } from "../ui/State";
import { Ago } from "../ui/Values";
import { ChangeKey } from "./ChangeKey";
import { CreateKey } from "./CreateKey";
import { type KeyState, keysQuery, stateOf, useKeyChange } from "./keys";
import { RotateKey } from "./RotateKey";

const STATES = ["working", "ending", "expired", "revoked"] as const satisfies readonly KeyState[];
const TONES = { working: "good", ending: "attention", expired: "", revoked: "broken" } as const;
type Doing = { what: "change" | "rotate" | "revoke"; row: ApiKey };

export default function KeysPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const now = useNow();
  const mayWrite = useMay("keys.write");
  const keys = useQuery(keysQuery);
  const [isCreating, creating] = useDisclosure(false);
  const [doing, setDoing] = useState<Doing | null>(null);
  const revoke = useKeyChange((row: ApiKey) => request<undefined>(`/api/keys/${row.id}`, { method: "DELETE" }), () => setDoing(null));
  const columns = useColumns(mayWrite, (what, row) => setDoing({ what, row }));
  const text = value("q").toLowerCase();
  const rows = keys.data?.filter((row) => `${row.name} ${row.prefix} ${row.agent}`.toLowerCase().includes(text) && (value("state") === "" || stateOf(row, now) === value("state")));
  return (
    <Page
      title={t("nav.keys")}
      text={t("keys.text")}
      acts={
        mayWrite && (
          <Button leftSection={<IconPlus size={14} />} onClick={creating.open}>
            {t("keys.create")}
          </Button>
        )
      }
    >
      <div className="filters">
        <SearchField label={t("keys.search")} width={220} />
        <Select
          clearable
          w={168}
          aria-label={t("keys.state")}
          placeholder={t("invite.anyState")}
          data={STATES.map((state) => ({ value: state, label: t(`keyState.${state}`) }))}
          value={value("state") || null}
          onChange={(state) => set({ state: state ?? undefined })}
        />
      </div>
      <Card bare title={t("keys.count", { count: rows?.length ?? 0 })} acts={<ColumnChooser name="api-keys" columns={columns} />}>
        <DataTable
          name="api-keys"
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          error={keys.error}
          retry={() => void keys.refetch()}
          empty={
            <State icon={IconKey} title={t("keys.empty")} text={t("keys.emptyText")}>
              {mayWrite && <Button onClick={creating.open}>{t("keys.create")}</Button>}
            </State>
          }
        />
      </Card>
      <CreateKey opened={isCreating} close={creating.close} />
      {doing?.what === "change" && <ChangeKey row={doing.row} close={() => setDoing(null)} />}
      {doing?.what === "rotate" && <RotateKey row={doing.row} close={() => setDoing(null)} />}
      {doing?.what === "revoke" && (
        <ConfirmByName
          title={t("keys.revokeTitle", { name: doing.row.name })}
          text={t("keys.revokeText")}
          name={doing.row.name}
          act={t("keys.revoke")}
          pending={revoke.isPending}
          error={revoke.error}
          confirm={() => revoke.mutate(doing.row)}
          close={() => setDoing(null)}
        />
      )}
    </Page>
  );
}

function useColumns(mayWrite: boolean, act: (what: Doing["what"], row: ApiKey) => void): Column<ApiKey>[] {
  const t = useWords();
  const now = useNow();
  const members = useQuery({ ...membersQuery, enabled: useMayInTeam("members.read") });
  const projects = useQuery(projectsQuery);
  const people = new Map((members.data ?? []).map(({ id, name, email }) => [id, name || email]));
  const names = new Map((projects.data ?? []).map(({ id, name }) => [id, name]));
  return [
    {
      key: "name",
      title: t("keys.name"),
      order: (row) => row.name.toLowerCase(),
      cell: (row) => {
        const state = stateOf(row, now);
        return (
          <div style={{ minWidth: 0 }}>
            <span className="row" style={{ gap: 6 }}>
              <strong style={{ fontWeight: 500 }} className={state === "working" ? "cut" : "dim cut"}>{row.name}</strong>
              {state !== "working" && <span className={`mark ${TONES[state]}`}>{t(`keyState.${state}`)}</span>}
            </span>
            <span className="mono dim">{row.prefix}…</span>
          </div>
        );
      },
    },
    { key: "scopes", title: t("keys.scope"), cell: (row) => <Abilities row={row} /> },
    {
      key: "place",
      title: t("keys.project"),
      cell: (row) => (
        <div style={{ minWidth: 0 }}>
          <div className="cut">{names.get(row.project) ?? row.project}</div>
          {row.agent && <div className="dim cut" style={{ fontSize: 12, lineHeight: "16px" }}>{t("keys.forAgent", { agent: row.agent })}</div>}
        </div>
      ),
    },
    {
      key: "from",
      title: t("keys.addresses"),
      cell: (row) =>
        row.allowed_addresses.length === 0 ? (
          <span className="dim">{t("keys.anywhere")}</span>
        ) : (
          <span className="mono" title={row.allowed_addresses.join("\n")}>
            {row.allowed_addresses[0]}
            {row.allowed_addresses.length > 1 && ` +${row.allowed_addresses.length - 1}`}
          </span>
        ),
    },
    { key: "ends", title: t("keys.until"), order: (row) => row.expires_at ?? "9", cell: (row) => <span className="dim">{row.expires_at ? <Ago at={row.expires_at} /> : t("keys.noEnd")}</span> },
    { key: "used", title: t("keys.used"), order: (row) => row.last_used_at ?? "", cell: (row) => <span className="dim">{row.last_used_at ? <Ago at={row.last_used_at} /> : t("keys.never")}</span> },
    {
      key: "created",
      title: t("keys.created"),
      order: (row) => row.created_at,
      cell: (row) => (
        <div className="dim" style={{ minWidth: 0 }}>
          <Ago at={row.created_at} />
          <div className="cut" style={{ fontSize: 12, lineHeight: "16px" }}>{row.created_by ? (people.get(row.created_by) ?? t("keys.formerMember")) : t("keys.byProgram")}</div>
        </div>
      ),
    },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) => {
        const state = stateOf(row, now);
        if (!mayWrite || state === "revoked") return null;
        return (
          <span className="row" style={{ justifyContent: "flex-end", gap: 0 }}>
            <Button variant="subtle" color="red" onClick={() => act("revoke", row)} aria-label={`${t("keys.revoke")} ${row.name}`}>
              {t("keys.revoke")}
            </Button>
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon aria-label={t("team.actsOf", { name: row.name })}>
                  <IconDots size={16} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={() => act("change", row)}>{t("keys.change")}</Menu.Item>
                {state === "working" && <Menu.Item onClick={() => act("rotate", row)}>{t("keys.rotate")}</Menu.Item>}
              </Menu.Dropdown>
            </Menu>
          </span>
        );
      },
    },
  ];
}

function Abilities({ row }: { row: ApiKey }) {
  const t = useWords();
  return (
    <span className="row wrap" style={{ gap: 4 }}>
      {row.scopes.map((scope) => (
        <span key={scope} className={scope === "admin" ? "mark attention" : "mark"}>
          {t(`scope.${scope}`)}
        </span>
      ))}
      {row.permissions.slice(0, 2).map((name) => (
        <span key={name} className="mark outline mono">{name}</span>
      ))}
      {row.permissions.length > 2 && <span className="mark outline" title={row.permissions.join("\n")}>{t("keys.morePermissions", { count: row.permissions.length - 2 })}</span>}
    </span>
  );
}
