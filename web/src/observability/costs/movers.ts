/* Top movers: what changed most in money, not in percent, against the period before. */

import { amountOf, nanoOf } from "../../format/money";

export interface GroupCost {
  name: string;
  cost: string;
}

export interface Mover {
  name: string;
  now: string;
  before: string;
  /** now − before, exact. */
  difference: string;
}

export function moversOf(now: readonly GroupCost[], before: readonly GroupCost[], most: number): Mover[] {
  const past = new Map(before.map(({ name, cost }) => [name, cost]));
  const present = new Map(now.map(({ name, cost }) => [name, cost]));
  const movers = [...new Set([...present.keys(), ...past.keys()])].map((name) => {
    const [after, earlier] = [present.get(name) ?? "0", past.get(name) ?? "0"];
    return { name, now: after, before: earlier, nano: nanoOf(after) - nanoOf(earlier) };
  });
  const size = (nano: bigint) => (nano < 0n ? -nano : nano);
  return movers
    .filter(({ nano }) => nano !== 0n)
    .sort((left, right) => (size(right.nano) > size(left.nano) ? 1 : -1))
    .slice(0, most)
    .map(({ nano, ...mover }) => ({ ...mover, difference: amountOf(nano) }));
}
