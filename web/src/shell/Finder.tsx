/* Ctrl K: pages, actions, and traces by the words in them. */

import { useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Spotlight, type SpotlightActionData, type SpotlightActionGroupData } from "@mantine/spotlight";
import { IconKeyboard, IconLanguage, IconMoon, IconRoute, IconSearch, IconSun } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { address, request } from "../api/client";
import type { TracePage } from "../api/types";
import { LANGUAGES, useLanguage } from "../i18n/language";
import { shorten } from "../ui/Values";
import { keepRange, type Search } from "./address";
import { useNavigation } from "./offered";

const TRACE_ID = /^[0-9a-f]{32}$/i;

export function Finder({ onHelp }: { onHelp: () => void }) {
  const { t, setLanguage } = useLanguage();
  const { setColorScheme } = useMantineColorScheme();
  const navigate = useNavigate();
  const pages = useNavigation();
  const [text, setText] = useState("");
  const [settled] = useDebouncedValue(text.trim(), 250);

  const traces = useQuery({
    queryKey: ["finder", settled],
    queryFn: ({ signal }) => request<TracePage>(address("/api/traces", { q: settled, from: "-30d", limit: 6 }), { signal }),
    enabled: settled.length >= 2 && !TRACE_ID.test(settled),
  });

  const openTrace = (traceId: string) => void navigate({ to: "/monitor/traces/$traceId", params: { traceId } });
  const found: SpotlightActionData[] = TRACE_ID.test(settled)
    ? [{ id: settled, label: t("finder.openTrace"), description: settled, keywords: text, onClick: () => openTrace(settled.toLowerCase()) }]
    : (traces.data?.items ?? []).map((trace) => ({
        id: trace.trace_id,
        label: trace.name || shorten(trace.trace_id),
        description: [shorten(trace.trace_id), ...trace.models, trace.user].filter(Boolean).join(" · "),
        // The server has searched already; what it found must not be filtered again.
        keywords: text,
        leftSection: <IconRoute size={16} />,
        onClick: () => openTrace(trace.trace_id),
      }));

  const groups: SpotlightActionGroupData[] = [
    { group: t("finder.traces"), actions: found },
    {
      group: t("finder.pages"),
      actions: pages.flatMap((group) => group.pages).map(({ to, word, icon: Icon }) => ({
        id: to,
        label: t(word),
        keywords: to,
        leftSection: <Icon size={16} />,
        onClick: () => void navigate({ to, search: ((before: Search) => keepRange(before)) as never }),
      })),
    },
    {
      group: t("finder.actions"),
      actions: [
        { id: "light", label: t("theme.light"), keywords: "theme", leftSection: <IconSun size={16} />, onClick: () => setColorScheme("light") },
        { id: "dark", label: t("theme.dark"), keywords: "theme", leftSection: <IconMoon size={16} />, onClick: () => setColorScheme("dark") },
        ...LANGUAGES.map(({ code, name }) => ({
          id: code,
          label: name,
          keywords: "language",
          leftSection: <IconLanguage size={16} />,
          onClick: () => setLanguage(code),
        })),
        { id: "shortcuts", label: t("shortcuts.title"), leftSection: <IconKeyboard size={16} />, onClick: onHelp },
      ],
    },
  ];

  return (
    <Spotlight
      actions={groups.filter((group) => group.actions.length > 0)}
      query={text}
      onQueryChange={setText}
      shortcut={["mod + K"]}
      nothingFound={t("finder.nothing")}
      scrollable
      maxHeight={420}
      searchProps={{ placeholder: t("finder.placeholder"), "aria-label": t("finder.open"), leftSection: <IconSearch size={16} /> }}
    />
  );
}
