/* A new key in the place of one, which goes on working for a while so that nothing stands still. */

import { Button, Modal, Radio } from "@mantine/core";
import { useState } from "react";
import { request } from "../api/client";
import type { ApiKey, CreatedKey } from "../api/types";
import { useWords } from "../i18n/language";
import { FailureNote } from "../ui/State";
import { ShownOnce } from "./CreateKey";
import { OVERLAPS_S, useKeyChange } from "./keys";

export function RotateKey({ row, close }: { row: ApiKey; close: () => void }) {
  const t = useWords();
  const [overlap, setOverlap] = useState("86400");
  const rotate = useKeyChange((overlap_s: number) => request<CreatedKey>(`/api/keys/${row.id}/rotate`, { method: "POST", json: { overlap_s } }));
  if (rotate.data) return <ShownOnce made={rotate.data} title={t("keys.made")} close={close} />;
  return (
    <Modal opened onClose={close} title={t("keys.rotateTitle", { name: row.name })} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          rotate.mutate(Number(overlap));
        }}
      >
        <p style={{ margin: 0 }}>{t("keys.rotateText")}</p>
        <Radio.Group label={t("keys.overlap")} value={overlap} onChange={setOverlap} size="xs">
          <div className="stack" style={{ gap: 8, marginTop: 8 }}>
            {OVERLAPS_S.map((seconds) => (
              <Radio key={seconds} size="xs" value={String(seconds)} label={t(`keys.overlap${seconds}`)} />
            ))}
          </div>
        </Radio.Group>
        {rotate.isError && <FailureNote error={rotate.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>{t("act.cancel")}</Button>
          <Button type="submit" loading={rotate.isPending}>{t("keys.rotate")}</Button>
        </div>
      </form>
    </Modal>
  );
}
