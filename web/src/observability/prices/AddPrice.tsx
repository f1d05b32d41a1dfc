/* A price of one's own: for a model that nobody lists, or one that was agreed at another price. */

import { Button, Modal, Select, Textarea, TextInput } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { currencyQuery } from "../../api/session";
import type { CustomPrice, PriceBucket } from "../../api/types";
import { useWords } from "../../i18n/language";
import { FailureNote } from "../../ui/State";
import { BUCKETS } from "./queries";

interface AddPriceProps {
  model: string;
  provider: string;
  close: () => void;
  onRerate: () => void;
}

const IS_AMOUNT = /^\d+(\.\d{1,9})?$/;

export function AddPrice({ model: givenModel, provider: givenProvider, close, onRerate }: AddPriceProps) {
  const t = useWords();
  const queries = useQueryClient();
  const currencies = useQuery(currencyQuery);
  const [model, setModel] = useState(givenModel);
  const [provider, setProvider] = useState(givenProvider);
  const [validFrom, setValidFrom] = useState("2020-01-01");
  const [currency, setCurrency] = useState("USD");
  const [note, setNote] = useState("");
  const [amounts, setAmounts] = useState<Partial<Record<PriceBucket, string>>>({});
  const add = useMutation({
    mutationFn: () =>
      request<CustomPrice>("/api/prices", {
        method: "POST",
        json: {
          provider: provider.trim(), model: model.trim(), valid_from: `${validFrom}T00:00:00Z`, currency, note: note.trim(),
          prices: Object.fromEntries(BUCKETS.map((bucket) => [bucket, amounts[bucket]?.trim() || null])),
        },
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["prices"] }),
  });
  const isWrong = (bucket: PriceBucket) => {
    const text = amounts[bucket]?.trim() ?? "";
    return text !== "" && !IS_AMOUNT.test(text);
  };
  const hasAmount = BUCKETS.some((bucket) => (amounts[bucket]?.trim() ?? "") !== "");
  if (add.isSuccess) {
    return (
      <Modal opened onClose={close} title={t("prices.addedTitle")} closeButtonProps={{ "aria-label": t("act.close") }}>
        <div className="stack">
          <div className="notice good" role="status">
            <IconCircleCheck size={16} aria-hidden />
            <span className="grow">{t("prices.addedText", { model: add.data.model })}</span>
          </div>
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <Button variant="default" onClick={close}>
              {t("act.close")}
            </Button>
            <Button
              onClick={() => {
                close();
                onRerate();
              }}
            >
              {t("rerate.open")}
            </Button>
          </div>
        </div>
      </Modal>
    );
  }
  return (
    <Modal opened onClose={close} title={t("unpriced.add")} size={560} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <div className="columns" style={{ gap: 12, "--least": "200px" } as React.CSSProperties}>
          <TextInput data-autofocus required maxLength={200} label={t("dimension.model")} description={t("prices.pattern")} value={model} onChange={(event) => setModel(event.currentTarget.value)} />
          <TextInput maxLength={100} label={t("dimension.provider")} description={t("prices.providerHint")} value={provider} onChange={(event) => setProvider(event.currentTarget.value)} />
          <TextInput required type="date" label={t("prices.validFrom")} value={validFrom} onChange={(event) => setValidFrom(event.currentTarget.value)} />
          <Select
            label={t("prices.currency")}
            value={currency}
            onChange={(next) => setCurrency(next ?? "USD")}
            data={["USD", ...(currencies.data?.rates.map((rate) => rate.currency) ?? []).filter((each) => each !== "USD")]}
            allowDeselect={false}
          />
        </div>
        <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
          <legend style={{ padding: 0, marginBottom: 8, fontWeight: 500 }}>{t("prices.perMillion")}</legend>
          <div className="columns" style={{ gap: 12, "--least": "150px" } as React.CSSProperties}>
            {BUCKETS.map((bucket) => (
              <TextInput
                key={bucket}
                label={t(`price.${bucket}`)}
                inputMode="decimal"
                placeholder="–"
                value={amounts[bucket] ?? ""}
                error={isWrong(bucket) ? t("prices.notAmount") : null}
                onChange={(event) => setAmounts({ ...amounts, [bucket]: event.currentTarget.value })}
              />
            ))}
          </div>
        </fieldset>
        <Textarea maxLength={500} autosize minRows={1} label={t("prices.note")} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
        {add.isError && <FailureNote error={add.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>
            {t("act.cancel")}
          </Button>
          <Button type="submit" loading={add.isPending} disabled={model.trim() === "" || !hasAmount || BUCKETS.some(isWrong)}>
            {t("unpriced.add")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
