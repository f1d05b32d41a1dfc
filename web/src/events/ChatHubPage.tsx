/* Chat Hub, the start page: what happened that a person wants to know or decide, as it happens. */

import { Button, SegmentedControl, Skeleton } from "@mantine/core";
import { IconInbox, IconSearchOff } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { useWords } from "../i18n/language";
import { Page } from "../ui/Page";
import { Snippet } from "../ui/Snippet";
import { Failure, State } from "../ui/State";
import { useAskedEvents } from "./asked";
import { cardsOf, waits, withTold } from "./cards";
import { EventCard } from "./EventCard";
import { EventFilters } from "./EventFilters";
import { useTold } from "./live";
import { eventsQuery } from "./shapes";
import { curlSnippet } from "./snippet";
import "./events.css";

export default function ChatHubPage() {
  const t = useWords();
  const queries = useQueryClient();
  const { asked, narrowed, isWaiting, isEverywhere, set } = useAskedEvents();
  const history = useInfiniteQuery(eventsQuery(asked));
  const reread = useCallback(() => void queries.invalidateQueries({ queryKey: ["events"] }), [queries]);
  const told = useTold({ ...asked, waiting: undefined }, reread);
  const pages = history.data?.pages;
  const cards = useMemo(() => pages && withTold(cardsOf(pages.flatMap((page) => page.items)), told).filter(({ event }) => !isWaiting || waits(event)), [pages, told, isWaiting]);
  const isNarrowed = isWaiting || isEverywhere || Object.keys(narrowed).length > 0;
  const waiting = pages?.[0]?.waiting ?? 0;
  return (
    <Page title={t("nav.hub")} text={t("hub.text")}>
      <div className="filters">
        <SegmentedControl
          aria-label={t("hub.show")}
          value={isWaiting ? "waiting" : "all"}
          onChange={(next) => set({ show: next === "waiting" ? next : undefined })}
          data={[
            { value: "all", label: t("hub.all") },
            { value: "waiting", label: waiting > 0 ? t("hub.waitingCount", { count: waiting }) : t("hub.waiting") },
          ]}
        />
        <EventFilters />
      </div>
      {history.isError && !cards ? (
        <Failure error={history.error} retry={() => void history.refetch()} />
      ) : !cards ? (
        <div className="stack"><Skeleton height={88} /><Skeleton height={88} /><Skeleton height={88} /></div>
      ) : cards.length === 0 ? (
        isNarrowed ? <State icon={IconSearchOff} title={t(isWaiting ? "hub.nothingWaits" : "hub.nothingFound")} text={t(isWaiting ? "hub.nothingWaitsText" : "hub.nothingFoundText")} /> : <FirstEvent />
      ) : (
        <ol className="events" aria-label={t("nav.hub")}>
          {cards.map((card) => (
            <EventCard key={`${card.event.project} ${card.event.subject}`} card={card} isEverywhere={isEverywhere} />
          ))}
        </ol>
      )}
      {history.hasNextPage && (
        <Button variant="default" style={{ alignSelf: "center" }} loading={history.isFetchingNextPage} onClick={() => void history.fetchNextPage()}>
          {t("hub.older")}
        </Button>
      )}
    </Page>
  );
}

/** Nothing has happened yet: what will stand here, and how the first event is sent. */
function FirstEvent() {
  const t = useWords();
  return (
    <section className="card events-first">
      <State icon={IconInbox} title={t("hub.empty")} text={t("hub.emptyText")}>
        <Button component={Link} to="/start">
          {t("hub.connect")}
        </Button>
        <Button component={Link} to="/monitor" variant="default">
          {t("nav.overview")}
        </Button>
      </State>
      <Snippet label={t("hub.first")} text={curlSnippet(window.location.origin, "mno_…")} />
    </section>
  );
}
