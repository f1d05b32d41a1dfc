/* Where something holds, and which role: the fields that several forms of the team share. */

import { Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useWords } from "../i18n/language";
import type { Place } from "./explain";
import { type Level, projectsQuery, rolesQuery } from "./queries";
import { inOrder, isOfHub } from "./roles";
import { roleText } from "./words";

export const WHOLE_TEAM: Place = { level: "team", project: "", name: "" };
const LEVELS = ["team", "project", "agent", "tool", "task"] as const satisfies readonly Level[];

export function isComplete({ level, project, name }: Place): boolean {
  if (level === "team" || level === "hub") return true;
  return project !== "" && (level === "project" || name.trim() !== "");
}

interface ScopeFieldsProps {
  place: Place;
  set: (place: Place) => void;
  levels?: readonly Level[];
}

export function ScopeFields({ place, set, levels = LEVELS }: ScopeFieldsProps) {
  const t = useWords();
  const projects = useQuery(projectsQuery);
  const open = (projects.data ?? []).filter(({ archived_at }) => archived_at === null);
  const isNamed = place.level === "agent" || place.level === "tool" || place.level === "task";
  return (
    <>
      <Select
        label={t("team.where")}
        allowDeselect={false}
        data={levels.map((level) => ({ value: level, label: t(`reach.${level}`) }))}
        value={place.level}
        onChange={(level) => {
          if (level === null) return;
          const isWide = level === "team" || level === "hub";
          set({ level, project: isWide ? "" : place.project || (open[0]?.id ?? ""), name: "" });
        }}
      />
      {place.level !== "team" && place.level !== "hub" && (
        <Select
          label={t("reach.project")}
          searchable
          allowDeselect={false}
          data={open.map(({ id, name }) => ({ value: id, label: name }))}
          value={place.project || null}
          onChange={(project) => set({ ...place, project: project ?? "" })}
        />
      )}
      {isNamed && (
        <TextInput
          required
          maxLength={200}
          label={t("team.nameOf", { level: t(`reach.${place.level}`) })}
          value={place.name}
          onChange={(event) => set({ ...place, name: event.currentTarget.value })}
        />
      )}
    </>
  );
}

interface RoleSelectProps {
  value: string;
  set: (role: string) => void;
  label?: string;
  /** The role of the hub's administrators among them: it holds on the hub only. */
  ofHub?: boolean;
}

export function RoleSelect({ value, set, label, ofHub = false }: RoleSelectProps) {
  const t = useWords();
  const roles = useQuery(rolesQuery);
  const offered = inOrder(roles.data ?? []).filter((role) => isOfHub(role) === ofHub);
  return (
    <Select
      label={label ?? t("team.role")}
      searchable
      allowDeselect={false}
      error={roles.error ? roles.error.message : null}
      data={offered.map((role) => ({ value: role.id, label: role.built_in ? roleText(role.name, t) : role.name }))}
      value={value || null}
      onChange={(role) => set(role ?? "")}
    />
  );
}

/** The ids of places in words need the names of projects. */
export function useProjectNames(): Map<string, string> {
  const projects = useQuery(projectsQuery);
  return new Map((projects.data ?? []).map(({ id, name }) => [id, name]));
}
