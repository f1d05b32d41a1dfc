/* Instants, ranges of time and the buckets of a chart. */

import type { Interval } from "../api/types";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS: Record<string, number> = { s: 1000, m: MINUTE, h: HOUR, d: DAY };

/** A range as the address holds it: RFC 3339 instants, or relative ones such as `-24h` and `now`. */
export interface TimeRange {
  from: string;
  to: string;
}

/** Milliseconds of an instant of the address; NaN for what is neither RFC 3339 nor relative. */
export function instantOf(text: string, now: number): number {
  if (text === "now") return now;
  const relative = /^-(\d+)([smhd])$/.exec(text);
  if (relative) return now - Number(relative[1]) * (UNITS[relative[2] ?? "s"] ?? 0);
  return Date.parse(text);
}

export function isLive(range: TimeRange): boolean {
  return range.to === "now";
}

export function lengthOf(range: TimeRange, now: number): number {
  return instantOf(range.to, now) - instantOf(range.from, now);
}

/** The equally long range that ended where this one begins. */
export function periodBefore(range: TimeRange, now: number): TimeRange {
  const relative = /^-(\d+)([smhd])$/.exec(range.from);
  if (relative && range.to === "now") {
    return { from: `-${Number(relative[1]) * 2}${relative[2] ?? "h"}`, to: range.from };
  }
  const from = instantOf(range.from, now);
  return { from: iso(from - lengthOf(range, now)), to: iso(from) };
}

/** The bucket that gives a chart between about 20 and 370 points. */
export function intervalFor(range: TimeRange, now: number): Exclude<Interval, "none"> {
  const length = lengthOf(range, now);
  if (length <= 6 * HOUR) return "minute";
  if (length <= 15 * DAY) return "hour";
  return "day";
}

/** Starts of all buckets from `from` up to `to` (exclusive) in local time, as milliseconds. */
export function bucketsOf(from: number, to: number, interval: Exclude<Interval, "none">): number[] {
  const buckets: number[] = [];
  const cursor = new Date(from);
  if (interval === "day") cursor.setHours(0, 0, 0, 0);
  else if (interval === "hour") cursor.setTime(Math.floor(from / HOUR) * HOUR);
  else cursor.setTime(Math.floor(from / MINUTE) * MINUTE);
  while (cursor.getTime() < to && buckets.length < 5000) {
    buckets.push(cursor.getTime());
    if (interval === "day") cursor.setDate(cursor.getDate() + 1);
    else cursor.setTime(cursor.getTime() + (interval === "hour" ? HOUR : MINUTE));
  }
  return buckets;
}

export function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(".000Z", "Z");
}

export function localTimezone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** "3 minutes ago"; the exact time belongs into the title of the element. */
export function formatRelative(milliseconds: number, now: number, language: string): string {
  const difference = milliseconds - now;
  const size = Math.abs(difference);
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  if (size < 10_000) return format.format(0, "second");
  if (size < MINUTE) return format.format(Math.round(difference / 1000), "second");
  if (size < HOUR) return format.format(Math.round(difference / MINUTE), "minute");
  if (size < DAY) return format.format(Math.round(difference / HOUR), "hour");
  if (size < 30 * DAY) return format.format(Math.round(difference / DAY), "day");
  return formatDate(milliseconds, language);
}

export function formatExact(milliseconds: number, language: string): string {
  return new Intl.DateTimeFormat(language, {
    year: "numeric", month: "short", day: "numeric",
    hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23", timeZoneName: "short",
  }).format(milliseconds);
}

export function formatDate(milliseconds: number, language: string): string {
  return new Intl.DateTimeFormat(language, { year: "numeric", month: "short", day: "numeric" }).format(milliseconds);
}

/** A clock time to the second, for lists that run live. */
export function formatClock(milliseconds: number, language: string): string {
  return new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(milliseconds);
}

/** The name of a chart's bucket: minutes and hours by the clock, days by the date. */
export function formatBucket(milliseconds: number, interval: Interval, language: string, long: boolean): string {
  const options: Intl.DateTimeFormatOptions =
    interval === "day"
      ? { month: "short", day: "numeric", ...(long ? { weekday: "short" } : {}) }
      : { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(long ? { month: "short", day: "numeric" } : {}) };
  return new Intl.DateTimeFormat(language, options).format(milliseconds);
}
