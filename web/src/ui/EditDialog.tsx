/* The dialog in which something is set up. What stands already is changed only after its difference was seen. */

import { Button, Modal } from "@mantine/core";
import { type CSSProperties, type ReactNode, useState } from "react";
import { useWords } from "../i18n/language";
import { type Changed, Differences } from "./Differences";
import { FailureNote } from "./State";

/** A row of fields beside each other, as many as there is room for. */
export const FIELDS = { gap: 12, "--least": "160px" } as CSSProperties;

interface EditDialogProps {
  title: string;
  size?: number;
  /** What a save changes; null for something new, which has nothing to be compared with. */
  changes: readonly Changed[] | null;
  isComplete: boolean;
  act: string;
  saving: { mutate: () => void; reset: () => void; isPending: boolean; error: unknown };
  close: () => void;
  children: ReactNode;
}

export function EditDialog({ title, size = 600, changes, isComplete, act, saving, close, children }: EditDialogProps) {
  const t = useWords();
  const [isReviewing, setReviewing] = useState(false);
  const isAsking = changes !== null && !isReviewing;
  function goBack(): void {
    saving.reset();
    setReviewing(false);
  }
  return (
    <Modal opened onClose={close} title={title} size={size} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          if (isAsking) setReviewing(true);
          else saving.mutate();
        }}
      >
        {isReviewing && changes ? <Differences items={changes} /> : children}
        {saving.error !== null && <FailureNote error={saving.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={isReviewing ? goBack : close}>
            {t(isReviewing ? "act.back" : "act.cancel")}
          </Button>
          <Button type="submit" loading={saving.isPending} disabled={!isComplete || changes?.length === 0}>
            {isAsking ? t("settings.review") : act}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
