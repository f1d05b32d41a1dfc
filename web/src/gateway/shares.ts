/* What a name's weights mean: shares of the calls, and who is asked only when those before it fail. */

import type { Target } from "./shapes";

export interface Share extends Target {
  weight: number;
  /** Of all calls, 0 to 1; 0 means: only when those before it fail. */
  share: number;
}

export function sharesOf(targets: readonly Target[]): Share[] {
  const whole = targets.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return targets.map(({ provider, model, weight = 1 }) => ({ provider, model, weight, share: whole === 0 ? 0 : weight / whole }));
}

/** The list with one of its targets a place earlier or later. */
export function moved<Item>(items: readonly Item[], place: number, by: -1 | 1): Item[] {
  const [one, other] = [items[place], items[place + by]];
  if (one === undefined || other === undefined) return [...items];
  return items.map((item, at) => (at === place ? other : at === place + by ? one : item));
}
