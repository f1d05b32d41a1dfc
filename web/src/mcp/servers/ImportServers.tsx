/* The document in which a client keeps its servers, pasted: first what it would add and what not, then the deed. */

import { Button, Loader, Modal } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { address, request } from "../../api/client";
import { useWords } from "../../i18n/language";
import { FailureNote } from "../../ui/State";
import { type Imported, useMcpChange } from "../shapes";

const JsonEditor = lazy(() => import("../../ui/JsonEditor"));
const HINT = '{"mcpServers": {"weather": {"url": "https://…"}}}';

const send = (text: string, preview: boolean) => request<Imported>(address("/api/mcp/registry/import", { preview }), { method: "POST", body: text, headers: { "content-type": "application/json" } });

export function ImportServers({ close }: { close: () => void }) {
  const t = useWords();
  const [text, setText] = useState("");
  const preview = useMutation({ mutationFn: () => send(text, true) });
  const bring = useMcpChange(() => send(text, false));
  const told = bring.data ?? preview.data;
  const isDone = bring.data !== undefined;
  return (
    <Modal opened onClose={close} title={t("mcp.import")} size={640} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isDone) close();
          else if (told) bring.mutate();
          else preview.mutate();
        }}
      >
        {told ? (
          <Outcome told={told} isDone={isDone} />
        ) : (
          <>
            <p className="dim" style={{ margin: 0 }}>{t("mcp.importText")}</p>
            <Suspense fallback={<Loader size="sm" />}>
              <JsonEditor label={t("mcp.import")} hint={HINT} onChange={setText} />
            </Suspense>
          </>
        )}
        {preview.isError && <FailureNote error={preview.error} />}
        {bring.isError && <FailureNote error={bring.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          {!isDone && (
            <Button variant="default" onClick={told ? preview.reset : close}>
              {t(told ? "act.back" : "act.cancel")}
            </Button>
          )}
          <Button type="submit" loading={preview.isPending || bring.isPending} disabled={told ? told.items.length === 0 && !isDone : text.trim() === ""}>
            {isDone ? t("act.close") : told ? t("mcp.importAct", { count: told.items.length }) : t("mcp.importPreview")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Outcome({ told, isDone }: { told: Imported; isDone: boolean }) {
  const t = useWords();
  const Icon = isDone ? IconCircleCheck : IconPlus;
  return (
    <>
      <section className="stack" style={{ gap: 4 }} role="status">
        <h3 style={{ margin: 0, fontSize: 13 }}>{t(isDone ? "mcp.importedCount" : "mcp.importAdds", { count: told.items.length })}</h3>
        {told.items.map((each) => (
          <div key={each.name} className="row" style={{ gap: 8 }}>
            <Icon size={14} className="good" style={{ flex: "none" }} aria-hidden />
            <b style={{ fontWeight: 500 }}>{each.name}</b>
            <span className="dim mono cut">{each.address || [each.command, ...each.args].join(" ")}</span>
            <span className="mark">{t(`mcp.credential.${each.credential_kind}`)}</span>
          </div>
        ))}
      </section>
      {told.left.length > 0 && (
        <section className="stack" style={{ gap: 4 }}>
          <h3 style={{ margin: 0, fontSize: 13 }}>{t("mcp.importLeft", { count: told.left.length })}</h3>
          {told.left.map((reason) => (
            <div key={reason} className="row" style={{ gap: 8, alignItems: "flex-start" }}>
              <IconAlertTriangle size={14} className="attention" style={{ flex: "none", marginTop: 2 }} aria-hidden />
              <span style={{ overflowWrap: "anywhere" }}>{reason}</span>
            </div>
          ))}
        </section>
      )}
    </>
  );
}
