/* One card for each subject: its newest event, and how many others there are. */

import type { Told, ValueEvent } from "./shapes";

export interface Card {
  event: ValueEvent;
  /** Other events of the subject that are known of, older than this one. */
  more: number;
}

const subjectOf = ({ project, subject }: ValueEvent): string => `${project ?? ""} ${subject}`;

/** Whether somebody should still do something about it. */
export function waits({ kind, outcome }: ValueEvent): boolean {
  if (kind === "recovery.start") return outcome !== "recovered";
  return (kind === "approval.request" || kind === "anomaly.detected") && outcome === null;
}

/** The history, newest first, as cards: each subject stands where its newest event does. */
export function cardsOf(history: readonly ValueEvent[]): Card[] {
  const cards = new Map<string, Card>();
  for (const event of history) {
    const card = cards.get(subjectOf(event));
    if (card) card.more += 1;
    else cards.set(subjectOf(event), { event, more: 0 });
  }
  return [...cards.values()];
}

/** With what the stream told since; what it tells twice counts once. */
export function withTold(cards: readonly Card[], told: readonly Told[]): Card[] {
  const known = new Map(cards.map((card) => [subjectOf(card.event), card]));
  for (const { count, event } of told) {
    const before = known.get(subjectOf(event));
    if (!before) known.set(subjectOf(event), { event, more: count - 1 });
    else if (before.event.id === event.id) known.set(subjectOf(event), { ...before, event });
    else if (before.event.time < event.time) known.set(subjectOf(event), { event, more: before.more + count });
  }
  return [...known.values()].sort((one, other) => (one.event.time < other.event.time ? 1 : -1));
}
