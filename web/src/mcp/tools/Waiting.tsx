/* A call that waits for somebody's word: where it is decided, and what becomes of it. */

import { IconCircleX, IconHourglass } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { formatExact } from "../../format/time";
import { useLanguage } from "../../i18n/language";
import { CopyId } from "../../ui/Values";
import { type GatedCall, gatedCallQuery } from "../shapes";
import { Result } from "./Result";
import { isObject } from "./schema";

export function Waiting({ call }: { call: GatedCall }) {
  const { t, language } = useLanguage();
  const outcome = useQuery(gatedCallQuery(call.id));
  const now = outcome.data ?? call;
  const result = outcome.data?.response?.["result"];
  if (now.state === "done" && isObject(result)) {
    const took = Date.parse(now.ended_at ?? now.created_at) - Date.parse(now.created_at);
    return <Result answer={{ result, is_error: result["isError"] === true, trace_id: now.trace_id }} durationMs={took} />;
  }
  const isOpen = now.state === "waiting" || now.state === "approved" || now.state === "running";
  return (
    <div className={isOpen ? "notice attention" : "notice broken"} role="status" style={{ alignItems: "flex-start" }}>
      {isOpen ? <IconHourglass size={16} aria-hidden /> : <IconCircleX size={16} aria-hidden />}
      <div className="grow">
        <div>{t(`tools.gated.${now.state}`)}{now.note !== "" && ` ${now.note}`}</div>
        <div className="dim"><CopyId id={now.id} />{now.state === "waiting" && <> · {t("tools.until", { time: formatExact(Date.parse(now.expires_at), language).replace(/[.,]\d{3}/, "") })}</>}</div>
      </div>
      {now.state === "waiting" && (
        <Link to="/approvals" className="link">
          {t("tools.decide")}
        </Link>
      )}
    </div>
  );
}
