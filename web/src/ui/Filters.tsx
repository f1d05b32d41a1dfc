/* Filter chips. They stand in the address; a chip is changed by its name and taken off by its cross. */

import { ActionIcon, Button, Checkbox, Loader, Popover, ScrollArea, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconArrowLeft, IconChevronRight, IconFilterPlus, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { dimensionsQuery } from "../api/session";
import type { Dimensions } from "../api/types";
import { type Translate, useWords } from "../i18n/language";
import { DIMENSIONS, type Dimension, useAddress } from "../shell/address";

export function dimensionName(dimension: string, t: Translate): string {
  if (dimension.startsWith("tag:")) return dimension.slice("tag:".length);
  return t(`dimension.${dimension as Dimension | "project"}`);
}

/** The name inside a sentence: English writes a word small there, but never an abbreviation. */
export function dimensionWithin(dimension: string, t: Translate): string {
  const name = dimensionName(dimension, t);
  return dimension.startsWith("tag:") ? name : name.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}

function choicesOf(dimension: string, known: Dimensions | undefined): { value: string; label: string }[] {
  const plain = (values: string[] | undefined) => (values ?? []).map((value) => ({ value, label: value }));
  switch (dimension) {
    case "model":
      return plain(known?.models);
    case "provider":
      return plain(known?.providers);
    case "user":
      return plain(known?.users);
    case "agent":
      return plain(known?.agents);
    case "environment":
      return plain(known?.environments);
    case "api_key":
      return (known?.api_keys ?? []).map(({ id, name }) => ({ value: id, label: name }));
    default:
      return [];
  }
}

export function Filters({ without = [], children }: { without?: readonly Dimension[]; children?: ReactNode }) {
  const t = useWords();
  const { filters, set } = useAddress();
  const names = Object.keys(filters);
  return (
    <div className="filters">
      {children}
      {names.map((name) => (
        <FilterChip key={name} dimension={name} values={filters[name] ?? []} />
      ))}
      <AddFilter without={without} />
      {names.length > 1 && (
        <Button variant="subtle" color="gray" onClick={() => set(Object.fromEntries(names.map((name) => [name, undefined])))}>
          {t("filter.clear")}
        </Button>
      )}
    </div>
  );
}

function FilterChip({ dimension, values }: { dimension: string; values: string[] }) {
  const t = useWords();
  const { set, range } = useAddress();
  const [opened, popover] = useDisclosure(false);
  const { data } = useQuery(dimensionsQuery(range));
  const labels = new Map(choicesOf(dimension, data).map(({ value, label }) => [value, label]));
  const name = dimensionName(dimension, t);
  return (
    <Popover opened={opened} onChange={popover.toggle} onDismiss={popover.close} position="bottom-start" trapFocus>
      <Popover.Target>
        <span className="chip">
          <button type="button" onClick={popover.toggle}>
            <span className="dim">{name}</span>
            <b>{values.map((value) => labels.get(value) ?? value).join(", ")}</b>
          </button>
          <button type="button" className="chip-off" aria-label={`${t("filter.remove")} ${name}`} onClick={() => set({ [dimension]: undefined })}>
            <IconX size={12} />
          </button>
        </span>
      </Popover.Target>
      <Popover.Dropdown p={8} style={{ width: 260 }}>
        <ValueList dimension={dimension} close={popover.close} />
      </Popover.Dropdown>
    </Popover>
  );
}

function AddFilter({ without }: { without: readonly Dimension[] }) {
  const t = useWords();
  const { range } = useAddress();
  const [opened, popover] = useDisclosure(false);
  const [dimension, setDimension] = useState<string | null>(null);
  const { data } = useQuery({ ...dimensionsQuery(range), enabled: opened });
  const dimensions = [...DIMENSIONS.filter((each) => !without.includes(each)), ...(data?.tags ?? []).map((tag) => `tag:${tag}`)];
  function close(): void {
    popover.close();
    setDimension(null);
  }
  return (
    <Popover opened={opened} onDismiss={close} position="bottom-start" trapFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<IconFilterPlus size={14} />} onClick={opened ? close : popover.open}>
          {t("filter.add")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={8} style={{ width: 260 }}>
        {dimension === null ? (
          <ScrollArea.Autosize mah={320}>
            {dimensions.map((each) => (
              <Button
                key={each}
                fullWidth
                variant="subtle"
                color="gray"
                justify="space-between"
                rightSection={<IconChevronRight size={14} />}
                onClick={() => setDimension(each)}
              >
                {each.startsWith("tag:") ? `${t("dimension.tag")}: ${dimensionName(each, t)}` : dimensionName(each, t)}
              </Button>
            ))}
          </ScrollArea.Autosize>
        ) : (
          <>
            <div className="row" style={{ marginBottom: 8 }}>
              <ActionIcon aria-label={t("act.back")} onClick={() => setDimension(null)}>
                <IconArrowLeft size={14} />
              </ActionIcon>
              <strong className="cut">{dimensionName(dimension, t)}</strong>
            </div>
            <ValueList dimension={dimension} close={close} />
          </>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

/** The known values of a dimension to tick, and any other by typing it. */
function ValueList({ dimension, close }: { dimension: string; close: () => void }) {
  const t = useWords();
  const { range, filters, set } = useAddress();
  const [text, setText] = useState("");
  const { data, isPending } = useQuery(dimensionsQuery(range));
  const chosen = filters[dimension] ?? [];
  const known = choicesOf(dimension, data);
  const labels = new Set(known.map(({ value }) => value));
  const all = [...known, ...chosen.filter((value) => !labels.has(value)).map((value) => ({ value, label: value }))];
  const shown = all.filter(({ label }) => label.toLowerCase().includes(text.toLowerCase()));
  function choose(values: string[]): void {
    set({ [dimension]: values.length > 0 ? values : undefined });
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const typed = text.trim();
        if (typed !== "" && !chosen.includes(typed)) choose([...chosen, typed]);
        close();
      }}
    >
      <TextInput
        data-autofocus
        value={text}
        placeholder={t("filter.value")}
        aria-label={t("filter.value")}
        rightSection={isPending ? <Loader size={12} /> : null}
        onChange={(event) => setText(event.currentTarget.value)}
        mb={8}
      />
      <ScrollArea.Autosize mah={260}>
        {shown.map(({ value, label }) => (
          <Checkbox
            key={value}
            label={label === "" ? t("value.none") : label}
            checked={chosen.includes(value)}
            onChange={(event) => choose(event.currentTarget.checked ? [...chosen, value] : chosen.filter((each) => each !== value))}
            styles={{ body: { padding: "4px 6px" }, label: { overflowWrap: "anywhere" } }}
          />
        ))}
        {shown.length === 0 && !isPending && <div className="dim" style={{ padding: 6 }}>{text === "" ? t("filter.type") : t("filter.enter")}</div>}
      </ScrollArea.Autosize>
    </form>
  );
}
