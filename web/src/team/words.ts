/* Names that come from the server in English, in the reader's language: permissions, nouns, built-in roles. */

import english from "../i18n/words/en.json";
import type { Translate, Word } from "../i18n/language";
import type { Level, Role } from "./queries";

function isWord(text: string): text is Word {
  return Object.hasOwn(english, text);
}

/** What a permission means; the server's own text for one that these pages do not know yet. */
export function permissionText(name: string, fallback: string, t: Translate): string {
  const word = `permission.${name}`;
  return isWord(word) ? t(word) : fallback;
}

/** The noun of a permission: `members` of `members.read`. */
export function nounOf(permission: string): string {
  return permission.slice(0, permission.lastIndexOf("."));
}

export function nounText(noun: string, t: Translate): string {
  const word = `noun.${noun}`;
  return isWord(word) ? t(word) : noun;
}

/** The roles that every team has are called as the reader's language calls them; a team's own as it named them. */
export function roleText(name: string, t: Translate): string {
  const word = `teamRole.${name}`;
  return isWord(word) ? t(word) : name;
}

export function roleDescription(role: Role, t: Translate): string {
  const word = `teamRoleText.${role.name}`;
  return role.built_in && isWord(word) ? t(word) : role.description;
}

interface Place {
  level: Level;
  project?: string | null;
  name?: string;
}

/** Where something holds: "the whole team", "project Search", "agent triage in Search". */
export function placeText(place: Place, projectName: string, t: Translate): string {
  switch (place.level) {
    case "hub":
      return t("place.hub");
    case "team":
      return t("place.team");
    case "project":
      return t("place.project", { project: projectName || (place.project ?? "") });
    default:
      return t(`place.${place.level}`, { name: place.name ?? "", project: projectName || (place.project ?? "") });
  }
}
