/* The audit log: who did what, whether the log is whole, and where else it goes. */

import { Button, SegmentedControl } from "@mantine/core";
import { IconEraser } from "@tabler/icons-react";
import { useState } from "react";
import { useMay } from "../api/session";
import { useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { Page } from "../ui/Page";
import { EntryDetail } from "./EntryDetail";
import { Erase } from "./Erase";
import { Log } from "./Log";
import { CHAINS, type Chain } from "./shapes";
import { Streams } from "./Streams";
import { VerificationCard } from "./Verification";
import "./audit.css";

export default function AuditPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const may: Record<Chain, boolean> = { team: useMay("audit.read"), hub: useMay("hub.audit.read") };
  const mayWriteIn: Record<Chain, boolean> = { team: useMay("team.write"), hub: useMay("hub.settings.write") };
  const [isErasing, setErasing] = useState(false);
  const readable = CHAINS.filter((each) => may[each]);
  const chain = readable.find((each) => each === value("chain")) ?? readable[0] ?? "team";
  const mayWrite = mayWriteIn[chain];
  const isStreams = value("view") === "streams";
  return (
    <Page
      title={t("nav.audit")}
      text={t("audit.text")}
      acts={
        mayWrite && (
          <Button variant="default" leftSection={<IconEraser size={14} />} onClick={() => setErasing(true)}>
            {t("audit.eraseOpen")}
          </Button>
        )
      }
    >
      <div className="filters">
        {readable.length > 1 && (
          <SegmentedControl aria-label={t("audit.chain")} value={chain} onChange={(next) => set({ chain: next === "hub" ? next : undefined, entry: undefined })} data={readable.map((each) => ({ value: each, label: t(`level.${each}`) }))} />
        )}
        <SegmentedControl
          aria-label={t("audit.view")}
          value={isStreams ? "streams" : "log"}
          onChange={(next) => set({ view: next === "streams" ? next : undefined })}
          data={[
            { value: "log", label: t("audit.entries") },
            { value: "streams", label: t("streams.title") },
          ]}
        />
      </div>
      {isStreams ? (
        <Streams chain={chain} mayWrite={mayWrite} />
      ) : (
        <>
          <VerificationCard chain={chain} />
          <Log chain={chain} />
        </>
      )}
      {value("entry") !== "" && <EntryDetail chain={chain} id={value("entry")} close={() => set({ entry: undefined })} />}
      {isErasing && <Erase chain={chain} close={() => setErasing(false)} />}
    </Page>
  );
}
