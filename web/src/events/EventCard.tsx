/* One subject: what happened last, what can be done about it, and what happened before. */

import { Button } from "@mantine/core";
import {
  IconActivity, IconAlertTriangle, IconCircleCheck, IconCircleX, IconClipboardCheck, IconFlag, IconHandStop, IconHeartbeat, IconHourglass, IconPlayerPlay, type IconProps,
} from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { type ComponentType, useState } from "react";
import { sessionQuery } from "../api/session";
import { useLanguage, useWords } from "../i18n/language";
import { useProjects } from "../secrets/projects";
import { Failure } from "../ui/State";
import { Ago } from "../ui/Values";
import { Actions } from "./Actions";
import type { Card } from "./cards";
import { type EventKind, type EventOutcome, type EventSeverity, eventsQuery, type ValueEvent } from "./shapes";

const ICONS: Record<EventKind, ComponentType<IconProps>> = {
  "task.acceptance": IconPlayerPlay,
  "task.progress.milestone": IconFlag,
  "task.receipt": IconClipboardCheck,
  "approval.request": IconHandStop,
  "anomaly.detected": IconActivity,
  "recovery.start": IconAlertTriangle,
  "recovery.done": IconHeartbeat,
};
const TONES: Record<EventSeverity, string> = { critical: "broken", warning: "attention", info: "information" };
const OUTCOMES: Record<EventOutcome, { tone: string; icon: ComponentType<IconProps> }> = {
  approved: { tone: "good", icon: IconCircleCheck },
  refused: { tone: "broken", icon: IconCircleX },
  expired: { tone: "", icon: IconHourglass },
  withdrawn: { tone: "", icon: IconCircleX },
  expected: { tone: "good", icon: IconCircleCheck },
  acknowledged: { tone: "information", icon: IconHandStop },
  recovered: { tone: "good", icon: IconHeartbeat },
};

export function EventCard({ card, isEverywhere }: { card: Card; isEverywhere: boolean }) {
  const t = useWords();
  const projects = useProjects();
  const session = useQuery(sessionQuery);
  const [isOpen, setOpen] = useState(false);
  const { event, more } = card;
  const Icon = ICONS[event.kind];
  const tone = event.kind === "recovery.done" || event.outcome === "recovered" ? "good" : TONES[event.severity];
  const isElsewhere = event.project !== null && event.project !== session.data?.project.id;
  return (
    <li className="card event" data-event={event.id} data-subject={event.subject}>
      <span className={`event-sign ${tone}`}>
        <Icon size={18} aria-hidden />
        <span className="visually-hidden">{t(`hub.severity.${event.severity}`)}</span>
      </span>
      <article className="event-body" aria-label={event.summary}>
        <h3>{event.summary}</h3>
        <div className="event-facts dim">
          <span>{t(`hub.kind.${event.kind}`)}</span>
          <Outcome event={event} />
          {isEverywhere && event.project !== null && <span>{projects.names.get(event.project.replace(/^prj_/, ""))}</span>}
          <Ago at={event.time} />
          {more > 0 && (
            <button type="button" className="link" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
              {t(isOpen ? "hub.less" : "hub.more", { count: more })}
            </button>
          )}
        </div>
        {isOpen && <Earlier event={event} />}
      </article>
      <Actions event={event} isElsewhere={isElsewhere} />
    </li>
  );
}

function Outcome({ event: { outcome, data } }: { event: ValueEvent }) {
  const t = useWords();
  if (!outcome) return null;
  const { tone, icon: Icon } = OUTCOMES[outcome];
  const who = typeof data["decided_by"] === "string" ? data["decided_by"] : "";
  return (
    <span className={`mark ${tone}`}>
      <Icon size={12} aria-hidden />
      {who === "" ? t(`hub.outcome.${outcome}`) : t("hub.outcomeBy", { outcome: t(`hub.outcome.${outcome}`), who })}
    </span>
  );
}

/** What happened before to the same subject, page by page. */
function Earlier({ event }: { event: ValueEvent }) {
  const { t, language } = useLanguage();
  const earlier = useInfiniteQuery(eventsQuery({ subject: event.subject, project: event.project, language }));
  const events = earlier.data?.pages.flatMap((page) => page.items).filter(({ id }) => id !== event.id);
  if (earlier.isError && !events) return <Failure error={earlier.error} retry={() => void earlier.refetch()} />;
  return (
    <>
      <ul className="event-earlier" aria-busy={earlier.isPending}>
        {events?.map((one) => (
          <li key={one.id}>
            <span>{one.summary}</span> <Outcome event={one} /> <span className="dim"><Ago at={one.time} /></span>
          </li>
        ))}
      </ul>
      {earlier.hasNextPage && (
        <Button variant="subtle" size="compact-sm" loading={earlier.isFetchingNextPage} onClick={() => void earlier.fetchNextPage()}>
          {t("hub.older")}
        </Button>
      )}
    </>
  );
}
