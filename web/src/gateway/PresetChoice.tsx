/* Who the provider is: a click fills in how it speaks and where it is. */

import { useWords } from "../i18n/language";
import { hostOf, OTHER, type Preset, PRESETS } from "./presets";

export function PresetChoice({ choose, disabled = false }: { choose: (preset: Preset) => void; disabled?: boolean }) {
  const t = useWords();
  return (
    <div className="presets" role="group" aria-label={t("gateway.whichProvider")}>
      {PRESETS.map((preset) => (
        <button key={preset.name} type="button" className="preset" disabled={disabled} onClick={() => choose(preset)}>
          <span>{preset.title}</span>
          <span className="faint cut">{hostOf(preset.base_url)}</span>
        </button>
      ))}
      <button type="button" className="preset" disabled={disabled} onClick={() => choose(OTHER)}>
        <span>{t("gateway.other")}</span>
        <span className="faint cut">{t("gateway.otherText")}</span>
      </button>
    </div>
  );
}
