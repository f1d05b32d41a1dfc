import { useWords } from "../i18n/language";
import { type Channel, stateOf } from "./shapes";

const TONES = { new: "", working: "good", failing: "broken" } as const;

export function ChannelStateMark({ channel }: { channel: Channel }) {
  const t = useWords();
  const state = stateOf(channel);
  return <span className={`mark ${TONES[state]}`}>{t(`channels.state.${state}`)}</span>;
}
