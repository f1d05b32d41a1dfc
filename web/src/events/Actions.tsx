/* What can be done about an event, from its card. The server says which actions there are and checks who may. */

import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { request } from "../api/client";
import { useMay } from "../api/session";
import { Decide } from "../approvals/Decide";
import { useWords } from "../i18n/language";
import { parseSearch } from "../shell/address";
import { switchTo } from "../team/queries";
import { useFailureText } from "../ui/State";
import { Degrade } from "./Degrade";
import type { EventAction, ValueEvent } from "./shapes";

type Name = EventAction["name"];

export function Actions({ event, isElsewhere }: { event: ValueEvent; isElsewhere: boolean }) {
  const [deciding, setDeciding] = useState<Name | null>(null);
  const title = typeof event.data["title"] === "string" ? event.data["title"] : event.summary;
  const approval = { id: event.subject, title };
  // An alert or anomaly is looked at in its own project; a request is decided from anywhere.
  if (isElsewhere && event.kind !== "approval.request") return event.project && <Elsewhere project={event.project} to={pageOf(event)} />;
  return (
    <div className="event-acts">
      {event.actions.map((action) => (action.method === "GET" ? <Leading key={action.name} action={action} /> : <Acting key={action.name} action={action} ask={setDeciding} />))}
      {deciding === "continue" && <Decide approval={approval} verb="approve" close={() => setDeciding(null)} />}
      {deciding === "abort" && <Decide approval={approval} verb="refuse" close={() => setDeciding(null)} />}
      {deciding === "degrade" && <Degrade approval={approval} close={() => setDeciding(null)} />}
    </div>
  );
}

const pageOf = (event: ValueEvent): string => event.actions.find(({ method }) => method === "GET")?.address ?? "/";

function Leading({ action }: { action: EventAction }) {
  const t = useWords();
  const [to, query = ""] = action.address.split("?");
  return (
    <Button component={Link} to={to} search={parseSearch(query) as never} variant="default">
      {t(`hub.act.${action.name}`)}
    </Button>
  );
}

const NEEDED: Partial<Record<Name, string>> = {
  continue: "approvals.decide", degrade: "approvals.decide", abort: "approvals.decide", expect: "anomalies.write", acknowledge: "alerts.answer",
};

function Acting({ action, ask }: { action: EventAction; ask: (name: Name) => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const failureText = useFailureText();
  const may = useMay(NEEDED[action.name] ?? "");
  const act = useMutation({
    mutationFn: () => request<unknown>(action.address, { method: "POST", json: action.name === "expect" ? { expected: true } : {} }),
    onSuccess: () => queries.invalidateQueries(),
    onError: (error) => notifications.show({ message: failureText(error).detail || failureText(error).title, color: "red" }),
  });
  const isDecision = action.name === "continue" || action.name === "degrade" || action.name === "abort";
  if (!may) return null;
  return (
    <Button variant={action.name === "continue" || action.name === "acknowledge" ? "filled" : "default"} loading={act.isPending} onClick={() => (isDecision ? ask(action.name) : act.mutate())}>
      {t(`hub.act.${action.name}`)}
    </Button>
  );
}

function Elsewhere({ project, to }: { project: string; to: string }) {
  const t = useWords();
  const go = useMutation({ mutationFn: () => switchTo({ project_id: project }, to) });
  return (
    <div className="event-acts">
      <Button variant="default" loading={go.isPending} onClick={() => go.mutate()}>
        {t("hub.act.switch")}
      </Button>
    </div>
  );
}
