/* One role: what it is for, what it includes, who has it; and its end. */

import { Button, Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { address, request } from "../api/client";
import { useWords } from "../i18n/language";
import { ConfirmByName } from "../ui/ConfirmByName";
import { type Grant, type Role, useTeamChange } from "./queries";
import { roleDescription, roleText } from "./words";

interface RoleCardProps {
  role: Role;
  roles: Role[];
  mayWrite: boolean;
  edit: () => void;
  close: () => void;
}

export function RoleCard({ role, roles, mayWrite, edit, close }: RoleCardProps) {
  const t = useWords();
  const [isLeaving, setLeaving] = useState(false);
  const holders = useQuery({
    queryKey: ["team", "grants", "role", role.id],
    queryFn: ({ signal }) => request<{ items: Grant[]; next_cursor: string | null }>(address("/api/grants", { role: role.id, limit: 50 }), { signal }),
  });
  const remove = useTeamChange(() => request<undefined>(`/api/rbac/roles/${role.id}`, { method: "DELETE" }), close);
  const name = role.built_in ? roleText(role.name, t) : role.name;
  if (isLeaving) {
    return (
      <ConfirmByName
        title={t("roles.deleteTitle", { name })}
        text={t("roles.deleteText")}
        name={role.name}
        act={t("team.delete")}
        pending={remove.isPending}
        error={remove.error}
        confirm={() => remove.mutate(undefined)}
        close={() => setLeaving(false)}
      />
    );
  }
  const names = [...new Set((holders.data?.items ?? []).map(({ subject_name }) => subject_name))];
  return (
    <Modal opened onClose={close} title={name} closeButtonProps={{ "aria-label": t("act.close") }}>
      <div className="stack">
        <p style={{ margin: 0 }}>{roleDescription(role, t) || t("roles.noText")}</p>
        <dl className="pairs">
          <dt>{t("roles.kind")}</dt>
          <dd>{role.built_in ? t("roles.builtIn") : t("roles.own")}</dd>
          <dt>{t("roles.allows")}</dt>
          <dd>{t("roles.permissions", { count: role.effective.length })}</dd>
          {role.includes.length > 0 && (
            <>
              <dt>{t("roles.includes")}</dt>
              <dd>{role.includes.map((id) => roleText(roles.find((one) => one.id === id)?.name ?? id, t)).join(", ")}</dd>
            </>
          )}
          <dt>{t("roles.factor")}</dt>
          <dd>{role.demands_second_factor ? t("roles.demanded") : t("roles.notDemanded")}</dd>
          <dt>{t("roles.holders")}</dt>
          <dd>{holders.isError ? holders.error.message : names.length > 0 ? names.slice(0, 12).join(", ") + (names.length > 12 || holders.data?.next_cursor ? " …" : "") : holders.isPending ? "…" : t("roles.nobody")}</dd>
        </dl>
        <div className="row wrap" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" component={Link} to="/team/explain" search={{ role: role.id } as never}>{t("roles.seeGrants")}</Button>
          {mayWrite && <Button variant="light" color="red" onClick={() => setLeaving(true)}>{t("team.delete")}</Button>}
          {mayWrite && <Button onClick={edit}>{t("roles.edit")}</Button>}
        </div>
      </div>
    </Modal>
  );
}
