/* The range of time, shared by all pages through the address. */

import { Button, Menu, Popover, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCalendar, IconChevronDown } from "@tabler/icons-react";
import { useState } from "react";
import { type Translate, useLanguage } from "../i18n/language";
import { instantOf, iso, isLive, type TimeRange } from "../format/time";
import { useAddress } from "../shell/address";

const PRESETS = ["-15m", "-1h", "-6h", "-24h", "-7d", "-30d", "-90d"] as const;

export function rangeName(range: TimeRange, t: Translate, language: string): string {
  const relative = /^-(\d+)([mhd])$/.exec(range.from);
  if (relative && isLive(range)) {
    const count = Number(relative[1]);
    if (relative[2] === "m") return t("range.minutes", { count });
    if (relative[2] === "h") return t("range.hours", { count });
    return t("range.days", { count });
  }
  const now = Date.now();
  const format = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const from = instantOf(range.from, now);
  const to = instantOf(range.to, now);
  return Number.isNaN(from) || Number.isNaN(to) ? t("range.custom") : format.formatRange(from, to);
}

/** The value of a `datetime-local` field: local time without a zone. */
function fieldOf(instant: number): string {
  const date = new Date(instant - new Date(instant).getTimezoneOffset() * 60_000);
  return Number.isNaN(instant) ? "" : date.toISOString().slice(0, 16);
}

export function RangePicker() {
  const { t, language } = useLanguage();
  const { range, set } = useAddress();
  const [opened, popover] = useDisclosure(false);
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const isBackwards = from !== "" && to !== "" && from >= to;

  function open(): void {
    const now = Date.now();
    setFrom(fieldOf(instantOf(range.from, now)));
    setTo(fieldOf(instantOf(range.to, now)));
    popover.open();
  }
  function choose(next: TimeRange): void {
    set({ from: next.from, to: next.to === "now" ? undefined : next.to });
    popover.close();
  }
  return (
    <Popover opened={opened} onChange={popover.toggle} onDismiss={popover.close} position="bottom-end" trapFocus>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<IconCalendar size={14} />}
          rightSection={<IconChevronDown size={14} />}
          onClick={opened ? popover.close : open}
          aria-label={`${t("range.title")}: ${rangeName(range, t, language)}`}
        >
          {rangeName(range, t, language)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={8} style={{ width: 260 }}>
        <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr", gap: 4 }}>
          {PRESETS.map((preset) => (
            <Button
              key={preset}
              variant={preset === range.from && isLive(range) ? "light" : "subtle"}
              color={preset === range.from && isLive(range) ? "iris" : "gray"}
              justify="flex-start"
              onClick={() => choose({ from: preset, to: "now" })}
            >
              {rangeName({ from: preset, to: "now" }, t, language)}
            </Button>
          ))}
        </div>
        <Menu.Divider my={8} />
        <form
          onSubmit={(event) => {
            event.preventDefault();
            choose({ from: iso(Date.parse(from)), to: iso(Date.parse(to)) });
          }}
          style={{ display: "flex", flexDirection: "column", gap: 8, padding: 4 }}
        >
          <TextInput type="datetime-local" label={t("range.from")} value={from} onChange={(event) => setFrom(event.currentTarget.value)} required />
          <TextInput
            type="datetime-local"
            label={t("range.to")}
            value={to}
            error={isBackwards ? t("range.backwards") : null}
            onChange={(event) => setTo(event.currentTarget.value)}
            required
          />
          <Button type="submit" disabled={isBackwards}>
            {t("range.apply")}
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
