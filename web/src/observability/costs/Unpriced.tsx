/* Calls whose cost nobody knows: never free, always listed, each with the way to a price. */

import { Button } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { address, request } from "../../api/client";
import { useMay } from "../../api/session";
import type { UnpricedItem } from "../../api/types";
import { formatCompact, formatCount } from "../../format/number";
import { useLanguage } from "../../i18n/language";
import { keepRange, type Search, useAddress } from "../../shell/address";
import { type Column, DataTable } from "../../ui/DataTable";
import { Card } from "../../ui/Page";
import { State } from "../../ui/State";
import { Ago } from "../../ui/Values";

export function Unpriced() {
  const { t, language } = useLanguage();
  const { range } = useAddress();
  const mayPrice = useMay("prices.write");
  const unpriced = useQuery({
    queryKey: ["unpriced", range],
    queryFn: ({ signal }) => request<{ items: UnpricedItem[] }>(address("/api/usage/unpriced", { ...range }), { signal }),
  });
  const place = useRef<HTMLDivElement>(null);
  const isLoaded = unpriced.data !== undefined;
  useEffect(() => {
    if (isLoaded && window.location.hash === "#unpriced") place.current?.scrollIntoView({ block: "center" });
  }, [isLoaded]);

  const columns: Column<UnpricedItem>[] = [
    {
      key: "model",
      title: t("dimension.model"),
      cell: (row) => (
        <div style={{ minWidth: 0 }}>
          <div className="cell-cut" style={{ fontWeight: 500 }}>{row.model || t("value.none")}</div>
          <div className="dim" style={{ fontSize: 12, lineHeight: "16px" }}>
            {row.provider} · {row.reason === "no_usage" ? t("unpriced.reason.noUsage") : t("unpriced.reason.unknownModel")}
          </div>
        </div>
      ),
    },
    { key: "calls", title: t("metric.calls"), align: "right", cell: (row) => formatCount(row.calls, language) },
    { key: "tokens", title: t("metric.tokens"), align: "right", cell: (row) => formatCompact(row.input_tokens + row.output_tokens, language) },
    { key: "seen", title: t("unpriced.lastSeen"), cell: (row) => <span className="dim"><Ago at={row.last_seen} /></span> },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) =>
        mayPrice && row.reason !== "no_usage" ? (
          <Button component={Link} to="/costs/prices" search={((search: Search) => ({ ...keepRange(search), provider: row.provider, add: row.model })) as never} variant="default">
            {t("unpriced.add")}
          </Button>
        ) : null,
    },
  ];
  return (
    <div ref={place} id="unpriced">
      <Card bare title={t("unpriced.title")} hint={t("unpriced.hint")}>
        <DataTable
          name="unpriced"
          rows={unpriced.data?.items}
          columns={columns}
          rowKey={(row) => `${row.provider}/${row.model}/${row.reason}`}
          error={unpriced.error}
          retry={() => void unpriced.refetch()}
          empty={<State icon={IconCircleCheck} title={t("unpriced.none")} />}
        />
      </Card>
    </div>
  );
}
