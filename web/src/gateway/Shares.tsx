/* The shares of a name as one bar, and in words below it: who gets how much, and who is asked when those fail. */

import { useComputedColorScheme } from "@mantine/core";
import { IconArrowForwardUp } from "@tabler/icons-react";
import { colorsOf } from "../charts/palette";
import { formatShare } from "../format/number";
import { useLanguage } from "../i18n/language";
import { type Share, sharesOf } from "./shares";
import type { Target } from "./shapes";

export function Shares({ targets }: { targets: readonly Target[] }) {
  const { t, language } = useLanguage();
  const palette = colorsOf(useComputedColorScheme("light"));
  const shares = sharesOf(targets).filter(({ provider, model }) => provider !== "" && model !== "");
  const colorOf = (place: number) => palette[place % palette.length];
  const named = ({ provider, model }: Share) => `${provider}/${model}`;
  return (
    <div className="shares">
      <div className="shares-bar" aria-hidden>
        {shares.map((each, place) => each.share > 0 && <i key={place} style={{ flexGrow: each.share, background: colorOf(place) }} />)}
      </div>
      <ul className="shares-list">
        {shares.map((each, place) => (
          <li key={place}>
            {each.share > 0 ? <i style={{ background: colorOf(place) }} aria-hidden /> : <IconArrowForwardUp size={12} className="faint" aria-hidden />}
            <b>{each.share > 0 ? formatShare(each.share, 1, language) : t("gateway.onFailure")}</b>
            <span className="mono cut" title={named(each)}>{named(each)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
