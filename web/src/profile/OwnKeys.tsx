/* The API keys that one made oneself and that still work; all of a team's stand on its own page. */

import { Button } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { sessionQuery, useMay } from "../api/session";
import type { ApiKey } from "../api/types";
import { useWords } from "../i18n/language";
import { keysQuery } from "../identity/keys";
import { type Column, DataTable } from "../ui/DataTable";
import { Card } from "../ui/Page";
import { State } from "../ui/State";
import { Ago } from "../ui/Values";

export function OwnKeys() {
  return useMay("keys.read") ? <Keys /> : null;
}

function Keys() {
  const t = useWords();
  const session = useQuery(sessionQuery);
  const keys = useQuery(keysQuery);
  const own = keys.data?.filter((key) => key.created_by === session.data?.user?.id && key.revoked_at === null);
  const columns: Column<ApiKey>[] = [
    { key: "name", title: t("keys.name"), order: (row) => row.name, cell: (row) => <span className="cell-cut" style={{ fontWeight: 500 }}>{row.name}</span> },
    { key: "prefix", title: t("profile.key"), cell: (row) => <span className="mono dim">{row.prefix}…</span> },
    {
      key: "scopes",
      title: t("keys.scope"),
      cell: (row) => (
        <span className="row" style={{ gap: 4 }}>
          {row.scopes.map((scope) => (
            <span key={scope} className={scope === "admin" ? "mark attention" : "mark"}>{t(`scope.${scope}`)}</span>
          ))}
        </span>
      ),
    },
    { key: "created", title: t("keys.created"), order: (row) => row.created_at, cell: (row) => <span className="dim"><Ago at={row.created_at} /></span> },
    { key: "used", title: t("keys.used"), order: (row) => row.last_used_at ?? "", cell: (row) => <span className="dim">{row.last_used_at ? <Ago at={row.last_used_at} /> : t("keys.never")}</span> },
  ];
  return (
    <Card
      bare
      title={t("profile.keys")}
      acts={
        <Button component={Link} to="/team/keys" variant="subtle">
          {t("profile.allKeys")}
        </Button>
      }
    >
      <DataTable
        name="own-keys"
        rows={own}
        columns={columns}
        rowKey={(row) => row.id}
        error={keys.error}
        retry={() => void keys.refetch()}
        empty={<State icon={IconKey} title={t("profile.noKeys")} text={t("profile.noKeysText")} />}
      />
    </Card>
  );
}
