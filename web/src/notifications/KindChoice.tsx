/* Where people want to be told: a click chooses the kind of channel. */

import { useWords } from "../i18n/language";
import { KINDS } from "./kinds";
import type { ChannelKind } from "./shapes";

export function KindChoice({ choose }: { choose: (kind: ChannelKind) => void }) {
  const t = useWords();
  return (
    <div className="kinds" role="group" aria-label={t("channels.kind")}>
      {KINDS.map(({ kind, word, icon: Icon }) => (
        <button key={kind} type="button" className="kind" onClick={() => choose(kind)}>
          <Icon size={18} stroke={1.5} aria-hidden />
          <span className="cut">{t(word)}</span>
        </button>
      ))}
    </div>
  );
}
