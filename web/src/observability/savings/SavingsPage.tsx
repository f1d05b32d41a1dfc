/* Savings: what the tokens of last month would have cost by a cheaper model, from a cache, or in batches. */

import { TextInput } from "@mantine/core";
import { IconPigMoney } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { address, request } from "../../api/client";
import type { Saving, SavingsFound } from "../../api/types";
import { formatMoney } from "../../format/money";
import { formatCount, formatShare } from "../../format/number";
import { formatDate } from "../../format/time";
import { useLanguage } from "../../i18n/language";
import { useAddress } from "../../shell/address";
import { type Column, ColumnChooser, DataTable } from "../../ui/DataTable";
import { Figure, Figures } from "../../ui/Figures";
import { Card, Page } from "../../ui/Page";
import { State } from "../../ui/State";
import { Money } from "../../ui/Values";

const DEFAULT_SHARE = "50";
const DEFAULT_READS = "10";

export default function SavingsPage() {
  const { t, language } = useLanguage();
  const { value, set } = useAddress();
  const share = value("share") || DEFAULT_SHARE;
  const reads = value("reads") || DEFAULT_READS;
  const target = value("to_model");
  const savings = useQuery({
    queryKey: ["savings", share, reads, target],
    queryFn: ({ signal }) => request<SavingsFound>(address("/api/savings", { share_percent: share, reads_per_write: reads, to_model: target }), { signal }),
    placeholderData: keepPreviousData,
  });
  const found = savings.data;
  const currency = found?.currency ?? "USD";
  const best = found?.items[0];
  const columns: Column<Saving>[] = [
    {
      key: "model",
      title: t("dimension.model"),
      order: (row) => row.model,
      cell: (row) => (
        <div style={{ minWidth: 0 }}>
          <div className="cell-cut" style={{ fontWeight: 500 }}>{row.model}</div>
          <div className="dim cell-cut" style={{ fontSize: 12, lineHeight: "16px" }}>{row.provider}</div>
        </div>
      ),
    },
    { key: "way", title: t("savings.way"), order: (row) => row.way, cell: (row) => (row.way === "model" ? t("savings.toModel", { model: row.to_model }) : t(`savings.way.${row.way}`)) },
    { key: "calls", title: t("metric.calls"), align: "right", order: (row) => row.calls, cell: (row) => formatCount(row.calls, language) },
    { key: "cost", title: t("savings.charged"), align: "right", order: (row) => Number(row.cost), cell: (row) => <Money amount={row.cost} currency={currency} /> },
    { key: "priced", title: t("savings.priced"), align: "right", optional: true, order: (row) => Number(row.priced), cell: (row) => <Money amount={row.priced} currency={currency} /> },
    { key: "saved", title: t("savings.saved"), align: "right", order: (row) => Number(row.saved), cell: (row) => <Money amount={row.saved} currency={currency} /> },
    { key: "part", title: t("savings.part"), align: "right", order: (row) => Number(row.saved) / Number(row.priced), cell: (row) => formatShare(Number(row.saved), Number(row.priced), language) },
  ];
  return (
    <Page title={t("nav.savings")} text={t("savings.text")}>
      <div className="filters">
        <Percent label={t("savings.share")} value={share} suffix="%" onChange={(next) => set({ share: next })} />
        <Percent label={t("savings.reads")} value={reads} onChange={(next) => set({ reads: next })} />
        <TextInput
          aria-label={t("savings.target")}
          placeholder={t("savings.target")}
          w={220}
          defaultValue={target}
          onBlur={(event) => set({ to_model: event.currentTarget.value.trim() || undefined })}
          onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
        />
      </div>
      <Figures>
        <Figure
          name={t("savings.spent")}
          pending={!found}
          value={found && <Money amount={found.cost} currency={currency} />}
          note={found && `${formatDate(Date.parse(found.from), language)} – ${formatDate(Date.parse(found.to) - 1, language)}`}
        />
        <Figure
          name={t("savings.best")}
          pending={!found}
          value={best ? formatMoney(best.saved, currency, language) : "–"}
          note={best && (best.way === "model" ? `${best.model} → ${best.to_model}` : `${best.model}: ${t(`savings.way.${best.way}`)}`)}
        />
      </Figures>
      <Card bare title={t("savings.list")} hint={t("savings.hint")} acts={<ColumnChooser name="savings" columns={columns} />}>
        <DataTable
          name="savings"
          rows={found?.items}
          columns={columns}
          rowKey={(row) => `${row.provider}/${row.model}/${row.way}/${row.to_provider}/${row.to_model}`}
          error={savings.error}
          retry={() => void savings.refetch()}
          empty={<State icon={IconPigMoney} title={t("savings.none")} text={t("savings.noneText")} />}
        />
      </Card>
    </Page>
  );
}

interface PercentProps {
  label: string;
  value: string;
  suffix?: string;
  onChange: (next: string | undefined) => void;
}
function Percent({ label, value, suffix, onChange }: PercentProps) {
  return (
    <TextInput
      aria-label={label}
      inputMode="decimal"
      leftSectionWidth={150}
      leftSection={<span className="dim" style={{ fontSize: 12 }}>{label}</span>}
      rightSection={suffix}
      w={240}
      defaultValue={value}
      onBlur={(event) => onChange(event.currentTarget.value.replaceAll(/[^\d.]/g, "") || undefined)}
      onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
    />
  );
}
