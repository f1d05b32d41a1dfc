/* Notification channels: where the team is told what happens, and whether that works. */

import { Button } from "@mantine/core";
import { IconBellRinging, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useMayInTeam } from "../api/session";
import { LANGUAGES, useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { type Column, DataTable } from "../ui/DataTable";
import { Card, Page } from "../ui/Page";
import { State } from "../ui/State";
import { Ago } from "../ui/Values";
import { ChannelDetail } from "./ChannelDetail";
import { ChannelForm } from "./ChannelForm";
import { ChannelStateMark } from "./ChannelStateMark";
import { KindChoice } from "./KindChoice";
import { KINDS } from "./kinds";
import { type Channel, type ChannelKind, channelsQuery, stateOf } from "./shapes";
import { Verification } from "./Verification";
import "./channels.css";

type Adding = { kind: ChannelKind | null };

export default function ChannelsPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const mayWrite = useMayInTeam("channels.write");
  const channels = useQuery(channelsQuery);
  const [adding, setAdding] = useState<Adding | null>(null);
  const items = channels.data;
  const opened = items?.find(({ id }) => id === value("channel"));
  const isEmpty = items?.length === 0;
  return (
    <Page
      title={t("nav.channels")}
      text={t("channels.text")}
      acts={
        mayWrite && !isEmpty && (
          <Button leftSection={<IconPlus size={14} />} onClick={() => setAdding({ kind: null })}>
            {t("channels.add")}
          </Button>
        )
      }
    >
      {isEmpty && mayWrite ? (
        <Card>
          <State icon={IconBellRinging} title={t("channels.empty")} text={t("channels.emptyText")} />
          <div style={{ maxWidth: 640, margin: "0 auto 24px" }}>
            <KindChoice choose={(kind) => setAdding({ kind })} />
          </div>
        </Card>
      ) : (
        <Channels items={items} error={channels.error} retry={() => void channels.refetch()} open={({ id }) => set({ channel: id })} />
      )}
      {items?.some(({ kind }) => kind === "webhook") && <Verification />}
      {opened && <ChannelDetail key={opened.id} channel={opened} mayWrite={mayWrite} close={() => set({ channel: undefined })} />}
      {adding && <ChannelForm channel={null} kind={adding.kind} close={() => setAdding(null)} saved={({ id }) => set({ channel: id })} />}
    </Page>
  );
}

interface ChannelsProps {
  items: Channel[] | undefined;
  error: unknown;
  retry: () => void;
  open: (channel: Channel) => void;
}

function Channels({ items, error, retry, open }: ChannelsProps) {
  const t = useWords();
  const columns: Column<Channel>[] = [
    {
      key: "name",
      title: t("channels.name"),
      order: (row) => row.name.toLowerCase(),
      cell: (row) => <ChannelName channel={row} open={() => open(row)} />,
    },
    { key: "to", title: t("channels.to"), cell: (row) => <div className="dim cell-cut">{row.receivers.length > 0 ? row.receivers.join(", ") : row.host}</div> },
    { key: "language", title: t("channels.language"), cell: (row) => <span className="nowrap" lang={row.language}>{LANGUAGES.find(({ code }) => code === row.language)?.name}</span> },
    {
      key: "state",
      title: t("channels.state"),
      order: stateOf,
      cell: (row) => (
        <div style={{ minWidth: 0 }}>
          <ChannelStateMark channel={row} />
          {stateOf(row) === "failing" && <div className="dim channel-failure">{row.failure}</div>}
        </div>
      ),
    },
    { key: "last", title: t("channels.last"), cell: (row) => <span className="dim">{row.delivered_at ? <Ago at={row.delivered_at} /> : t("keys.never")}</span> },
  ];
  return (
    <Card bare title={t("channels.list")}>
      <DataTable
        name="channels"
        rows={items}
        columns={columns}
        rowKey={(row) => row.id}
        error={error}
        retry={retry}
        onOpen={open}
        empty={<State icon={IconBellRinging} title={t("channels.empty")} text={t("channels.emptyText")} />}
      />
    </Card>
  );
}

function ChannelName({ channel, open }: { channel: Channel; open: () => void }) {
  const t = useWords();
  const kind = KINDS.find((each) => each.kind === channel.kind);
  const Icon = kind?.icon ?? IconBellRinging;
  return (
    <span className="row" style={{ gap: 10 }}>
      <Icon size={18} stroke={1.5} className="faint" style={{ flex: "none" }} aria-hidden />
      <span style={{ minWidth: 0 }}>
        <button
          type="button"
          className="link cut"
          style={{ color: "inherit", fontWeight: 500 }}
          onClick={(event) => {
            event.stopPropagation();
            open();
          }}
        >
          {channel.name}
        </button>
        <span className="dim" style={{ display: "block", fontSize: 12, lineHeight: "16px" }}>{kind && t(kind.word)}</span>
      </span>
    </span>
  );
}
