import { expect, test } from "vitest";
import { cardsOf, withTold } from "./cards";
import type { ValueEvent } from "./shapes";

const event = (id: string, subject: string, time: string, outcome: string | null = null) => ({ id, subject, time, outcome, project: null }) as ValueEvent;
const shown = (cards: ReturnType<typeof cardsOf>) => cards.map((card) => [card.event.id, card.more]);

test("the events of a subject are one card, which stands where the newest one does", () => {
  expect(shown(cardsOf([event("3", "a", "3"), event("2", "b", "2"), event("1", "a", "1")]))).toEqual([["3", 1], ["2", 0]]);
});

test("what the stream tells comes to its subject's card or makes one", () => {
  const cards = cardsOf([event("2", "b", "2"), event("1", "a", "1")]);
  const now = withTold(cards, [{ count: 3, event: event("5", "a", "5") }, { count: 2, event: event("7", "c", "7") }]);
  expect(shown(now)).toEqual([["7", 1], ["5", 3], ["2", 0]]);
});

test("an event that is told again with its outcome changes its card and counts once", () => {
  const cards = cardsOf([event("1", "a", "1")]);
  const [card] = withTold(cards, [{ count: 1, event: event("1", "a", "1", "approved") }]);
  expect(card).toMatchObject({ more: 0, event: { outcome: "approved" } });
});

test("an older event that is told late does not stand before a newer one", () => {
  const cards = cardsOf([event("2", "a", "2")]);
  expect(shown(withTold(cards, [{ count: 1, event: event("1", "a", "1", "recovered") }]))).toEqual([["2", 0]]);
});
