/* Alerts: what fires, what fired, what is watched, and what is kept quiet. */

import { Button, SegmentedControl } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useMay } from "../../api/session";
import { useWords } from "../../i18n/language";
import { useAddress } from "../../shell/address";
import { Page } from "../../ui/Page";
import { AlertDetail } from "./AlertDetail";
import { History } from "./History";
import { Live } from "./Live";
import { RuleForm } from "./RuleForm";
import { Rules } from "./Rules";
import { Silences } from "./Silences";
import "./alerts.css";

const VIEWS = ["live", "history", "rules", "silences"] as const;

export default function AlertsPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const mayWrite = useMay("alerts.write");
  const [isAdding, setAdding] = useState(false);
  const view = VIEWS.find((each) => each === value("view")) ?? "live";
  return (
    <Page
      title={t("nav.alerts")}
      text={t("alerts.text")}
      acts={
        mayWrite && (
          <Button leftSection={<IconPlus size={14} />} onClick={() => setAdding(true)}>
            {t("alerts.addRule")}
          </Button>
        )
      }
    >
      <div className="view-tabs">
        <SegmentedControl
          aria-label={t("gateway.view")}
          value={view}
          onChange={(next) => set({ view: next === "live" ? undefined : next, state: undefined, rule: undefined })}
          data={VIEWS.map((each) => ({ value: each, label: t(`alerts.view.${each}`) }))}
        />
      </div>
      {view === "live" && <Live />}
      {view === "history" && <History />}
      {view === "rules" && <Rules />}
      {view === "silences" && <Silences />}
      {value("alert") !== "" && <AlertDetail id={value("alert")} close={() => set({ alert: undefined })} />}
      {isAdding && <RuleForm rule={null} close={() => setAdding(false)} />}
    </Page>
  );
}
