/* What narrows the cards: kind, severity, projects, and a subject that a link brought along. */

import { MultiSelect, Select } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useWords } from "../i18n/language";
import { useProjects } from "../secrets/projects";
import { useAskedEvents } from "./asked";
import { KINDS, SEVERITIES } from "./shapes";

export function EventFilters() {
  const t = useWords();
  const projects = useProjects();
  const { narrowed, isEverywhere, set } = useAskedEvents();
  const pick = (name: "kind" | "severity", label: string, data: { value: string; label: string }[]) => {
    const chosen = narrowed[name] ?? [];
    return (
      <MultiSelect
        aria-label={label}
        placeholder={chosen.length === 0 ? label : undefined}
        w={200}
        size="xs"
        value={chosen}
        onChange={(next) => set({ [name]: next.length > 0 ? next : undefined })}
        data={data}
        clearable
        clearButtonProps={{ "aria-label": `${t("filter.remove")} ${label}` }}
      />
    );
  };
  return (
    <>
      {pick("kind", t("hub.kind"), KINDS.map((kind) => ({ value: kind, label: t(`hub.kind.${kind}`) })))}
      {pick("severity", t("hub.severity"), SEVERITIES.map((severity) => ({ value: severity, label: t(`hub.severity.${severity}`) })))}
      {(projects.items.length > 1 || isEverywhere) && (
        <Select
          aria-label={t("hub.projects")}
          w={168}
          value={isEverywhere ? "all" : "this"}
          onChange={(next) => set({ projects: next === "all" ? next : undefined })}
          data={[{ value: "this", label: t("hub.thisProject") }, { value: "all", label: t("hub.allProjects") }]}
          allowDeselect={false}
        />
      )}
      {narrowed["subject"] !== undefined && (
        <span className="chip">
          <button type="button" onClick={() => set({ subject: undefined })}>
            <span className="dim">{t("hub.subject")}</span>
            <b>{narrowed["subject"].join(", ")}</b>
            <IconX size={12} aria-label={t("filter.remove")} />
          </button>
        </span>
      )}
    </>
  );
}
