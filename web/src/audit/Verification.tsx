/* What the last verification found, and how far the running one is. */

import { Button, Progress, Skeleton } from "@mantine/core";
import { IconCircleCheck, IconCircleDashed, IconCircleX, IconShieldCheck } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { request } from "../api/client";
import { sessionQuery } from "../api/session";
import { formatCount } from "../format/number";
import { type Translate, useLanguage, useWords } from "../i18n/language";
import { useAddress } from "../shell/address";
import { Card } from "../ui/Page";
import { Snippet } from "../ui/Snippet";
import { Failure, FailureNote } from "../ui/State";
import { Ago } from "../ui/Values";
import { type Chain, type Report, roomOf, type Verification, verificationQuery } from "./shapes";

const FAULTS = ["edited", "deleted", "swapped", "cut", "rechained", "forged_anchor", "missing_anchor", "unrecorded_erasure", "head", "unfinished"] as const;

function faultText(fault: string, t: Translate): string {
  const known = FAULTS.find((each) => each === fault);
  return known ? t(`audit.fault.${known}`) : fault;
}

export function VerificationCard({ chain }: { chain: Chain }) {
  const t = useWords();
  const queries = useQueryClient();
  const { queryKey } = verificationQuery(chain);
  const verification = useQuery(verificationQuery(chain));
  const run = useMutation({
    mutationFn: () => request<Report>(`${roomOf(chain)}/verification`, { method: "POST", json: { chain: "" } }),
    onSuccess: (report) => queries.setQueryData(queryKey, report),
  });
  const found = verification.data;
  const isRunning = found?.items.some((each) => each.is_running) ?? false;
  return (
    <Card
      title={t("audit.verification")}
      hint={t("audit.verificationHint")}
      acts={
        <Button variant="default" leftSection={<IconShieldCheck size={14} />} loading={run.isPending} disabled={isRunning} onClick={() => run.mutate()}>
          {t("audit.verify")}
        </Button>
      }
    >
      {verification.isError && !found && <Failure error={verification.error} retry={() => void verification.refetch()} />}
      {verification.isPending && <Skeleton height={20} />}
      {run.isError && <FailureNote error={run.error} />}
      {found && (
        <div className="verified">
          {found.items.length === 0 && (
            <div className="verified-chain">
              <IconCircleDashed size={18} className="faint" aria-hidden />
              <span>{t("audit.neverVerified")}</span>
            </div>
          )}
          {found.items.map((one) => (
            <OneChain key={one.chain} one={one} named={chain === "hub"} />
          ))}
          <details className="verified-where">
            <summary className="link">{t("audit.proof")}</summary>
            <div className="stack" style={{ gap: 8, marginTop: 8 }}>
              <span className="dim">{t("audit.anchorsAt")} <span className="mono">{found.anchors_at}</span></span>
              <Snippet label={t("audit.publicKey")} text={found.public_key.trim()} />
            </div>
          </details>
        </div>
      )}
    </Card>
  );
}

function OneChain({ one, named }: { one: Verification; named: boolean }) {
  const { t, language } = useLanguage();
  const { set } = useAddress();
  const session = useQuery(sessionQuery);
  const name = one.chain === "hub" ? t("level.hub") : session.data?.team.id === one.chain ? session.data.team.name : one.chain;
  const isWhole = one.fault === "" && one.checked_at !== null;
  return (
    <div data-verification={one.chain} role="status">
      <div className="verified-chain">
        {one.checked_at === null ? <IconCircleDashed size={18} className="faint" aria-hidden /> : isWhole ? <IconCircleCheck size={18} className="good" aria-hidden /> : <IconCircleX size={18} className="broken" aria-hidden />}
        {named && <strong style={{ fontWeight: 500 }}>{name}</strong>}
        {one.checked_at === null ? (
          <span>{t("audit.neverVerified")}</span>
        ) : (
          <>
            <span className={isWhole ? "good" : "broken"} style={{ fontWeight: 500 }}>{isWhole ? t("audit.whole") : faultText(one.fault, t)}</span>
            <span className="dim">
              {t("audit.checked", { entries: formatCount(one.entries, language), anchors: formatCount(one.anchors, language) })} · <Ago at={one.checked_at} />
              {one.erased > 0 && ` · ${t("audit.erasedCount", { count: one.erased })}`}
            </span>
            {one.bad_id !== null && one.bad_id !== "" && (
              <button type="button" className="link" onClick={() => set({ entry: one.bad_id ?? undefined })}>
                {t("audit.firstBad", { number: one.bad_seq ?? 0 })}
              </button>
            )}
          </>
        )}
      </div>
      {!isWhole && one.message !== "" && <div className="dim" style={{ marginTop: 4, overflowWrap: "anywhere" }}>{one.message}</div>}
      {one.is_running && (
        <div style={{ marginTop: 8 }}>
          <Progress value={one.total > 0 ? (100 * one.walked) / one.total : 0} aria-label={t("audit.verifying")} />
          <div className="dim" style={{ marginTop: 4, fontSize: 12 }}>{t("audit.progress", { walked: formatCount(one.walked, language), total: formatCount(one.total, language) })}</div>
        </div>
      )}
    </div>
  );
}
