/* A setting's value as words, for differences. */

import { formatCount } from "../format/number";
import { useLanguage } from "../i18n/language";
import type { Changed } from "../ui/Differences";
import { choiceName, unitName } from "./Editors";
import { type Difference, isStrings, type Level, patternsOf, type Setting, wordsOf } from "./shapes";

export function SettingValue({ setting, value, level }: { setting: Setting | undefined; value: unknown; level: Level }) {
  const { t, language } = useLanguage();
  if (value === null) return <i>{t(level === "hub" ? "settings.byDefault" : "settings.inherited")}</i>;
  if (typeof value === "boolean") return t(value ? "settings.on" : "settings.off");
  if (typeof value === "number") {
    if (value === 0 && setting?.name.startsWith("retention.")) return t("retention.ever");
    return `${formatCount(value, language)} ${unitName(setting?.unit ?? "", t)}`.trim();
  }
  if (setting?.kind === "choice" && typeof value === "string") return choiceName(value, t);
  if (value === "" || (Array.isArray(value) && value.length === 0)) return <i>{t("settings.empty")}</i>;
  if (isStrings(value)) return value.map((each) => (setting?.kind === "choices" ? choiceName(each, t) : each)).join(setting?.kind === "choices" ? ", " : "\n");
  if (setting?.kind === "patterns") return patternsOf(value).map(({ name, pattern, replacement }) => `${name}: ${pattern} → ${replacement || "···"}`).join("\n");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Differences of settings, by their titles. Where a place had no value of its own, it says so. */
export function useChanged(settings: readonly Setting[], level: Level): (differences: readonly Difference[]) => Changed[] {
  const { language } = useLanguage();
  return (differences) =>
    differences.map(({ name, before, after }) => {
      const setting = settings.find((each) => each.name === name);
      return {
        key: name,
        title: (
          <>
            {setting ? wordsOf(setting, language).title : name} <span className="setting-name">{name}</span>
          </>
        ),
        before: <SettingValue setting={setting} value={before} level={level} />,
        after: <SettingValue setting={setting} value={after} level={level} />,
      };
    });
}
