/* Logs as the server answers them, under the names that these pages use. */

import type { components } from "../../api/schema";

type Schemas = components["schemas"];

export type LogLine = Schemas["LogLine"];
export type LogPage = Schemas["LogPage"];
export type LogSummary = Schemas["LogSummary"];
export type LogSurroundings = Schemas["LogSurroundings"];
export type LogLevel = LogLine["level"];

/** From the gravest down; `none` are lines that tell no level. */
export const LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "none"] as const satisfies readonly LogLevel[];

/** How a level is marked: what went wrong stands out, the rest stays quiet. */
export const TONES: Readonly<Record<LogLevel, string>> = { fatal: "broken", error: "broken", warn: "attention", info: "information", debug: "", trace: "", none: "" };

/** Places in the palette of charts; undefined is the grey rest. */
export const COLORS: Readonly<Record<LogLevel, number | undefined>> = { fatal: 5, error: 3, warn: 2, info: 6, debug: 1, trace: 4, none: undefined };
