/* What can be done with a row of a table: change it, take it away, and whatever else belongs to it. */

import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useWords } from "../i18n/language";

interface RowActsProps {
  /** Of the row, so that each button says to whom it belongs. */
  name: string;
  edit?: () => void;
  remove?: () => void;
  /** Comes first. */
  children?: ReactNode;
}

export function RowActs({ name, edit, remove, children }: RowActsProps) {
  const t = useWords();
  return (
    <span className="row" style={{ justifyContent: "flex-end", gap: 0 }} onClick={(event) => event.stopPropagation()}>
      {children}
      {edit && (
        <Button variant="subtle" color="gray" aria-label={`${t("budgets.edit")} ${name}`} onClick={edit}>
          {t("budgets.edit")}
        </Button>
      )}
      {remove && (
        <Button variant="subtle" color="red" aria-label={`${t("prices.remove")} ${name}`} onClick={remove}>
          {t("prices.remove")}
        </Button>
      )}
    </span>
  );
}
