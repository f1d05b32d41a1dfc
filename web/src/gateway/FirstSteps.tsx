/* What stands here before there is a provider: the way to the first call, in three steps. */

import { type ReactNode, useState } from "react";
import { useWords } from "../i18n/language";
import type { Preset } from "./presets";
import { PresetChoice } from "./PresetChoice";
import { ProviderForm } from "./ProviderForm";
import "../start/start.css";

export function FirstSteps({ mayWrite }: { mayWrite: boolean }) {
  const t = useWords();
  const [preset, setPreset] = useState<Preset | null>(null);
  return (
    <>
      <ol className="start-steps" style={{ maxWidth: 880, marginInline: 0, marginTop: 8 }}>
        <FirstStep number={1} title={t("gateway.whichProvider")}>
          <div className="stack">
            <span className="dim">{t(mayWrite ? "gateway.whichProviderText" : "gateway.askAdmin")}</span>
            <PresetChoice choose={setPreset} disabled={!mayWrite} />
          </div>
        </FirstStep>
        <FirstStep number={2} title={t("gateway.createKey")}>
          <span className="dim">{t("gateway.createKeyText")}</span>
        </FirstStep>
        <FirstStep number={3} title={t("gateway.call")}>
          <span className="dim">{t("gateway.callText")}</span>
        </FirstStep>
      </ol>
      {preset && <ProviderForm provider={null} preset={preset} close={() => setPreset(null)} />}
    </>
  );
}

function FirstStep({ number, title, children }: { number: number; title: string; children: ReactNode }) {
  return (
    <li className="start-step">
      <span className="start-number" aria-hidden>
        {number}
      </span>
      <div style={{ minWidth: 0 }}>
        <h2>{title}</h2>
        {children}
      </div>
    </li>
  );
}
