/* Whom a rule tells: some at once, others when nobody has acknowledged for a while. */

import { ActionIcon, Button, MultiSelect, TextInput } from "@mantine/core";
import { IconArrowDown, IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMay } from "../../api/session";
import { useWords } from "../../i18n/language";
import { channelsQuery } from "../../notifications/shapes";
import type { StepDraft } from "./ruleDraft";
import { MAX_STEPS } from "./shapes";

const NEXT_AFTER_MINUTES = 30;

export function Escalation({ steps, set }: { steps: readonly StepDraft[]; set: (steps: StepDraft[]) => void }) {
  const t = useWords();
  const mayRead = useMay("channels.read");
  const channels = useQuery({ ...channelsQuery, enabled: mayRead });
  const put = (place: number, part: Partial<StepDraft>) => set(steps.map((step, at) => (at === place ? { ...step, ...part } : step)));
  const add = () => set([...steps, { after: steps.length === 0 ? "0" : String(Number(steps.at(-1)?.after ?? 0) + NEXT_AFTER_MINUTES), channels: [] }]);
  // The first step is told at once: when it goes, the next one takes its place.
  const remove = (place: number) => set(steps.filter((_, at) => at !== place).map((step, at) => (at === 0 ? { ...step, after: "0" } : step)));
  const choices = channels.data?.map(({ id, name }) => ({ value: id, label: name })) ?? [];
  if (mayRead && channels.data?.length === 0) {
    return (
      <p className="dim" style={{ margin: 0 }}>
        {t("alerts.noChannels")}{" "}
        <Link to="/integrations/channels" className="link">
          {t("nav.channels")}
        </Link>
      </p>
    );
  }
  return (
    <div className="stack" style={{ gap: 8 }}>
      {steps.map(({ after, channels: chosen }, place) => (
        <div className="step" key={place}>
          {place === 0 ? (
            <span className="step-when">{t("alerts.atOnce")}</span>
          ) : (
            <span className="step-when">
              <IconArrowDown size={12} className="faint" aria-hidden />
              <TextInput w={64} inputMode="numeric" aria-label={t("alerts.afterMinutes")} value={after} onChange={(event) => put(place, { after: event.currentTarget.value })} />
              <span>{t("settings.unit.minutes")}</span>
            </span>
          )}
          <MultiSelect size="xs" aria-label={t("nav.channels")} placeholder={chosen.length === 0 ? t("alerts.chooseChannels") : ""} data={choices} value={chosen} onChange={(next) => put(place, { channels: next })} searchable />
          <ActionIcon aria-label={t("alerts.removeStep")} onClick={() => remove(place)}>
            <IconTrash size={14} />
          </ActionIcon>
        </div>
      ))}
      {steps.length < MAX_STEPS && (
        <Button variant="default" leftSection={<IconPlus size={14} />} style={{ alignSelf: "flex-start" }} onClick={add}>
          {t(steps.length === 0 ? "alerts.addFirstStep" : "alerts.addStep")}
        </Button>
      )}
    </div>
  );
}
