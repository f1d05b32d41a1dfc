/* A budget made or changed. What it counts is fixed once it is made; its terms are not. */

import { ActionIcon, Button, Modal, Select, Switch, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import type { Budget } from "../../api/types";
import { useWords } from "../../i18n/language";
import { dimensionName } from "../../ui/Filters";
import { FailureNote } from "../../ui/State";
import { CONDITIONS, PERIODS, type Unit, UNITS } from "./amounts";
import { budgetsQuery } from "./queries";

const IS_AMOUNT = /^\d+(\.\d{1,9})?$/;
const DAY_S = 86_400;

interface Condition {
  dimension: string;
  value: string;
}

interface Draft {
  name: string;
  limit: string;
  unit: Unit;
  of: Budget["of"];
  per: string;
  period: Budget["period"];
  days: string;
  hard: boolean;
  status: string;
  thresholds: string;
  unpriced: Budget["unpriced"];
  fallback: string;
  conditions: Condition[];
}

function draftOf(budget: Budget | null): Draft {
  return {
    name: budget?.name ?? "",
    limit: budget ? String(Number(budget.limit)) : "",
    unit: budget?.unit ?? "money",
    of: budget?.of ?? "project",
    per: budget?.per ?? "",
    period: budget?.period ?? "month",
    days: String((budget?.rolling_s || 30 * DAY_S) / DAY_S),
    hard: budget?.hard ?? true,
    status: String(budget?.status ?? 429),
    thresholds: (budget?.thresholds ?? [50, 80, 100]).join(", "),
    unpriced: budget?.unpriced ?? "allow",
    fallback: budget && Number(budget.fallback_price) > 0 ? String(Number(budget.fallback_price)) : "",
    conditions: Object.entries(budget?.matches ?? {}).map(([dimension, value]) => ({ dimension, value })),
  };
}

const thresholdsOf = (text: string) => text.split(/[\s,;%]+/).filter(Boolean).map(Number);

/** What is sent; the parts that are fixed only for a new one. */
function wishOf(draft: Draft, budget: Budget | null): Record<string, unknown> {
  const isMoney = draft.unit === "money";
  const terms = {
    name: draft.name.trim(),
    limit: draft.limit.trim(),
    hard: draft.hard,
    status: isMoney ? Number(draft.status) : 429,
    thresholds: thresholdsOf(draft.thresholds),
    unpriced: isMoney ? draft.unpriced : "allow",
    fallback_price: isMoney && draft.unpriced === "price" ? draft.fallback.trim() : "0",
  };
  if (budget) return { ...terms, version: budget.version };
  return {
    ...terms,
    of: draft.of,
    unit: draft.unit,
    per: draft.per,
    period: draft.period,
    rolling_s: draft.period === "rolling" ? Math.round(Number(draft.days) * DAY_S) : 0,
    matches: Object.fromEntries(draft.conditions.filter(({ value }) => value.trim() !== "").map(({ dimension, value }) => [dimension.trim(), value.trim()])),
  };
}

export function BudgetForm({ budget, mayWriteInTeam, close }: { budget: Budget | null; mayWriteInTeam: boolean; close: () => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(budget));
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const save = useMutation({
    mutationFn: () => request<Budget>(budget ? `/api/budgets/${budget.id}` : "/api/budgets", { method: budget ? "PUT" : "POST", json: wishOf(draft, budget) }),
    onSuccess: () => {
      close();
      return queries.invalidateQueries({ queryKey: budgetsQuery.queryKey });
    },
  });
  const isFixed = budget !== null;
  const isAmount = IS_AMOUNT.test(draft.limit.trim());
  const areThresholds = thresholdsOf(draft.thresholds).every((each) => Number.isInteger(each) && each > 0);
  const isMoney = draft.unit === "money";
  return (
    <Modal opened onClose={close} title={t(isFixed ? "budgets.edit" : "budgets.add")} size={600} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextInput data-autofocus required maxLength={120} label={t("budgets.name")} value={draft.name} onChange={(event) => change({ name: event.currentTarget.value })} />
        <div className="columns" style={{ gap: 12, "--least": "160px" } as React.CSSProperties}>
          <TextInput required inputMode="decimal" label={t("budgets.limit")} value={draft.limit} error={draft.limit !== "" && !isAmount ? t("prices.notAmount") : null} onChange={(event) => change({ limit: event.currentTarget.value })} />
          <Select label={t("budgets.unit")} disabled={isFixed} value={draft.unit} onChange={(next) => change({ unit: (next ?? "money") })} data={UNITS.map((each) => ({ value: each, label: t(`budgets.unit.${each}`) }))} allowDeselect={false} />
          <Select label={t("budgets.period")} disabled={isFixed} value={draft.period} onChange={(next) => change({ period: (next ?? "month") })} data={PERIODS.map((each) => ({ value: each, label: t(`budgets.period.${each}`) }))} allowDeselect={false} />
          {draft.period === "rolling" && <TextInput label={t("budgets.days")} disabled={isFixed} inputMode="decimal" value={draft.days} onChange={(event) => change({ days: event.currentTarget.value })} />}
        </div>
        <div className="columns" style={{ gap: 12, "--least": "160px" } as React.CSSProperties}>
          <Select label={t("budgets.of")} disabled={isFixed || !mayWriteInTeam} value={draft.of} onChange={(next) => change({ of: (next ?? "project") })} data={[{ value: "project", label: t("budgets.of.project") }, { value: "team", label: t("budgets.of.team") }]} allowDeselect={false} />
          <Select label={t("budgets.per")} disabled={isFixed} value={draft.per} onChange={(next) => change({ per: next ?? "" })} data={[{ value: "", label: t("budgets.together") }, ...CONDITIONS.filter((each) => each !== "model").map((each) => ({ value: each, label: t("budgets.each", { dimension: dimensionName(each, t) }) }))]} allowDeselect={false} />
        </div>
        <Conditions conditions={draft.conditions} disabled={isFixed} change={(conditions) => change({ conditions })} />
        <Switch label={t("budgets.isHard")} description={t("budgets.isHardText")} checked={draft.hard} onChange={(event) => change({ hard: event.currentTarget.checked })} />
        <div className="columns" style={{ gap: 12, "--least": "160px" } as React.CSSProperties}>
          <TextInput label={t("budgets.thresholds")} description={t("budgets.thresholdsText")} value={draft.thresholds} error={areThresholds ? null : t("budgets.notPercent")} onChange={(event) => change({ thresholds: event.currentTarget.value })} />
          {isMoney && draft.hard && <Select label={t("budgets.status")} value={draft.status} onChange={(next) => change({ status: next ?? "429" })} data={["429", "402"]} allowDeselect={false} />}
          {isMoney && <Select label={t("budgets.unpriced")} value={draft.unpriced} onChange={(next) => change({ unpriced: (next ?? "allow") })} data={(["allow", "block", "price"] as const).map((each) => ({ value: each, label: t(`budgets.unpriced.${each}`) }))} allowDeselect={false} />}
          {isMoney && draft.unpriced === "price" && <TextInput required inputMode="decimal" label={t("budgets.fallback")} value={draft.fallback} onChange={(event) => change({ fallback: event.currentTarget.value })} />}
        </div>
        {isFixed && <p className="dim" style={{ margin: 0, fontSize: 12 }}>{t("budgets.fixed")}</p>}
        {save.isError && <FailureNote error={save.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>
            {t("act.cancel")}
          </Button>
          <Button type="submit" loading={save.isPending} disabled={draft.name.trim() === "" || !isAmount || !areThresholds}>
            {t("act.save")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Conditions({ conditions, disabled, change }: { conditions: Condition[]; disabled: boolean; change: (conditions: Condition[]) => void }) {
  const t = useWords();
  const set = (place: number, part: Partial<Condition>) => change(conditions.map((one, at) => (at === place ? { ...one, ...part } : one)));
  return (
    <fieldset style={{ border: 0, padding: 0, margin: 0 }} className="stack">
      <legend style={{ padding: 0, marginBottom: 4, fontWeight: 500, fontSize: 12 }}>{t("budgets.only")}</legend>
      {conditions.map((condition, place) => (
        <div className="row" key={place}>
          <Select
            aria-label={t("budgets.dimension")}
            w={170}
            disabled={disabled}
            value={condition.dimension.startsWith("tag:") ? "tag:" : condition.dimension}
            onChange={(next) => set(place, { dimension: next ?? "model" })}
            data={[...CONDITIONS.map((each) => ({ value: each, label: dimensionName(each, t) })), { value: "tag:", label: t("dimension.tag") }]}
            allowDeselect={false}
          />
          {condition.dimension.startsWith("tag:") && (
            <TextInput w={130} aria-label={t("budgets.tagName")} placeholder={t("budgets.tagName")} disabled={disabled} value={condition.dimension.slice(4)} onChange={(event) => set(place, { dimension: `tag:${event.currentTarget.value}` })} />
          )}
          <TextInput className="grow" aria-label={t("budgets.value")} placeholder={condition.dimension === "model" ? "gpt-4o*" : ""} disabled={disabled} value={condition.value} onChange={(event) => set(place, { value: event.currentTarget.value })} />
          {!disabled && (
            <ActionIcon aria-label={t("prices.remove")} onClick={() => change(conditions.filter((_, at) => at !== place))}>
              <IconTrash size={14} />
            </ActionIcon>
          )}
        </div>
      ))}
      {!disabled && (
        <Button variant="default" leftSection={<IconPlus size={14} />} style={{ alignSelf: "flex-start" }} onClick={() => change([...conditions, { dimension: "model", value: "" }])}>
          {t("budgets.addCondition")}
        </Button>
      )}
      {disabled && conditions.length === 0 && <span className="dim">{t("budgets.everything")}</span>}
    </fieldset>
  );
}
