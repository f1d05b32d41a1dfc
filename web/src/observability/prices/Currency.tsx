/* The currency that amounts are shown in, and the dated rates that an admin sets. Stored is always USD. */

import { ActionIcon, Button, Select, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { currencyQuery, useMay } from "../../api/session";
import type { CurrencySettings } from "../../api/types";
import { useLanguage } from "../../i18n/language";
import { Card } from "../../ui/Page";
import { Failure, FailureNote } from "../../ui/State";

const OFFERED = ["USD", "CNY", "TWD", "EUR", "JPY", "GBP", "HKD", "KRW", "SGD", "INR", "AUD", "CAD", "CHF"];
const IS_RATE = /^\d+(\.\d{1,9})?$/;

export function Currency() {
  const { t } = useLanguage();
  const currency = useQuery(currencyQuery);
  return (
    <Card title={t("currency.title")} hint={t("currency.hint")}>
      {currency.isError ? (
        <Failure error={currency.error} retry={() => void currency.refetch()} />
      ) : (
        currency.data && <Form key={currency.dataUpdatedAt} settings={currency.data} />
      )}
    </Card>
  );
}

function Form({ settings }: { settings: CurrencySettings }) {
  const { t, language } = useLanguage();
  const mayWrite = useMay("settings.write");
  const queries = useQueryClient();
  const [edited, setEdited] = useState(settings);
  const save = useMutation({
    mutationFn: () => request<CurrencySettings>("/api/currency", { method: "PUT", json: edited }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: currencyQuery.queryKey });
      void queries.invalidateQueries({ queryKey: ["usage"] });
    },
  });
  const names = new Intl.DisplayNames(language, { type: "currency" });
  const options = (codes: string[]) => codes.map((code) => ({ value: code, label: `${code} · ${names.of(code) ?? code}` }));
  const used = new Set(edited.rates.map((rate) => rate.currency));
  const hasRate = edited.display === "USD" || used.has(edited.display);
  const isChanged = JSON.stringify(edited) !== JSON.stringify(settings);
  const isValid = edited.rates.every((rate) => IS_RATE.test(rate.rate) && Number(rate.rate) > 0) && hasRate;
  const change = (index: number, part: Partial<CurrencySettings["rates"][number]>) =>
    setEdited({ ...edited, rates: edited.rates.map((rate, at) => (at === index ? { ...rate, ...part } : rate)) });
  const free = OFFERED.filter((code) => code !== "USD" && !used.has(code));
  return (
    <form
      className="stack"
      style={{ gap: 12, maxWidth: 560 }}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Select
        label={t("currency.display")}
        w={260}
        value={edited.display}
        disabled={!mayWrite}
        error={hasRate ? null : t("currency.needsRate")}
        onChange={(display) => setEdited({ ...edited, display: display ?? "USD" })}
        data={options([...new Set([...OFFERED, edited.display])])}
        allowDeselect={false}
        searchable
      />
      {edited.rates.map((rate, index) => (
        <div className="row wrap" key={rate.currency}>
          <span style={{ width: 88 }}>
            1 USD =
          </span>
          <TextInput
            w={112}
            inputMode="decimal"
            aria-label={t("currency.rate", { currency: rate.currency })}
            value={rate.rate}
            disabled={!mayWrite}
            error={!IS_RATE.test(rate.rate)}
            onChange={(event) => change(index, { rate: event.currentTarget.value })}
          />
          <strong style={{ width: 40 }}>{rate.currency}</strong>
          <TextInput type="date" w={144} aria-label={t("currency.date", { currency: rate.currency })} value={rate.date.slice(0, 10)} disabled={!mayWrite} onChange={(event) => change(index, { date: event.currentTarget.value })} />
          {mayWrite && (
            <ActionIcon aria-label={t("currency.remove", { currency: rate.currency })} onClick={() => setEdited({ ...edited, rates: edited.rates.filter((_, at) => at !== index) })}>
              <IconTrash size={14} />
            </ActionIcon>
          )}
        </div>
      ))}
      {save.isError && <FailureNote error={save.error} />}
      {mayWrite && (
        <div className="row wrap">
          <Select
            w={220}
            placeholder={t("currency.add")}
            aria-label={t("currency.add")}
            leftSection={<IconPlus size={14} />}
            value={null}
            data={options(free)}
            onChange={(code) => {
              if (code) setEdited({ ...edited, rates: [...edited.rates, { currency: code, rate: "", date: new Date().toISOString().slice(0, 10) }] });
            }}
            searchable
          />
          <span className="grow" />
          {isChanged && (
            <Button variant="default" onClick={() => setEdited(settings)}>
              {t("act.cancel")}
            </Button>
          )}
          <Button type="submit" loading={save.isPending} disabled={!isChanged || !isValid}>
            {t("views.save")}
          </Button>
        </div>
      )}
    </form>
  );
}
