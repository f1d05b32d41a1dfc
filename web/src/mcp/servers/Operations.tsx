/* What of an OpenAPI document is a tool, and what cannot be one, with the reason. */

import { Skeleton } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useWords } from "../../i18n/language";
import { Failure } from "../../ui/State";
import { operationsQuery, type Server } from "../shapes";

export function Operations({ server }: { server: Server }) {
  const t = useWords();
  const operations = useQuery(operationsQuery(server.id));
  if (operations.isError) return <Failure error={operations.error} retry={() => void operations.refetch()} />;
  if (!operations.data) return <Skeleton height={48} />;
  const { items, left } = operations.data;
  return (
    <section className="stack" style={{ gap: 4 }}>
      <h3 style={{ margin: 0, fontSize: 13 }}>{t("mcp.operations", { count: items.length })}</h3>
      {left.map((reason) => (
        <div key={reason} className="row" style={{ gap: 8, alignItems: "flex-start" }}>
          <IconAlertTriangle size={14} className="attention" style={{ flex: "none", marginTop: 2 }} aria-hidden />
          <span style={{ overflowWrap: "anywhere" }}>{reason}</span>
        </div>
      ))}
    </section>
  );
}
