/* Approvals: what waits for somebody's word, and what became of the rest. */

import { Button, SegmentedControl, Skeleton } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconClockX, IconHourglass, IconSearchOff, IconUserCheck, type IconProps } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { type ComponentType, useState } from "react";
import { sessionQuery, useMay } from "../api/session";
import { formatExact } from "../format/time";
import { useLanguage, useWords } from "../i18n/language";
import { useProjects } from "../secrets/projects";
import { useAddress } from "../shell/address";
import { Card, Page } from "../ui/Page";
import { SearchField } from "../ui/SearchField";
import { Failure, State } from "../ui/State";
import { Ago, CopyId } from "../ui/Values";
import { Decide, type Verb } from "./Decide";
import { fieldsOf } from "./proposed";
import { type Approval, approvalsQuery } from "./shapes";
import "./approvals.css";

const STATES: Record<Approval["state"], { tone: string; icon: ComponentType<IconProps> }> = {
  open: { tone: "attention", icon: IconHourglass },
  approved: { tone: "good", icon: IconCircleCheck },
  refused: { tone: "broken", icon: IconCircleX },
  expired: { tone: "", icon: IconClockX },
  withdrawn: { tone: "", icon: IconCircleX },
};

export default function ApprovalsPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const isOpen = value("show") !== "decided";
  const approvals = useInfiniteQuery(approvalsQuery(isOpen));
  const [deciding, setDeciding] = useState<{ approval: Approval; verb: Verb } | null>(null);
  const text = value("q").toLowerCase();
  const all = approvals.data?.pages.flatMap((page) => page.items).filter((each) => isOpen || each.state !== "open");
  const found = all?.filter((each) => [each.title, each.kind, each.asked_by.name, JSON.stringify(each.proposed)].join("\n").toLowerCase().includes(text));
  return (
    <Page title={t("nav.approvals")} text={t("approvals.pageText")}>
      <div className="filters">
        <SegmentedControl
          aria-label={t("approvals.show")}
          value={isOpen ? "waiting" : "decided"}
          onChange={(next) => set({ show: next === "decided" ? next : undefined })}
          data={[
            { value: "waiting", label: t("approvals.waiting") },
            { value: "decided", label: t("approvals.decided") },
          ]}
        />
        <SearchField label={t("approvals.search")} width={248} />
      </div>
      <Card bare>
        {approvals.isError && !found && <Failure error={approvals.error} retry={() => void approvals.refetch()} />}
        {approvals.isPending && <Skeleton height={96} m={16} w="auto" />}
        {found?.length === 0 && text !== "" && <State icon={IconSearchOff} title={t("settings.nothing")} text={t("settings.nothingText")} />}
        {found?.length === 0 && text === "" && <State icon={IconUserCheck} title={t(isOpen ? "approvals.empty" : "approvals.emptyDecided")} text={t("approvals.emptyText")} />}
        {found?.map((approval) => (
          <Request key={approval.id} approval={approval} decide={(verb) => setDeciding({ approval, verb })} />
        ))}
        {approvals.hasNextPage && (
          <div className="table-foot">
            <Button variant="default" loading={approvals.isFetchingNextPage} onClick={() => void approvals.fetchNextPage()}>
              {t("traces.more")}
            </Button>
          </div>
        )}
      </Card>
      {deciding && <Decide {...deciding} close={() => setDeciding(null)} />}
    </Page>
  );
}

function Request({ approval, decide }: { approval: Approval; decide: (verb: Verb) => void }) {
  const { t, language } = useLanguage();
  const session = useQuery(sessionQuery);
  const mayDecide = useMay("approvals.decide") && approval.may_decide;
  const projects = useProjects();
  const isMine = session.data?.user != null && approval.asked_by.person === session.data.user.id;
  const { tone, icon: Icon } = STATES[approval.state];
  const isOpen = approval.state === "open";
  const { rule } = approval;
  const agreed = approval.votes.filter((vote) => vote.decision === "approve").length;
  return (
    <article className="approval" aria-label={approval.title} data-approval={approval.id}>
      <div style={{ minWidth: 0 }}>
        <div className="approval-head">
          <h3>{approval.title}</h3>
          <span className={`mark ${tone}`}>
            <Icon size={12} aria-hidden />
            {t(`approvals.state.${approval.state}`)}
          </span>
          {rule.persons > 1 && <span className="mark">{t("approvals.persons", { agreed, persons: rule.persons })}</span>}
          {rule.needs_fresh_factor && isOpen && <span className="mark">{t("approvals.factor")}</span>}
        </div>
        <div className="dim">
          {t("approvals.askedBy", { name: approval.asked_by.name })} · <Ago at={approval.created_at} />
          {isOpen && <> · {t(approval.on_expiry === "allow" ? "approvals.expiresAllow" : "approvals.expiresDeny", { time: formatExact(Date.parse(approval.expires_at), language).replace(/[.,]\d{3}/, "") })}</>}
        </div>
        <dl className="pairs approval-proposed">
          {fieldsOf(approval.proposed, t, projects.names).map(({ key, title, text }) => (
            <div key={key} style={{ display: "contents" }}>
              <dt>{title}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
        {(approval.votes.length > 0 || approval.note !== "") && (
          <ul className="approval-votes">
            {approval.votes.map((vote) => (
              <li key={vote.person}>
                <span className={vote.decision === "approve" ? "good" : "broken"}>{t(`approvals.voted.${vote.decision}`, { name: vote.name })}</span> <span className="dim">· <Ago at={vote.at} /></span>
                {vote.note !== "" && <div>{vote.note}</div>}
              </li>
            ))}
            {approval.note !== "" && <li className="dim">{approval.note}</li>}
          </ul>
        )}
        <div style={{ marginTop: 4 }}>
          <CopyId id={approval.id} />
        </div>
      </div>
      <div className="approval-acts">
        {isOpen && mayDecide && (
          <>
            <Button onClick={() => decide("approve")}>{t("approvals.approve")}</Button>
            <Button variant="default" onClick={() => decide("refuse")}>
              {t("approvals.refuse")}
            </Button>
          </>
        )}
        {isOpen && isMine && (
          <Button variant="default" onClick={() => decide("withdraw")}>
            {t("approvals.withdraw")}
          </Button>
        )}
        {isOpen && isMine && !mayDecide && <span className="dim" style={{ flexBasis: "100%", fontSize: 12 }}>{t("approvals.needsOther")}</span>}
      </div>
    </article>
  );
}
