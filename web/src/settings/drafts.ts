/*
 * What was edited and not saved yet, for each level: new values by name; null takes the place's own value away.
 * An edit that leads back to what is saved is no edit.
 */

import { useState } from "react";
import { parseNetwork } from "./addresses";
import { isSame, isStrings, type Level, patternsOf, type Setting } from "./shapes";

export type Draft = Readonly<Record<string, unknown>>;

export interface Drafts {
  draft: Draft;
  change: (setting: Setting, value: unknown) => void;
  undo: (name: string) => void;
  clear: () => void;
}

function without(draft: Draft, name: string): Draft {
  return Object.fromEntries(Object.entries(draft).filter(([each]) => each !== name));
}

export function changed(draft: Draft, setting: Setting, value: unknown): Draft {
  const rest = without(draft, setting.name);
  // A place without a value of its own holds what it inherits: the same value again changes nothing.
  const saved = setting.own ?? (value === null ? null : setting.value);
  return isSame(value, saved) ? rest : { ...rest, [setting.name]: value };
}

export function useDrafts(level: Level): Drafts {
  const [drafts, setDrafts] = useState<Partial<Record<Level, Draft>>>({});
  const update = (next: (draft: Draft) => Draft) => setDrafts((all) => ({ ...all, [level]: next(all[level] ?? {}) }));
  return {
    draft: drafts[level] ?? {},
    change: (setting, value) => update((draft) => changed(draft, setting, value)),
    undo: (name) => update((draft) => without(draft, name)),
    clear: () => update(() => ({})),
  };
}

/** What holds once the draft is saved; for what is taken away the level above decides, which only the server knows. */
export function valueIn(draft: Draft, setting: Setting, level: Level): unknown {
  const edited = draft[setting.name];
  if (edited === undefined) return setting.value;
  if (edited === null) return level === "hub" ? setting.default : setting.value;
  return edited;
}

export type Fault = "number" | "whole" | "range" | "network" | "pattern";

/** Why a value cannot be saved, as far as a page can know; the server has the last word. */
export function faultOf(setting: Setting, value: unknown): Fault | null {
  if (value === null) return null;
  switch (setting.kind) {
    case "integer":
    case "number": {
      if (typeof value !== "number" || !Number.isFinite(value)) return "number";
      if (setting.kind === "integer" && !Number.isInteger(value)) return "whole";
      const tooLow = setting.minimum !== null && value < setting.minimum;
      const tooHigh = setting.maximum !== null && value > setting.maximum;
      return tooLow || tooHigh ? "range" : null;
    }
    case "networks":
      return isStrings(value) && value.every((each) => parseNetwork(each)) ? null : "network";
    case "patterns":
      return patternsOf(value).every(({ name, pattern }) => name.trim() !== "" && pattern !== "") ? null : "pattern";
    default:
      return null;
  }
}
