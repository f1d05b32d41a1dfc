/* What came of a try to sign in or to show a factor: nothing, a refusal with its reason, or a wait that counts down. */

import { IconAlertTriangle, IconClock } from "@tabler/icons-react";
import { useWords } from "../i18n/language";
import { FailureNote } from "../ui/State";
import { formatWait } from "./waiting";
import { isGivenUp } from "./webauthn";

export function TriedNote({ error, wait }: { error: unknown; wait: number }) {
  const t = useWords();
  if (wait > 0) {
    return (
      <div className="notice attention" role="alert">
        <IconClock size={16} aria-hidden />
        <span className="grow">
          {t("factor.tooMany")} <span aria-hidden>{t("factor.wait", { time: formatWait(wait) })}</span>
        </span>
      </div>
    );
  }
  if (error === null || error === undefined) return null;
  if (isGivenUp(error)) {
    return (
      <div className="notice attention" role="alert">
        <IconAlertTriangle size={16} aria-hidden />
        <span className="grow">{t("factor.passkeyGivenUp")}</span>
      </div>
    );
  }
  return <FailureNote error={error} />;
}
