/* What narrows the logs: words, level, topic and service, and what a link brought along. */

import { MultiSelect, Select } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { type Translate, useWords } from "../../i18n/language";
import { SearchField } from "../../ui/SearchField";
import { shorten } from "../../ui/Values";
import { useAskedLogs } from "./asked";
import { LEVELS, type LogSummary } from "./shapes";

export function LogFilters({ summary }: { summary: LogSummary | undefined }) {
  const t = useWords();
  const { asked, set, value } = useAskedLogs();
  const chips = Object.keys(asked).filter((name) => ["trace", "span", "agent"].includes(name) || name.startsWith("attr:"));
  const pick = (name: "topic" | "service", label: string) => {
    const chosen = asked[name] ?? [];
    const known = (name === "topic" ? summary?.topics : summary?.services)?.map((each) => each.name).filter(Boolean) ?? [];
    return (
      <MultiSelect
        aria-label={label}
        placeholder={chosen.length === 0 ? label : undefined}
        w={200}
        size="xs"
        value={chosen}
        onChange={(next) => set({ [name]: next.length > 0 ? next : undefined })}
        data={[...new Set([...chosen, ...known])]}
        searchable
        clearable
        clearButtonProps={{ "aria-label": `${t("filter.remove")} ${label}` }}
        nothingFoundMessage={t("logs.noChoice")}
      />
    );
  };
  return (
    <div className="filters">
      <SearchField label={t("logs.search")} width={248} />
      <Select
        aria-label={t("logs.level")}
        w={168}
        value={value("level") || "any"}
        onChange={(level) => set({ level: level === "any" ? undefined : (level ?? undefined) })}
        data={[{ value: "any", label: t("logs.anyLevel") }, ...LEVELS.filter((level) => level !== "none").map((level) => ({ value: level, label: andAbove(level, t) }))]}
        allowDeselect={false}
      />
      {pick("topic", t("logs.topic"))}
      {pick("service", t("logs.service"))}
      {chips.map((name) => (
        <span className="chip" key={name}>
          <button type="button" onClick={() => set({ [name]: undefined })}>
            <span className="dim">{chipName(name, t)}</span>
            <b>{asked[name]?.map((each) => (name === "trace" || name === "span" ? shorten(each) : each)).join(", ")}</b>
            <IconX size={12} aria-label={t("filter.remove")} />
          </button>
        </span>
      ))}
    </div>
  );
}

function andAbove(level: Exclude<(typeof LEVELS)[number], "none">, t: Translate): string {
  const name = t(`logs.level.${level}`);
  return level === "fatal" ? name : t("logs.andAbove", { level: name });
}

function chipName(name: string, t: Translate): string {
  if (name.startsWith("attr:")) return name.slice("attr:".length);
  return name === "trace" ? t("logs.trace") : name === "span" ? t("logs.span") : t("dimension.agent");
}
