/* Roles as sets of permissions: what a role would allow before it is saved, and what changes. Pure. */

import type { Permission, Role, RoleWish } from "./queries";
import { nounOf } from "./words";

/** The permissions that names and patterns stand for. `*` is all of the team, never of the hub. */
export function expanded(names: readonly string[], known: readonly Permission[]): Set<string> {
  const found = new Set<string>();
  for (const { name, level } of known) {
    if (level === "hub") continue;
    if (names.includes(name) || names.includes("*") || names.includes(`${nounOf(name)}.*`)) found.add(name);
  }
  return found;
}

/** All that a wished role would allow: its own permissions and those of the roles that it includes. */
export function effectiveOf(wish: Pick<RoleWish, "permissions" | "includes">, roles: readonly Role[], known: readonly Permission[]): Set<string> {
  const found = expanded(wish.permissions, known);
  for (const id of wish.includes) for (const name of roles.find((role) => role.id === id)?.effective ?? []) found.add(name);
  return found;
}

/** Roles that may be included by this one: not itself, none that includes it, none of the hub. */
export function includable(id: string | null, roles: readonly Role[]): Role[] {
  const reaches = (from: Role, seen = new Set<string>()): boolean => {
    if (from.id === id) return true;
    if (seen.has(from.id)) return false;
    seen.add(from.id);
    return from.includes.some((next) => {
      const role = roles.find((one) => one.id === next);
      return role !== undefined && reaches(role, seen);
    });
  };
  return roles.filter((role) => !isOfHub(role) && (id === null || !reaches(role)));
}

/** The role of the hub's administrators holds on the hub and nowhere else. */
export function isOfHub(role: Role): boolean {
  return role.effective.some((name) => name.startsWith("hub."));
}

export interface Change {
  key: string;
  before?: string;
  after?: string;
}

export function changesOf<Value>(before: readonly Value[], after: readonly Value[]): { added: Value[]; removed: Value[] } {
  return { added: after.filter((one) => !before.includes(one)), removed: before.filter((one) => !after.includes(one)) };
}

/** Permissions by their noun: those of the team, of projects, and last those of the hub, which few people ask for. */
export function byNoun(known: readonly Permission[]): [string, Permission[]][] {
  const nouns = new Map<string, Permission[]>();
  const hubLast = [...known].sort((left, right) => Number(left.level === "hub") - Number(right.level === "hub"));
  for (const permission of hubLast) {
    const noun = nounOf(permission.name);
    nouns.set(noun, [...(nouns.get(noun) ?? []), permission]);
  }
  return [...nouns];
}

const ORDER = ["Owner", "Admin", "Operator", "Viewer"];

/** Built-in roles first, from the most to the least that they allow; then the team's own by name. */
export function inOrder(roles: readonly Role[]): Role[] {
  const rank = (role: Role) => {
    if (!role.built_in) return ORDER.length + 1;
    const place = ORDER.indexOf(role.name);
    return place < 0 ? ORDER.length : place;
  };
  return [...roles].sort((left, right) => rank(left) - rank(right) || left.name.localeCompare(right.name));
}
