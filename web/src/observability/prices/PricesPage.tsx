/* Prices: what a token costs, where that is known from, and what this team agreed instead. */

import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconFileImport, IconPlus, IconReceipt2, IconRefreshDot, IconSearchOff } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { useMay } from "../../api/session";
import type { CustomPrice, ListedPrice, PriceList } from "../../api/types";
import { formatMoney } from "../../format/money";
import { formatCount } from "../../format/number";
import { formatDate } from "../../format/time";
import { useLanguage, useWords } from "../../i18n/language";
import { useAddress } from "../../shell/address";
import { ConfirmByName } from "../../ui/ConfirmByName";
import { type Column, ColumnChooser, DataTable } from "../../ui/DataTable";
import { Card, Page } from "../../ui/Page";
import { SearchField } from "../../ui/SearchField";
import { State } from "../../ui/State";
import { Ago } from "../../ui/Values";
import { AddPrice } from "./AddPrice";
import { Currency } from "./Currency";
import { ImportPrices } from "./ImportPrices";
import { BUCKETS, pricesQuery } from "./queries";
import { Rerate } from "./Rerate";

const STEP = 100;
const OLD_DAYS = 60;

export default function PricesPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const mayWrite = useMay("prices.write");
  const [limit, setLimit] = useState(STEP);
  const prices = useQuery(pricesQuery(value("q"), "", limit));
  const [isImporting, importing] = useDisclosure(false);
  const [isRerating, rerating] = useDisclosure(false);
  // `add` may name a model, or be there without one.
  const adding = value("add");
  return (
    <Page
      title={t("nav.prices")}
      text={prices.data && <DataAge prices={prices.data} mayWrite={mayWrite} />}
      acts={
        mayWrite && (
          <>
            <Button variant="default" leftSection={<IconFileImport size={14} />} onClick={importing.open}>
              {t("prices.import")}
            </Button>
            <Button variant="default" leftSection={<IconRefreshDot size={14} />} onClick={rerating.open}>
              {t("rerate.open")}
            </Button>
            <Button leftSection={<IconPlus size={14} />} onClick={() => set({ add: "*" })}>
              {t("unpriced.add")}
            </Button>
          </>
        )
      }
    >
      <CustomPrices prices={prices.data} error={prices.error} retry={() => void prices.refetch()} mayWrite={mayWrite} />
      <ListedPrices prices={prices.data} error={prices.error} retry={() => void prices.refetch()} more={() => setLimit(limit + STEP)} />
      <Currency />
      {adding !== "" && (
        <AddPrice
          model={adding === "*" ? "" : adding}
          provider={value("provider")}
          close={() => set({ add: undefined, provider: undefined }, { replace: true })}
          onRerate={rerating.open}
        />
      )}
      <ImportPrices opened={isImporting} close={importing.close} />
      {isRerating && <Rerate close={rerating.close} />}
    </Page>
  );
}

function DataAge({ prices, mayWrite }: { prices: PriceList; mayWrite: boolean }) {
  const { t, language } = useLanguage();
  const queries = useQueryClient();
  const forget = useMutation({
    mutationFn: () => request<unknown>("/api/prices/import", { method: "DELETE" }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["prices"] }),
  });
  const { data } = prices;
  const date = Date.parse(data.date);
  return (
    <span className="row wrap" style={{ gap: 8 }}>
      {t("prices.from", { source: data.source, version: data.version })}
      {!Number.isNaN(date) && (
        <span className={data.age_days > OLD_DAYS ? "mark attention" : "mark"} title={formatDate(date, language)}>
          {t("prices.age", { count: data.age_days })}
        </span>
      )}
      {data.imported && <span className="mark information">{t("prices.imported")}</span>}
      {data.imported && mayWrite && (
        <button type="button" className="link" disabled={forget.isPending} onClick={() => forget.mutate()}>
          {t("prices.bundled")}
        </button>
      )}
    </span>
  );
}

interface ListProps {
  prices: PriceList | undefined;
  error: unknown;
  retry: () => void;
}

