/* Settings as the server describes them, and what a page asks of them. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { address, request } from "../api/client";
import type { components } from "../api/schema";
import { useMay, useMayInTeam } from "../api/session";
import type { Language } from "../i18n/language";

type Schemas = components["schemas"];
export type Setting = Schemas["SettingShape"];
export type SettingList = Schemas["SettingList"];
export type Saved = Schemas["SavedShape"];
export type Difference = Schemas["DifferenceShape"];
export type Revision = Schemas["RevisionShape"];
export type History = Schemas["History"];
export type RedactionResult = Schemas["RedactionResult"];

export const LEVELS = ["hub", "team", "project"] as const;
export type Level = (typeof LEVELS)[number];

export interface Pattern {
  name: string;
  pattern: string;
  replacement: string;
}

/** The setting whose list can lock its writer out. */
export const ALLOWED_ADDRESSES = "security.allowed_addresses";

export function settingsQuery(level: Level) {
  return queryOptions({
    queryKey: ["settings", level],
    queryFn: ({ signal }) => request<SettingList>(address("/api/config/system", { level }), { signal }),
  });
}

export function historyQuery(level: Level) {
  return infiniteQueryOptions({
    queryKey: ["settings", level, "history"],
    queryFn: ({ pageParam, signal }) => request<History>(address("/api/config/system/history", { level, before: pageParam }), { signal }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next_before,
  });
}

/** The levels whose settings the caller may read (or write). What belongs to no project takes the team's permission. */
export function useLevels(verb: "read" | "write"): Level[] {
  const hub = useMay(`hub.settings.${verb}`);
  const team = useMayInTeam(`settings.${verb}`);
  const project = useMay(`settings.${verb}`);
  const held: Record<Level, boolean> = { hub, team, project };
  return LEVELS.filter((level) => held[level]);
}

export function wordsOf(setting: Setting, language: Language): { title: string; description: string } {
  return setting.words[language] ?? setting.words["en"] ?? { title: setting.name, description: "" };
}

export function groupOf(name: string): string {
  return name.split(".", 1)[0] ?? name;
}

/** Whether a setting is what the words look for: in its name, or in its words in any language. */
export function isFound(setting: Setting, text: string): boolean {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  const words = Object.values(setting.words).flatMap(({ title, description }) => [title, description]);
  const all = [setting.name, ...words].join("\n").toLowerCase();
  return wanted.every((word) => all.includes(word));
}

export function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

export function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

export function patternsOf(value: unknown): Pattern[] {
  if (!Array.isArray(value)) return [];
  return value.map((each: Partial<Pattern>) => ({ name: each.name ?? "", pattern: each.pattern ?? "", replacement: each.replacement ?? "" }));
}
