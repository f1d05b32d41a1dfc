/* What differs between two versions of a rule, as it reads. */

import { useQuery } from "@tanstack/react-query";
import { useMay } from "../../api/session";
import { useLanguage } from "../../i18n/language";
import { channelsQuery } from "../../notifications/shapes";
import { changesOf, type Part } from "../../ui/changes";
import type { Changed } from "../../ui/Differences";
import type { Draft } from "./ruleDraft";
import { isTold } from "./shapes";
import { comparisonText, figureText, lengthText, scopeText, useNames } from "./words";

export function useRuleChanges(): (before: Draft, after: Draft) => Changed[] {
  const { t, language } = useLanguage();
  const names = useNames();
  const channels = useQuery({ ...channelsQuery, enabled: useMay("channels.read") });
  const channelName = (id: string) => channels.data?.find((each) => each.id === id)?.name ?? id;
  const length = (seconds: number) => (seconds === 0 ? t("alerts.immediately") : lengthText(seconds, language));
  const parts: Part<Draft>[] = [
    { key: "name", title: t("alerts.ruleName"), text: ({ name }) => name.trim() },
    { key: "when", title: t("alerts.when"), text: (draft) => comparisonText({ ...draft, quantile: draft.measure === "latency" ? draft.quantile : 0 }, t, language) },
    { key: "clear", title: t("alerts.clear"), text: ({ clear, threshold, measure }) => figureText(clear.trim() || threshold, measure, language) },
    { key: "minimum", title: t("alerts.minimumCalls"), text: ({ minimum_calls }) => minimum_calls.trim() },
    {
      key: "calls",
      title: t("alerts.whichCalls"),
      text: ({ of, measure, group_by, conditions }) => scopeText({ of, measure, group_by: isTold(measure) ? "" : group_by, matches: Object.fromEntries(conditions.filter(({ values }) => values.length > 0).map(({ dimension, values }) => [dimension, values])) }, names, t),
    },
    { key: "budget", title: t("alerts.budget"), text: ({ budget }) => budget },
    { key: "holds", title: t("alerts.holdsFor"), text: ({ for_s }) => length(for_s) },
    { key: "clears", title: t("alerts.clearsAfter"), text: ({ clear_after_s }) => length(clear_after_s) },
    { key: "severity", title: t("alerts.severity"), text: ({ severity }) => t(`alerts.severity.${severity}`) },
    { key: "steps", title: t("alerts.whom"), text: ({ steps }) => steps.map((step) => `${length(Number(step.after) * 60)}: ${step.channels.map(channelName).join(", ")}`).join("\n") },
    { key: "repeat", title: t("alerts.repeat"), text: ({ repeat }) => length(Number(repeat) * 60) },
    { key: "enabled", title: t("alerts.enabled"), text: ({ enabled }) => t(enabled ? "settings.on" : "settings.off") },
  ];
  return (before, after) => changesOf(before, after, parts);
}