function CustomPrices({ prices, error, retry, mayWrite }: ListProps & { mayWrite: boolean }) {
  const { t, language } = useLanguage();
  const { set } = useAddress();
  const queries = useQueryClient();
  const [leaving, setLeaving] = useState<CustomPrice | null>(null);
  const remove = useMutation({
    mutationFn: (price: CustomPrice) => request<undefined>(`/api/prices/${price.id}`, { method: "DELETE" }),
    onSuccess: () => {
      setLeaving(null);
      return queries.invalidateQueries({ queryKey: ["prices"] });
    },
  });
  const columns: Column<CustomPrice>[] = [
    {
      key: "model",
      title: t("dimension.model"),
      cell: (row) => (
        <div style={{ minWidth: 0 }}>
          <div className="cell-cut" style={{ fontWeight: 500 }}>{row.model}</div>
          <div className="dim cell-cut" style={{ fontSize: 12, lineHeight: "16px" }}>{[row.provider || t("prices.anyProvider"), row.note].filter(Boolean).join(" · ")}</div>
        </div>
      ),
    },
    { key: "from", title: t("prices.validFrom"), cell: (row) => <span className="dim">{formatDate(Date.parse(row.valid_from), language)}</span> },
    ...BUCKETS.map((bucket): Column<CustomPrice> => ({
      key: bucket,
      title: t(`price.${bucket}`),
      align: "right",
      optional: bucket === "cache_write_1h" || bucket === "input_audio" || bucket === "output_audio",
      cell: (row) => <Price amount={row.prices[bucket] ?? null} currency={row.currency} />,
    })),
    { key: "by", title: t("prices.added"), cell: (row) => <span className="dim"><Ago at={row.created_at} /></span> },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) =>
        mayWrite ? (
          <Button variant="subtle" color="red" onClick={() => setLeaving(row)} aria-label={`${t("prices.remove")} ${row.model}`}>
            {t("prices.remove")}
          </Button>
        ) : null,
    },
  ];
  return (
    <Card bare title={t("prices.own")} hint={t("prices.ownHint")} acts={<ColumnChooser name="own-prices" columns={columns} />}>
      <DataTable
        name="own-prices"
        rows={prices?.custom}
        columns={columns}
        rowKey={(row) => row.id}
        error={error}
        retry={retry}
        empty={
          <State icon={IconReceipt2} title={t("prices.ownEmpty")} text={t("prices.ownEmptyText")}>
            {mayWrite && (
              <Button variant="default" onClick={() => set({ add: "*" })}>
                {t("unpriced.add")}
              </Button>
            )}
          </State>
        }
      />
      {leaving && (
        <ConfirmByName
          title={t("prices.removeTitle", { model: leaving.model })}
          text={t("prices.removeText")}
          name={leaving.model}
          act={t("prices.remove")}
          pending={remove.isPending}
          error={remove.error}
          confirm={() => remove.mutate(leaving)}
          close={() => setLeaving(null)}
        />
      )}
    </Card>
  );
}

function ListedPrices({ prices, error, retry, more }: ListProps & { more: () => void }) {
  const { t, language } = useLanguage();
  const price = (key: string, title: string, read: (row: ListedPrice) => string | null, optional = false): Column<ListedPrice> => ({
    key, title, optional, align: "right", order: (row) => Number(read(row) ?? -1), cell: (row) => <Price amount={read(row)} currency="USD" />,
  });
  const columns: Column<ListedPrice>[] = [
    {
      key: "model",
      title: t("dimension.model"),
      order: (row) => row.model,
      cell: (row) => (
        <span className="row">
          <span className="cell-cut" style={{ fontWeight: 500 }} title={row.name}>{row.model}</span>
          {row.tiered && <span className="mark" title={t("prices.tieredText")}>{t("prices.tiered")}</span>}
        </span>
      ),
    },
    { key: "provider", title: t("dimension.provider"), order: (row) => row.provider, cell: (row) => <span className="dim">{row.provider}</span> },
    price("input", t("price.input"), (row) => row.input),
    price("cache_read", t("price.cache_read"), (row) => row.cache_read),
    price("cache_write", t("price.cache_write_5m"), (row) => row.cache_write),
    price("cache_write_1h", t("price.cache_write_1h"), (row) => row.cache_write_1h, true),
    price("output", t("price.output"), (row) => row.output),
    price("input_audio", t("price.input_audio"), (row) => row.input_audio, true),
    price("output_audio", t("price.output_audio"), (row) => row.output_audio, true),
    {
      key: "context",
      title: t("prices.context"),
      align: "right",
      order: (row) => row.context_window ?? 0,
      cell: (row) => (row.context_window === null ? <span className="faint">–</span> : new Intl.NumberFormat(language, { notation: "compact" }).format(row.context_window)),
    },
  ];
  return (
    <Card
      bare
      title={t("prices.list")}
      hint={t("prices.perMillion")}
      acts={
        <>
          <SearchField label={t("prices.search")} width={220} />
          <ColumnChooser name="prices" columns={columns} />
        </>
      }
    >
      <DataTable
        name="prices"
        rows={prices?.items}
        columns={columns}
        rowKey={(row) => `${row.provider}/${row.model}`}
        error={error}
        retry={retry}
        empty={<State icon={IconSearchOff} title={t("prices.nothing")} text={t("prices.nothingText")} />}
        foot={
          prices && (
            <>
              <span>{t("prices.shown", { shown: formatCount(prices.items.length, language), count: prices.total })}</span>
              <span className="grow" />
              {prices.items.length < prices.total && (
                <Button variant="default" onClick={more}>
                  {t("traces.more")}
                </Button>
              )}
            </>
          )
        }
      />
    </Card>
  );
}

function Price({ amount, currency }: { amount: string | null; currency: string }) {
  const { language } = useLanguage();
  if (amount === null) return <span className="faint">–</span>;
  return <span title={`${amount} ${currency}`}>{formatMoney(amount, currency, language)}</span>;
}
