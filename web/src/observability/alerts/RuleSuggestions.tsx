/* What stands here before there is a rule: those that most teams want first, a click away. */

import { IconBellPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useMay } from "../../api/session";
import { useLanguage } from "../../i18n/language";
import { Card } from "../../ui/Page";
import { State } from "../../ui/State";
import { RuleForm } from "./RuleForm";
import { newDraft } from "./ruleDraft";
import { type Suggestion, SUGGESTIONS } from "./suggestions";
import { comparisonText } from "./words";

export function RuleSuggestions() {
  const { t, language } = useLanguage();
  const mayWrite = useMay("alerts.write");
  const [chosen, setChosen] = useState<Suggestion | null>(null);
  return (
    <Card>
      <State icon={IconBellPlus} title={t("alerts.noRules")} text={t(mayWrite ? "alerts.noRulesText" : "alerts.noRulesForYou")} />
      {mayWrite && (
        <div className="suggestions">
          {SUGGESTIONS.map((each) => (
            <button key={each.word} type="button" className="suggestion" onClick={() => setChosen(each)}>
              <span>{t(each.word)}</span>
              <span className="faint">{comparisonText({ comparison: "above", quantile: 0, window_s: 300, ...each.wish, threshold: String(each.wish.threshold) }, t, language)}</span>
            </button>
          ))}
        </div>
      )}
      {chosen && <RuleForm rule={null} start={newDraft(t(chosen.word), chosen.wish)} close={() => setChosen(null)} />}
    </Card>
  );
}
