/* Whom a grant binds: people, groups and keys in one field. */

import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMay, useMayInTeam } from "../api/session";
import { useWords } from "../i18n/language";
import { allKeysQuery, groupsQuery, membersQuery } from "./queries";

interface SubjectSelectProps {
  value: string;
  set: (id: string) => void;
  label?: string;
  placeholder?: string;
  width?: number;
  clearable?: boolean;
}

export function SubjectSelect({ value, set, label, placeholder, width, clearable = false }: SubjectSelectProps) {
  const t = useWords();
  const members = useQuery({ ...membersQuery, enabled: useMayInTeam("members.read") });
  const groups = useQuery({ ...groupsQuery, enabled: useMayInTeam("groups.read") });
  const keys = useQuery({ ...allKeysQuery, enabled: useMay("keys.read") });
  const people = (members.data ?? []).map(({ id, name, email }) => ({ value: id, label: name ? `${name} · ${email}` : email }));
  const working = (keys.data ?? []).filter(({ revoked_at }) => revoked_at === null);
  return (
    <Select
      searchable
      limit={100}
      w={width}
      label={label}
      aria-label={label ?? t("grant.subject")}
      placeholder={placeholder ?? t("grant.choose")}
      clearable={clearable}
      allowDeselect={clearable}
      data={[
        { group: t("nav.people"), items: people },
        { group: t("nav.groups"), items: (groups.data ?? []).map(({ id, name }) => ({ value: id, label: name })) },
        { group: t("nav.keys"), items: working.map(({ id, name, prefix }) => ({ value: id, label: `${name} · ${prefix}…` })) },
      ].filter(({ items }) => items.length > 0)}
      value={value || null}
      onChange={(id) => set(id ?? "")}
      nothingFoundMessage={t("grant.nobody")}
    />
  );
}
