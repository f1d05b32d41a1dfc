/* Newer price data where there is no network: the file is brought by hand. */

import { Button, FileInput, Loader, Modal } from "@mantine/core";
import { IconCircleCheck, IconFile } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { request } from "../../api/client";
import type { PriceData } from "../../api/types";
import { useWords } from "../../i18n/language";
import { FailureNote } from "../../ui/State";

const JsonEditor = lazy(() => import("../../ui/JsonEditor"));

export function ImportPrices({ opened, close }: { opened: boolean; close: () => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [text, setText] = useState("");
  const bring = useMutation({
    mutationFn: () => request<PriceData>("/api/prices/import", { method: "POST", body: file ?? text, headers: { "content-type": "application/json" } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["prices"] }),
  });
  function leave(): void {
    close();
    setFile(null);
    setText("");
    bring.reset();
  }
  return (
    <Modal opened={opened} onClose={leave} title={t("prices.import")} size={640} closeButtonProps={{ "aria-label": t("act.close") }}>
      {bring.data ? (
        <div className="stack">
          <div className="notice good" role="status">
            <IconCircleCheck size={16} aria-hidden />
            <span className="grow">{t("prices.from", { source: bring.data.source, version: bring.data.version })}</span>
          </div>
          <Button onClick={leave} style={{ alignSelf: "flex-end" }}>
            {t("act.close")}
          </Button>
        </div>
      ) : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            bring.mutate();
          }}
        >
          <p className="dim" style={{ margin: 0 }}>{t("prices.importText")}</p>
          <FileInput size="xs" label={t("prices.file")} accept="application/json,.json" clearable leftSection={<IconFile size={14} />} placeholder="data.json" value={file} onChange={setFile} />
          {!file && (
            <div>
              <div style={{ marginBottom: 4, fontWeight: 500, fontSize: 12 }}>{t("prices.paste")}</div>
              <Suspense fallback={<Loader size="sm" />}>
                <JsonEditor label={t("prices.paste")} hint="[{ … }]" onChange={setText} />
              </Suspense>
            </div>
          )}
          {bring.isError && <FailureNote error={bring.error} />}
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <Button variant="default" onClick={leave}>
              {t("act.cancel")}
            </Button>
            <Button type="submit" loading={bring.isPending} disabled={!file && text.trim() === ""}>
              {t("prices.import")}
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}
