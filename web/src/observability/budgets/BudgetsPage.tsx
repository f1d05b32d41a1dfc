/* Budgets: how much of each is used, how it is used up, and what happens at the limit. */

import { Button, Progress } from "@mantine/core";
import { IconPlus, IconTargetArrow } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { useMay, useMayInTeam } from "../../api/session";
import type { Budget } from "../../api/types";
import { formatShare } from "../../format/number";
import { useLanguage, useWords } from "../../i18n/language";
import { useRefresh } from "../../live/refresh";
import { useAddress } from "../../shell/address";
import { ConfirmByName } from "../../ui/ConfirmByName";
import { type Column, ColumnChooser, DataTable } from "../../ui/DataTable";
import { dimensionName } from "../../ui/Filters";
import { Card, Page } from "../../ui/Page";
import { State } from "../../ui/State";
import { Ago } from "../../ui/Values";
import { amountText, MANTINE_TONE, periodText, scopeText, toneOf } from "./amounts";
import { BudgetForm } from "./BudgetForm";
import { BurnDownCard } from "./BurnDownCard";
import { budgetsQuery } from "./queries";

const REFRESH_EVERY_MS = 5000;

export default function BudgetsPage() {
  const t = useWords();
  const { value, set } = useAddress();
  const mayWrite = useMay("budgets.write");
  const mayWriteInTeam = useMayInTeam("budgets.write");
  const budgets = useQuery(budgetsQuery);
  useRefresh(budgets, REFRESH_EVERY_MS, true);
  const [edited, setEdited] = useState<Budget | "new" | null>(null);
  const [leaving, setLeaving] = useState<Budget | null>(null);
  const items = budgets.data?.items;
  const chosen = items?.find(({ id }) => id === value("budget")) ?? items?.[0];
  const mayChange = (budget: Budget) => (budget.of === "team" ? mayWriteInTeam : mayWrite);
  return (
    <Page
      title={t("nav.budgets")}
      text={t("budgets.text")}
      acts={
        mayWrite && (
          <Button leftSection={<IconPlus size={14} />} onClick={() => setEdited("new")}>
            {t("budgets.add")}
          </Button>
        )
      }
    >
      {chosen && <BurnDownCard key={chosen.id} budget={chosen} />}
      <BudgetTable
        budgets={items}
        error={budgets.error}
        retry={() => void budgets.refetch()}
        mayChange={mayChange}
        onOpen={({ id }) => set({ budget: id, who: undefined })}
        onEdit={setEdited}
        onRemove={setLeaving}
      />
      {edited !== null && <BudgetForm budget={edited === "new" ? null : edited} mayWriteInTeam={mayWriteInTeam} close={() => setEdited(null)} />}
      {leaving && <Remove budget={leaving} close={() => setLeaving(null)} />}
    </Page>
  );
}

interface TableProps {
  budgets: readonly Budget[] | undefined;
  error: unknown;
  retry: () => void;
  mayChange: (budget: Budget) => boolean;
  onOpen: (budget: Budget) => void;
  onEdit: (budget: Budget) => void;
  onRemove: (budget: Budget) => void;
}

function BudgetTable({ budgets, error, retry, mayChange, onOpen, onEdit, onRemove }: TableProps) {
  const { t, language } = useLanguage();
  const columns: Column<Budget>[] = [
    {
      key: "name",
      title: t("budgets.name"),
      order: (row) => row.name,
      cell: (row) => (
        <div style={{ minWidth: 0 }}>
          <div className="cell-cut" style={{ fontWeight: 500 }}>{row.name}</div>
          <div className="dim cell-cut" style={{ fontSize: 12, lineHeight: "16px" }}>{scopeText(row, (dimension) => dimensionName(dimension, t), t)}</div>
        </div>
      ),
    },
    {
      key: "used",
      title: t("budgets.used"),
      order: (row) => row.standing.percent,
      cell: (row) => <Used budget={row} />,
    },
    { key: "limit", title: t("budgets.limit"), align: "right", cell: (row) => amountText(row.limit, row.unit, language, t) },
    {
      key: "left",
      title: t("budgets.left"),
      align: "right",
      cell: (row) => amountText(row.standing.remaining, row.unit, language, t),
    },
    { key: "period", title: t("budgets.period"), cell: (row) => periodText(row, t) },
    { key: "resets", title: t("budgets.resets"), cell: (row) => <span className="dim"><Ago at={row.standing.resets_at} /></span> },
    {
      key: "mode",
      title: t("budgets.atLimit"),
      cell: (row) => <span className={row.hard ? "mark broken" : "mark"}>{t(row.hard ? "budgets.hard" : "budgets.soft")}</span>,
    },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) =>
        mayChange(row) ? (
          <span className="row" style={{ justifyContent: "flex-end", gap: 4 }}>
            <Button variant="subtle" onClick={(event) => { event.stopPropagation(); onEdit(row); }} aria-label={`${t("budgets.edit")} ${row.name}`}>
              {t("budgets.edit")}
            </Button>
            <Button variant="subtle" color="red" onClick={(event) => { event.stopPropagation(); onRemove(row); }} aria-label={`${t("prices.remove")} ${row.name}`}>
              {t("prices.remove")}
            </Button>
          </span>
        ) : null,
    },
  ];
  return (
    <Card bare title={t("budgets.list")} acts={<ColumnChooser name="budgets" columns={columns} />}>
      <DataTable
        name="budgets"
        rows={budgets}
        columns={columns}
        rowKey={(row) => row.id}
        error={error}
        retry={retry}
        onOpen={onOpen}
        empty={<State icon={IconTargetArrow} title={t("budgets.empty")} text={t("budgets.emptyText")} />}
      />
    </Card>
  );
}

function Used({ budget }: { budget: Budget }) {
  const { t, language } = useLanguage();
  const { percent, spent, reserved, who } = budget.standing;
  const held = budget.limit === "0.000000000" || Number(budget.limit) === 0 ? 0 : (Number(reserved) * 100) / Number(budget.limit);
  const tone = toneOf(percent);
  return (
    <div style={{ minWidth: 150 }}>
      <div className="row" style={{ justifyContent: "space-between", gap: 8, fontSize: 12 }}>
        <span>{amountText(spent, budget.unit, language, t)}</span>
        <span className={tone === "good" ? "dim" : tone}>{formatShare(percent, 100, language)}</span>
      </div>
      <Progress.Root size="sm" aria-label={t("budgets.used")}>
        <Progress.Section value={Math.min(100, percent)} color={MANTINE_TONE[tone]} aria-label={t("budgets.used")} />
        <Progress.Section value={Math.min(Math.max(0, 100 - percent), held)} color="gray" aria-label={t("budgets.held")} />
      </Progress.Root>
      {budget.per !== "" && who !== "" && <div className="dim cell-cut" style={{ fontSize: 12 }}>{t("budgets.fullest", { who })}</div>}
    </div>
  );
}

function Remove({ budget, close }: { budget: Budget; close: () => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => request<undefined>(`/api/budgets/${budget.id}`, { method: "DELETE" }),
    onSuccess: () => {
      close();
      return queries.invalidateQueries({ queryKey: budgetsQuery.queryKey });
    },
  });
  return (
    <ConfirmByName
      title={t("budgets.removeTitle", { name: budget.name })}
      text={t("budgets.removeText")}
      name={budget.name}
      act={t("prices.remove")}
      pending={remove.isPending}
      error={remove.error}
      confirm={() => remove.mutate()}
      close={close}
    />
  );
}
