/* One channel: how it is set up, a test of it, and what became of its messages. */

import { Button, Drawer } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconSend } from "@tabler/icons-react";
import { useState } from "react";
import { request } from "../api/client";
import { LANGUAGES, useWords } from "../i18n/language";
import { ConfirmByName } from "../ui/ConfirmByName";
import { FailureNote } from "../ui/State";
import { Ago } from "../ui/Values";
import { ChannelForm } from "./ChannelForm";
import { ChannelStateMark } from "./ChannelStateMark";
import { Deliveries } from "./Deliveries";
import { KINDS } from "./kinds";
import { type Channel, type DeliveryList, stateOf, useChannelChange } from "./shapes";

interface DetailProps {
  channel: Channel;
  mayWrite: boolean;
  close: () => void;
}

export function ChannelDetail({ channel, mayWrite, close }: DetailProps) {
  const t = useWords();
  const [doing, setDoing] = useState<"change" | "remove" | null>(null);
  const word = KINDS.find(({ kind }) => kind === channel.kind)?.word;
  return (
    <Drawer opened onClose={close} position="right" size={560} title={channel.name} closeButtonProps={{ "aria-label": t("act.close") }}>
      <div className="stack">
        <div className="row wrap">
          {word && <span className="mark outline">{t(word)}</span>}
          <ChannelStateMark channel={channel} />
          <span className="grow" />
          {mayWrite && (
            <>
              <Button variant="default" onClick={() => setDoing("change")}>
                {t("budgets.edit")}
              </Button>
              <Button variant="default" color="red" onClick={() => setDoing("remove")}>
                {t("prices.remove")}
              </Button>
            </>
          )}
        </div>
        <Facts channel={channel} />
        {mayWrite && <Test channel={channel} />}
        <Deliveries channel={channel} mayWrite={mayWrite} />
      </div>
      {doing === "change" && <ChannelForm channel={channel} close={() => setDoing(null)} />}
      {doing === "remove" && <Remove channel={channel} close={() => setDoing(null)} removed={close} />}
    </Drawer>
  );
}

function Facts({ channel }: { channel: Channel }) {
  const t = useWords();
  return (
    <dl className="pairs">
      {channel.host !== "" && (
        <>
          <dt>{t("channels.host")}</dt>
          <dd className="mono">{channel.host}</dd>
        </>
      )}
      {channel.sender !== "" && (
        <>
          <dt>{t("channels.field.sender")}</dt>
          <dd>{channel.sender}</dd>
        </>
      )}
      {channel.receivers.length > 0 && (
        <>
          <dt>{t("channels.field.receivers")}</dt>
          <dd>{channel.receivers.join(", ")}</dd>
        </>
      )}
      <dt>{t("channels.language")}</dt>
      <dd lang={channel.language}>{LANGUAGES.find(({ code }) => code === channel.language)?.name}</dd>
      <dt>{t("channels.signature")}</dt>
      <dd>{t(channel.signed ? "channels.signed" : "channels.unsigned")}</dd>
      <dt>{t("keys.created")}</dt>
      <dd>
        <Ago at={channel.created_at} /> · {channel.created_by}
      </dd>
      {stateOf(channel) === "failing" && (
        <>
          <dt>{t("streams.error")}</dt>
          <dd className="broken">{channel.failure}</dd>
        </>
      )}
    </dl>
  );
}

/** Sends a test and says of every receiver what became of it. */
function Test({ channel }: { channel: Channel }) {
  const t = useWords();
  const test = useChannelChange(() => request<DeliveryList>(`/api/channels/${channel.id}/test`, { method: "POST" }));
  return (
    <div className="stack" style={{ gap: 8 }}>
      <Button style={{ alignSelf: "flex-start" }} leftSection={<IconSend size={14} />} loading={test.isPending} onClick={() => test.mutate()}>
        {t("channels.test")}
      </Button>
      {test.isError && <FailureNote error={test.error} />}
      {test.data?.items.map((each) => {
        const isThere = each.state === "delivered";
        return (
          <div key={each.id} className={isThere ? "notice good" : "notice broken"} role="status">
            {isThere ? <IconCircleCheck size={16} aria-hidden /> : <IconCircleX size={16} aria-hidden />}
            <span className="grow" style={{ overflowWrap: "anywhere" }}>
              {each.receiver !== "" && <b style={{ fontWeight: 500 }}>{each.receiver}: </b>}
              {isThere ? t("channels.testTaken") : each.error || t("channels.delivery.dead")}
            </span>
          </div>
        );
      })}
    </div>
  );
}

function Remove({ channel, close, removed }: { channel: Channel; close: () => void; removed: () => void }) {
  const t = useWords();
  const remove = useChannelChange(() => request<undefined>(`/api/channels/${channel.id}`, { method: "DELETE" }), removed);
  return (
    <ConfirmByName
      title={t("channels.removeTitle", { name: channel.name })}
      text={t("channels.removeText")}
      name={channel.name}
      act={t("prices.remove")}
      pending={remove.isPending}
      error={remove.error}
      confirm={() => remove.mutate()}
      close={close}
    />
  );
}
