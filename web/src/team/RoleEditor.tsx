/* Makes or changes a role of the team's own. What it would allow more or less is shown before it is saved. */

import { Button, Checkbox, Modal, MultiSelect, Switch, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { request } from "../api/client";
import { useWords } from "../i18n/language";
import { type Changed, Differences } from "../ui/Differences";
import { FailureNote } from "../ui/State";
import { type Permission, type Role, type RoleWish, useTeamChange } from "./queries";
import { byNoun, changesOf, effectiveOf, expanded, includable } from "./roles";
import { nounText, permissionText, roleText } from "./words";

interface RoleEditorProps {
  role: Role | null;
  roles: Role[];
  known: Permission[];
  close: () => void;
}

const BLANK: RoleWish = { name: "", description: "", permissions: [], includes: [], demands_second_factor: false };

export function RoleEditor({ role, roles, known, close }: RoleEditorProps) {
  const t = useWords();
  const before = role ? { ...role, permissions: [...expanded(role.permissions, known)] } : BLANK;
  const [wish, setWish] = useState<RoleWish>({
    name: before.name, description: before.description, permissions: before.permissions, includes: before.includes, demands_second_factor: before.demands_second_factor,
  });
  const [isChecking, setChecking] = useState(false);
  const save = useTeamChange(
    () => (role ? request<Role>(`/api/rbac/roles/${role.id}`, { method: "PUT", json: wish }) : request<Role>("/api/rbac/roles", { method: "POST", json: wish })),
    close,
  );
  const effective = effectiveOf(wish, roles, known);
  const changes = useChanges(before, wish, role?.effective ?? [], effective, roles);
  const change = (more: Partial<RoleWish>) => setWish({ ...wish, ...more });
  const isUsable = wish.name.trim() !== "" && effective.size > 0 && changes.length > 0;
  return (
    <Modal opened onClose={close} size="xl" title={role ? t("roles.editTitle", { name: role.name }) : t("roles.create")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isChecking) save.mutate(undefined);
          else setChecking(true);
        }}
      >
        {isChecking ? <Differences items={changes} /> : <Fields id={role?.id ?? null} wish={wish} change={change} roles={roles} known={known} />}
        {save.isError && <FailureNote error={save.error} />}
        <div className="row wrap" style={{ justifyContent: "flex-end" }}>
          <span className="dim grow">{t("roles.permissions", { count: effective.size })}</span>
          <Button variant="default" onClick={isChecking ? () => setChecking(false) : close}>{isChecking ? t("act.back") : t("act.cancel")}</Button>
          <Button type="submit" loading={save.isPending} disabled={!isUsable}>{isChecking ? t("act.save") : t("team.seeDifferences")}</Button>
        </div>
      </form>
    </Modal>
  );
}

function useChanges(before: RoleWish, wish: RoleWish, had: readonly string[], effective: Set<string>, roles: Role[]): Changed[] {
  const t = useWords();
  const items: Changed[] = [];
  const named = (ids: readonly string[]) => ids.map((id) => roleText(roles.find((role) => role.id === id)?.name ?? id, t)).join(", ");
  const say = (key: string, title: string, old: string, next: string) => {
    if (old !== next) items.push({ key, title, before: old || undefined, after: next || undefined });
  };
  say("name", t("people.name"), before.name, wish.name.trim());
  say("description", t("roles.description"), before.description, wish.description.trim());
  say("includes", t("roles.includes"), named(before.includes), named(wish.includes));
  if (before.demands_second_factor !== wish.demands_second_factor) {
    const text = (demanded: boolean) => (demanded ? t("roles.demanded") : t("roles.notDemanded"));
    items.push({ key: "factor", title: t("roles.factor"), before: text(before.demands_second_factor), after: text(wish.demands_second_factor) });
  }
  const { added, removed } = changesOf(had, [...effective]);
  if (added.length + removed.length > 0) {
    items.push({ key: "permissions", title: t("roles.allows"), before: removed.join(", ") || undefined, after: added.join(", ") || undefined });
  } else if ([...before.permissions].sort().join() !== [...wish.permissions].sort().join()) {
    items.push({ key: "own", title: t("roles.ownPermissions"), before: before.permissions.join(", ") || undefined, after: wish.permissions.join(", ") || undefined });
  }
  return items;
}

interface FieldsProps {
  id: string | null;
  wish: RoleWish;
  change: (more: Partial<RoleWish>) => void;
  roles: Role[];
  known: Permission[];
}

function Fields({ id, wish, change, roles, known }: FieldsProps) {
  const t = useWords();
  const included = new Set(wish.includes.flatMap((one) => roles.find((role) => role.id === one)?.effective ?? []));
  return (
    <>
      <div className="team-form" style={{ alignItems: "start" }}>
        <TextInput data-autofocus required maxLength={100} label={t("people.name")} value={wish.name} onChange={(event) => change({ name: event.currentTarget.value })} />
        <MultiSelect
          size="xs"
          searchable
          clearable
          label={t("roles.includes")}
          data={includable(id, roles).map((role) => ({ value: role.id, label: role.built_in ? roleText(role.name, t) : role.name }))}
          value={wish.includes}
          onChange={(includes) => change({ includes })}
        />
      </div>
      <Textarea autosize minRows={1} maxLength={500} label={t("roles.description")} value={wish.description} onChange={(event) => change({ description: event.currentTarget.value })} />
      <Switch
        label={t("roles.demandFactor")}
        description={t("roles.demandFactorText")}
        checked={wish.demands_second_factor}
        onChange={(event) => change({ demands_second_factor: event.currentTarget.checked })}
      />
      <div className="columns" style={{ "--least": "260px" } as React.CSSProperties}>
        {byNoun(known.filter(({ level }) => level !== "hub")).map(([noun, permissions]) => (
          <fieldset key={noun} className="team-fields" style={{ display: "block" }}>
            <legend>{nounText(noun, t)}</legend>
            {permissions.map(({ name, description }) => {
              const isIncluded = included.has(name);
              return (
                <Checkbox
                  key={name}
                  my={6}
                  label={<span className="mono">{name}</span>}
                  description={isIncluded ? t("roles.byIncluded") : permissionText(name, description, t)}
                  checked={isIncluded || wish.permissions.includes(name)}
                  disabled={isIncluded}
                  onChange={(event) => change({ permissions: event.currentTarget.checked ? [...wish.permissions, name] : wish.permissions.filter((one) => one !== name) })}
                />
              );
            })}
          </fieldset>
        ))}
      </div>
    </>
  );
}
