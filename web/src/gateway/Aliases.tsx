/* Names that clients ask for, and the models behind them: shares, failover, canaries. */

import { Button } from "@mantine/core";
import { IconArrowsSplit } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useWords } from "../i18n/language";
import { ConfirmByName } from "../ui/ConfirmByName";
import { type Column, DataTable } from "../ui/DataTable";
import { Card } from "../ui/Page";
import { RowActs } from "../ui/RowActs";
import { State } from "../ui/State";
import { AliasForm } from "./AliasForm";
import { type Alias, aliasesQuery, useGatewayChange } from "./shapes";
import { Shares } from "./Shares";

type Doing = { what: "change" | "remove"; alias: Alias };

export function Aliases({ mayWrite, add }: { mayWrite: boolean; add: () => void }) {
  const t = useWords();
  const aliases = useQuery(aliasesQuery);
  const [doing, setDoing] = useState<Doing | null>(null);
  const columns: Column<Alias>[] = [
    { key: "name", title: t("gateway.alias"), order: (row) => row.name, cell: (row) => <span className="mono" style={{ fontWeight: 600 }}>{row.name}</span> },
    { key: "targets", title: t("gateway.targets"), cell: (row) => <Shares targets={row.targets} /> },
    {
      key: "sticky",
      title: t("gateway.sticky"),
      cell: (row) => (row.sticky === "" ? <span className="dim">{t("gateway.sticky.none")}</span> : <span className="mark accent">{t(`gateway.sticky.${row.sticky}`)}</span>),
    },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) =>
        mayWrite ? <RowActs name={row.name} edit={() => setDoing({ what: "change", alias: row })} remove={() => setDoing({ what: "remove", alias: row })} /> : null,
    },
  ];
  return (
    <Card bare title={t("gateway.view.models")} hint={t("gateway.aliasesHint")}>
      <DataTable
        name="gateway-aliases"
        rows={aliases.data}
        columns={columns}
        rowKey={(row) => row.id}
        error={aliases.error}
        retry={() => void aliases.refetch()}
        empty={
          <State icon={IconArrowsSplit} title={t("gateway.noAliases")} text={t("gateway.noAliasesText")}>
            {mayWrite && <Button onClick={add}>{t("gateway.addAlias")}</Button>}
          </State>
        }
      />
      {doing?.what === "change" && <AliasForm alias={doing.alias} close={() => setDoing(null)} />}
      {doing?.what === "remove" && <Remove alias={doing.alias} close={() => setDoing(null)} />}
    </Card>
  );
}

function Remove({ alias, close }: { alias: Alias; close: () => void }) {
  const t = useWords();
  const remove = useGatewayChange(() => request<undefined>(`/api/gateway/models/${alias.id}`, { method: "DELETE" }), close);
  return (
    <ConfirmByName
      title={t("gateway.removeAlias", { name: alias.name })}
      text={t("gateway.removeAliasText")}
      name={alias.name}
      act={t("prices.remove")}
      pending={remove.isPending}
      error={remove.error}
      confirm={() => remove.mutate()}
      close={close}
    />
  );
}
