/* The keys that may call models, and what each may ask for. A key without limits of its own has none. */

import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconKey } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { useMay } from "../api/session";
import { formatCompact } from "../format/number";
import { CreateKey } from "../identity/CreateKey";
import { keysQuery, stateOf } from "../identity/keys";
import { useLanguage } from "../i18n/language";
import { ConfirmByName } from "../ui/ConfirmByName";
import { type Column, DataTable } from "../ui/DataTable";
import { useNow } from "../ui/now";
import { Card } from "../ui/Page";
import { State } from "../ui/State";
import { Ago } from "../ui/Values";
import { KeyForm } from "./KeyForm";
import { type LimitedKey, mayCall, policiesQuery, useGatewayChange } from "./shapes";

type Doing = { what: "limit" | "free"; row: LimitedKey };

export function Keys({ mayWrite }: { mayWrite: boolean }) {
  const { t, language } = useLanguage();
  const rows = useLimitedKeys();
  const mayCreate = useMay("keys.write");
  const [isCreating, creating] = useDisclosure(false);
  const [doing, setDoing] = useState<Doing | null>(null);
  const limit = (value: number | null | undefined) => (value == null ? <span className="faint">–</span> : <span title={String(value)}>{formatCompact(value, language)}</span>);
  const names = (values: readonly string[] | undefined, none: string) =>
    !values || values.length === 0 ? <span className="dim">{none}</span> : <div className="mono cell-cut" style={{ maxWidth: 180 }} title={values.join("\n")}>{values.join(", ")}</div>;
  const columns: Column<LimitedKey>[] = [
    {
      key: "name",
      title: t("keys.name"),
      order: (row) => row.name.toLowerCase(),
      cell: (row) => (
        <div style={{ minWidth: 0 }}>
          <div className="cell-cut" style={{ fontWeight: 500 }}>{row.name}</div>
          {row.key && <div className="mono dim">{row.key.prefix}…</div>}
        </div>
      ),
    },
    { key: "providers", title: t("gateway.view.providers"), cell: ({ policy }) => names(policy?.providers, t("gateway.everyProvider")) },
    { key: "models", title: t("gateway.models"), cell: ({ policy }) => names(policy?.models, t("gateway.everyModel")) },
    { key: "requests", title: t("gateway.requestsPerMinute"), align: "right", cell: ({ policy }) => limit(policy?.requests_per_minute) },
    { key: "tokens", title: t("gateway.tokensPerMinute"), align: "right", cell: ({ policy }) => limit(policy?.tokens_per_minute) },
    { key: "concurrent", title: t("gateway.concurrent"), align: "right", cell: ({ policy }) => limit(policy?.concurrent_calls) },
    { key: "output", title: t("gateway.output"), align: "right", cell: ({ policy }) => limit(policy?.output_tokens) },
    { key: "used", title: t("keys.used"), optional: true, cell: ({ key }) => <span className="dim">{key?.last_used_at ? <Ago at={key.last_used_at} /> : t("keys.never")}</span> },
    {
      key: "act",
      title: "",
      align: "right",
      cell: (row) =>
        mayWrite ? (
          <span className="row" style={{ justifyContent: "flex-end", gap: 0 }}>
            <Button variant="subtle" color="gray" aria-label={`${t("gateway.limits")} ${row.name}`} onClick={() => setDoing({ what: "limit", row })}>
              {t("gateway.limits")}
            </Button>
            {row.policy && (
              <Button variant="subtle" color="red" aria-label={`${t("gateway.free")} ${row.name}`} onClick={() => setDoing({ what: "free", row })}>
                {t("gateway.free")}
              </Button>
            )}
          </span>
        ) : null,
    },
  ];
  const create = mayCreate && (
    <Button variant="default" onClick={creating.open}>
      {t("gateway.createKey")}
    </Button>
  );
  return (
    <Card bare title={t("gateway.keys")} hint={t("gateway.keysHint")} acts={create}>
      <DataTable
        name="gateway-keys"
        rows={rows.items}
        columns={columns}
        rowKey={(row) => row.id}
        error={rows.error}
        retry={rows.retry}
        empty={
          <State icon={IconKey} title={t("gateway.noKeys")} text={t("gateway.noKeysText")}>
            {create}
          </State>
        }
      />
      <CreateKey opened={isCreating} close={creating.close} scope="gateway" />
      {doing?.what === "limit" && <KeyForm row={doing.row} close={() => setDoing(null)} />}
      {doing?.what === "free" && <Free row={doing.row} close={() => setDoing(null)} />}
    </Card>
  );
}

/** The keys that may call, with their limits; who may not read keys sees limits under the keys' ids. */
function useLimitedKeys(): { items: LimitedKey[] | undefined; error: unknown; retry: () => void } {
  const now = useNow();
  const mayRead = useMay("keys.read");
  const policies = useQuery(policiesQuery);
  const keys = useQuery({ ...keysQuery, enabled: mayRead });
  const retry = () => void Promise.all([policies.refetch(), keys.refetch()]);
  const error = policies.error ?? keys.error;
  if (!policies.data || (mayRead && !keys.data)) return { items: undefined, error, retry };
  const held = new Map(policies.data.map((policy) => [policy.key, policy]));
  if (!mayRead) return { items: policies.data.map((policy) => ({ id: policy.key, name: policy.key, key: undefined, policy })), error, retry };
  const usable = (keys.data ?? []).filter((key) => ["working", "ending"].includes(stateOf(key, now)) && (mayCall(key) || held.has(key.id)));
  return { items: usable.map((key) => ({ id: key.id, name: key.name, key, policy: held.get(key.id) })), error, retry };
}

function Free({ row, close }: { row: LimitedKey; close: () => void }) {
  const { t } = useLanguage();
  const remove = useGatewayChange(() => request<undefined>(`/api/gateway/keys/${row.id}`, { method: "DELETE" }), close);
  return (
    <ConfirmByName
      title={t("gateway.freeTitle", { name: row.name })}
      text={t("gateway.freeText")}
      name={row.name}
      act={t("gateway.free")}
      pending={remove.isPending}
      error={remove.error}
      confirm={() => remove.mutate()}
      close={close}
    />
  );
}
