/* What is proposed, field by field, in words where we have them. Whatever a feature puts there is shown. */

import type { Translate } from "../i18n/language";

const FIELDS = ["action", "kind", "name", "level", "project", "scope_name", "purpose", "value", "second_person", "fresh_factor"] as const;
const ACTIONS = ["set", "delete", "protect"] as const;
/** Said by the title, or of no use to a person. */
const LEFT_OUT = new Set(["version", "id", "new_value"]);

export interface Field {
  key: string;
  title: string;
  text: string;
}

function textOf(key: string, value: unknown, t: Translate, projects: ReadonlyMap<string, string>): string {
  if (typeof value === "boolean") return t(value ? "settings.on" : "settings.off");
  if (key === "action") {
    const action = ACTIONS.find((each) => each === value);
    if (action) return t(`approvals.action.${action}`);
  }
  if (key === "level" && (value === "team" || value === "project" || value === "agent" || value === "task" || value === "hub")) return t(`level.${value}`);
  if (key === "kind" && (value === "secret" || value === "variable")) return t(`secrets.kind.${value}`);
  if (key === "project" && typeof value === "string") return projects.get(value.replaceAll("-", "")) ?? value;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** `projects`: names by the hexadecimal part of their ids. */
export function fieldsOf(proposed: Readonly<Record<string, unknown>>, t: Translate, projects: ReadonlyMap<string, string>): Field[] {
  const place = (key: string) => (FIELDS as readonly string[]).indexOf(key) + 1 || FIELDS.length + 1;
  return Object.entries(proposed)
    .sort(([left], [right]) => place(left) - place(right))
    .filter(([key, value]) => !LEFT_OUT.has(key) && value !== null && value !== "")
    .map(([key, value]) => {
      const field = FIELDS.find((each) => each === key);
      return { key, title: field ? t(`approvals.field.${field}`) : key, text: textOf(key, value, t, projects) };
    });
}
