/* A light that turns green at the first call of a tool by the key that was made here. */

import { IconCircleCheck, IconLoader } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMay } from "../../api/session";
import { useWords } from "../../i18n/language";
import { firstCallsQuery } from "../shapes";

export function FirstCall({ keyId }: { keyId: string }) {
  const t = useWords();
  const mayRead = useMay("spans.read");
  const calls = useQuery({ ...firstCallsQuery(keyId), enabled: mayRead });
  if (!mayRead) return null;
  const [first] = calls.data ?? [];
  return (
    <div className={first ? "notice good" : "notice information"} role="status" aria-live="polite" data-first-call={first ? "seen" : "waiting"}>
      {first ? <IconCircleCheck size={16} aria-hidden /> : <IconLoader size={16} aria-hidden />}
      <span className="grow">{first ? t("connect.seen", { server: first.server }) : t("connect.waiting")}</span>
      {first && (
        <Link to="/monitor/traces" search={{ from: "-15m" } as never} className="link">
          {t("connect.seeTraces")}
        </Link>
      )}
    </div>
  );
}
