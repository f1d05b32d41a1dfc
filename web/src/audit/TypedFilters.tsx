/* Filters whose values are typed, as chips that stand in the address. */

import { Button, Popover, Select, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconFilterPlus, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { TYPED } from "./shapes";

type Name = (typeof TYPED)[number];

export function TypedFilters() {
  const t = useWords();
  const { value, set } = useAddress();
  const [opened, popover] = useDisclosure(false);
  const [name, setName] = useState<Name>("actor");
  const [text, setText] = useState("");
  const used = TYPED.filter((each) => value(each) !== "");
  function edit(each: Name): void {
    setName(each);
    setText(value(each));
    popover.open();
  }
  return (
    <>
      {used.map((each) => (
        <span className="chip" key={each}>
          <button type="button" onClick={() => edit(each)}>
            <span className="dim">{t(`audit.filter.${each}`)}</span>
            <b>{value(each)}</b>
          </button>
          <button type="button" className="chip-off" aria-label={`${t("filter.remove")} ${t(`audit.filter.${each}`)}`} onClick={() => set({ [each]: undefined })}>
            <IconX size={12} />
          </button>
        </span>
      ))}
      <Popover opened={opened} onDismiss={popover.close} position="bottom-start" trapFocus>
        <Popover.Target>
          <Button variant="default" leftSection={<IconFilterPlus size={14} />} onClick={() => (opened ? popover.close() : edit(TYPED.find((each) => value(each) === "") ?? "actor"))}>
            {t("filter.add")}
          </Button>
        </Popover.Target>
        <Popover.Dropdown p={12} style={{ width: 280 }}>
          <form
            className="stack"
            style={{ gap: 8 }}
            onSubmit={(event) => {
              event.preventDefault();
              set({ [name]: text.trim() || undefined });
              popover.close();
            }}
          >
            <Select
              label={t("audit.filter")}
              value={name}
              onChange={(next) => setName(TYPED.find((each) => each === next) ?? "actor")}
              data={TYPED.map((each) => ({ value: each, label: t(`audit.filter.${each}`) }))}
              allowDeselect={false}
              comboboxProps={{ withinPortal: false }}
            />
            <TextInput data-autofocus label={t(`audit.filterHint.${name}`)} value={text} onChange={(event) => setText(event.currentTarget.value)} />
            <Button type="submit">{t("range.apply")}</Button>
          </form>
        </Popover.Dropdown>
      </Popover>
      {used.length > 1 && (
        <Button variant="subtle" color="gray" onClick={() => set(Object.fromEntries(TYPED.map((each) => [each, undefined])))}>
          {t("filter.clear")}
        </Button>
      )}
    </>
  );
}
