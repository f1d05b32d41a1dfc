/* Roles as a matrix: what each allows, by noun; the team's own beside those that every team has. */

import { ActionIcon, Button, MultiSelect, Skeleton, Tooltip } from "@mantine/core";
import { IconCheck, IconDownload, IconPlus, IconSearchOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useMayInTeam } from "../api/session";
import { csvOf, download } from "../charts/csv";
import { useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { Card, Page } from "../ui/Page";
import { SearchField } from "../ui/SearchField";
import { Failure, State } from "../ui/State";
import { type Permission, permissionsQuery, type Role, rolesQuery } from "./queries";
import { RoleCard } from "./RoleCard";
import { RoleEditor } from "./RoleEditor";
import { byNoun, expanded, inOrder } from "./roles";
import "./team.css";
import { nounOf, nounText, permissionText, roleText } from "./words";

export default function RolesPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const mayWrite = useMayInTeam("roles.write");
  const roles = useQuery(rolesQuery);
  const known = useQuery(permissionsQuery);
  const [editing, setEditing] = useState<Role | "new" | null>(null);
  const ordered = inOrder(roles.data ?? []);
  const chosen = value("roles").split(",").filter(Boolean);
  const shown = chosen.length > 0 ? ordered.filter(({ id }) => chosen.includes(id)) : ordered;
  const open = ordered.find(({ id }) => id === value("role"));
  const text = value("q").toLowerCase();
  const rows = (known.data ?? []).filter(({ name, description }) => `${name} ${permissionText(name, description, t)}`.toLowerCase().includes(text));
  const error = roles.error ?? known.error;
  const isReady = roles.data !== undefined && known.data !== undefined;

  function save(): void {
    const head = [t("roles.permission"), ...shown.map(({ name }) => name)];
    download("roles.csv", "text/csv", csvOf([head, ...rows.map(({ name }) => [name, ...shown.map(({ effective }) => (effective.includes(name) ? "1" : "0"))])]));
  }
  return (
    <Page
      title={t("nav.roles")}
      text={t("roles.text")}
      acts={mayWrite && <Button leftSection={<IconPlus size={14} />} onClick={() => setEditing("new")}>{t("roles.create")}</Button>}
    >
      <div className="filters">
        <SearchField label={t("roles.search")} width={220} />
        <MultiSelect
          clearable
          searchable
          size="xs"
          miw={220}
          maw={480}
          aria-label={t("roles.show")}
          placeholder={chosen.length === 0 ? t("roles.show") : undefined}
          data={ordered.map((role) => ({ value: role.id, label: role.built_in ? roleText(role.name, t) : role.name }))}
          value={chosen}
          onChange={(ids) => set({ roles: ids.length > 0 ? ids.join(",") : undefined })}
        />
      </div>
      {error && !isReady ? (
        <Failure error={error} retry={() => void Promise.all([roles.refetch(), known.refetch()])} />
      ) : (
        <Card
          bare
          title={t("roles.count", { count: shown.length })}
          acts={
            <Tooltip label={t("chart.csv")}>
              <ActionIcon aria-label={t("chart.csv")} onClick={save} disabled={!isReady}>
                <IconDownload size={16} />
              </ActionIcon>
            </Tooltip>
          }
        >
          {!isReady && Array.from({ length: 8 }, (_, index) => <Skeleton key={index} height={12} m={16} width="80%" />)}
          {isReady && rows.length === 0 && <State icon={IconSearchOff} title={t("roles.nothing")} text={t("roles.nothingText")} />}
          {isReady && rows.length > 0 && <Matrix roles={shown} rows={rows} known={known.data} open={(role) => set({ role: role.id })} />}
        </Card>
      )}
      {open && known.data && !editing && (
        <RoleCard role={open} roles={ordered} mayWrite={mayWrite && !open.built_in} edit={() => setEditing(open)} close={() => set({ role: undefined })} />
      )}
      {editing && known.data && roles.data && (
        <RoleEditor role={editing === "new" ? null : editing} roles={roles.data} known={known.data} close={() => setEditing(null)} />
      )}
    </Page>
  );
}

function Matrix({ roles, rows, known, open }: { roles: Role[]; rows: Permission[]; known: Permission[]; open: (role: Role) => void }) {
  const t = useWords();
  const own = new Map(roles.map((role) => [role.id, expanded(role.permissions, known)]));
  return (
    // It scrolls by itself, so it must be reachable by the keyboard.
    <div className="matrix-scroll" tabIndex={0} role="region" aria-label={t("roles.matrix")}>
      <table className="matrix">
        <thead>
          <tr>
            <th scope="col">{t("roles.permission")}</th>
            {roles.map((role) => (
              <th key={role.id} scope="col">
                <button type="button" onClick={() => open(role)}>{role.built_in ? roleText(role.name, t) : role.name}</button>
              </th>
            ))}
          </tr>
        </thead>
        {byNoun(rows).map(([noun, permissions]) => (
          <tbody key={noun}>
            <tr className="matrix-noun">
              <th scope="rowgroup">{nounText(noun, t)}</th>
              <td colSpan={roles.length} aria-hidden />
            </tr>
            {permissions.map(({ name, description }) => (
              <tr key={name}>
                <th scope="row">
                  <div className="mono">
                    {nounOf(name)}
                    <wbr />.{name.slice(nounOf(name).length + 1)}
                  </div>
                  <div className="dim permission-text" style={{ fontSize: 12, lineHeight: "16px" }}>{permissionText(name, description, t)}</div>
                </th>
                {roles.map((role) => (
                  <Mark key={role.id} has={role.effective.includes(name)} own={role.built_in || (own.get(role.id)?.has(name) ?? false)} />
                ))}
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function Mark({ has, own }: { has: boolean; own: boolean }) {
  const t = useWords();
  if (!has) {
    return (
      <td>
        <span className="faint" aria-label={t("roles.no")} role="img">·</span>
      </td>
    );
  }
  return (
    <td title={own ? undefined : t("roles.byIncluded")}>
      <IconCheck size={16} className={own ? "has" : "has included"} role="img" aria-label={own ? t("roles.yes") : t("roles.byIncluded")} stroke={own ? 2.5 : 1.5} strokeDasharray={own ? undefined : "2 2"} />
    </td>
  );
}
