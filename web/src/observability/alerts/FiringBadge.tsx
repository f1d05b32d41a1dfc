/* How many alerts nobody has taken on, beside the page's name in the navigation. */

import { useQuery } from "@tanstack/react-query";
import { useWords } from "../../i18n/language";
import { openAlertsQuery } from "./shapes";

const MOST_SHOWN = 99;

export function FiringBadge() {
  const t = useWords();
  const { data } = useQuery({ ...openAlertsQuery("firing"), refetchInterval: 30_000, retry: false });
  if (!data || data.length === 0) return null;
  return (
    <span className="nav-badge" aria-label={t("alerts.firingCount", { count: data.length })}>
      {data.length > MOST_SHOWN ? `${MOST_SHOWN}+` : data.length}
    </span>
  );
}
