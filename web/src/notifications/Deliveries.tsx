/* What was sent over a channel, the newest first. Dead letters were given up; they can be sent again. */

import { Button, SegmentedControl, Skeleton } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useWords } from "../i18n/language";
import { Failure, FailureNote } from "../ui/State";
import { Ago } from "../ui/Values";
import { type Channel, deliveriesQuery, type Delivery, DELIVERY_STATES, type DeliveryState, useChannelChange } from "./shapes";

const TONES = { waiting: "attention", delivered: "good", dead: "broken" } as const;

export function Deliveries({ channel, mayWrite }: { channel: Channel; mayWrite: boolean }) {
  const t = useWords();
  const [state, setState] = useState<DeliveryState | "all">("all");
  const deliveries = useInfiniteQuery(deliveriesQuery(channel.id, state === "all" ? "" : state));
  const items = deliveries.data?.pages.flatMap((page) => page.items);
  const hasDead = items?.some((each) => each.state === "dead") ?? false;
  return (
    <section className="stack" style={{ gap: 8 }}>
      <div className="row wrap">
        <h2 className="channel-heading grow">{t("channels.deliveries")}</h2>
        {mayWrite && hasDead && <Replay channel={channel} />}
      </div>
      <SegmentedControl
        aria-label={t("channels.deliveryState")}
        value={state}
        onChange={setState}
        data={(["all", ...DELIVERY_STATES] as const).map((each) => ({ value: each, label: t(`channels.delivery.${each}`) }))}
      />
      {deliveries.isError && !items && <Failure error={deliveries.error} retry={() => void deliveries.refetch()} />}
      {deliveries.isPending && <Skeleton height={72} />}
      {items?.length === 0 && <p className="dim" style={{ margin: 0 }}>{t("channels.noDeliveries")}</p>}
      <ul className="deliveries">{items?.map((each) => <Line key={each.id} delivery={each} />)}</ul>
      {deliveries.hasNextPage && (
        <Button variant="default" loading={deliveries.isFetchingNextPage} onClick={() => void deliveries.fetchNextPage()}>
          {t("traces.more")}
        </Button>
      )}
    </section>
  );
}

function Line({ delivery }: { delivery: Delivery }) {
  const t = useWords();
  const { state, title, receiver, error, attempts, created_at, due_at } = delivery;
  return (
    <li>
      <div className="row">
        <span className="grow cut" style={{ fontWeight: 500 }} title={title}>{title}</span>
        <span className={`mark ${TONES[state]}`}>{t(`channels.delivery.${state}`)}</span>
      </div>
      <div className="dim" style={{ fontSize: 12, lineHeight: "16px" }}>
        <Ago at={created_at} />
        {receiver !== "" && ` · ${receiver}`}
        {attempts > 0 && ` · ${t("channels.attempts", { count: attempts })}`}
        {state === "waiting" && attempts > 0 && (
          <>
            {" · "}
            {t("channels.next")} <Ago at={due_at} />
          </>
        )}
      </div>
      {state !== "delivered" && error !== "" && <div className="broken" style={{ fontSize: 12, lineHeight: "16px", overflowWrap: "anywhere" }}>{error}</div>}
    </li>
  );
}

function Replay({ channel }: { channel: Channel }) {
  const t = useWords();
  const replay = useChannelChange(
    () => request<{ replayed: number }>(`/api/channels/${channel.id}/replay`, { method: "POST" }),
    ({ replayed }) => notifications.show({ message: t("streams.replayed", { count: replayed }), color: replayed > 0 ? "green" : "yellow" }),
  );
  return (
    <>
      <Button variant="default" loading={replay.isPending} onClick={() => replay.mutate()}>
        {t("channels.replay")}
      </Button>
      {replay.isError && <FailureNote error={replay.error} />}
    </>
  );
}
