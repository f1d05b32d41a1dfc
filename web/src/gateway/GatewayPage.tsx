/* The LLM gateway: whom it calls, under which names, what keys may ask of it, and how an application comes to it. */

import { Button, SegmentedControl } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useMayInTeam } from "../api/session";
import { useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { Page } from "../ui/Page";
import { RangePicker } from "../ui/Range";
import { Failure } from "../ui/State";
import { Aliases } from "./Aliases";
import { AliasForm } from "./AliasForm";
import { Connect } from "./Connect";
import { FirstSteps } from "./FirstSteps";
import { HealthNotice } from "./HealthNotice";
import { Keys } from "./Keys";
import { ProviderForm } from "./ProviderForm";
import { Providers } from "./Providers";
import { providersQuery } from "./shapes";
import { Traffic } from "./Traffic";
import "./gateway.css";

const VIEWS = ["providers", "models", "keys", "connect"] as const;

export default function GatewayPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const mayWrite = useMayInTeam("gateway.write");
  const providers = useQuery(providersQuery);
  const [adding, setAdding] = useState<"provider" | "alias" | null>(null);
  const view = VIEWS.find((each) => each === value("view")) ?? "providers";
  const isNew = providers.data?.length === 0;
  const added = view === "models" ? "alias" : "provider";
  return (
    <Page
      title={t("nav.gateway")}
      text={t("gateway.text")}
      acts={
        !isNew && (
          <>
            <RangePicker />
            {mayWrite && (view === "providers" || view === "models") && (
              <Button leftSection={<IconPlus size={14} />} onClick={() => setAdding(added)}>
                {t(added === "alias" ? "gateway.addAlias" : "gateway.addProvider")}
              </Button>
            )}
          </>
        )
      }
    >
      {providers.error && !providers.data ? (
        <Failure error={providers.error} retry={() => void providers.refetch()} />
      ) : isNew ? (
        <FirstSteps mayWrite={mayWrite} />
      ) : (
        <>
          <HealthNotice />
          <Traffic />
          <div className="view-tabs">
            <SegmentedControl
              aria-label={t("gateway.view")}
              value={view}
              onChange={(next) => set({ view: next === "providers" ? undefined : next })}
              data={VIEWS.map((each) => ({ value: each, label: t(`gateway.view.${each}`) }))}
            />
          </div>
          {view === "providers" && <Providers mayWrite={mayWrite} />}
          {view === "models" && <Aliases mayWrite={mayWrite} add={() => setAdding("alias")} />}
          {view === "keys" && <Keys mayWrite={mayWrite} />}
          {view === "connect" && <Connect />}
        </>
      )}
      {adding === "provider" && <ProviderForm provider={null} close={() => setAdding(null)} />}
      {adding === "alias" && <AliasForm alias={null} close={() => setAdding(null)} />}
    </Page>
  );
}
