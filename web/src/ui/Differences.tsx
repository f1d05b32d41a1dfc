/* What changed, or would change: each thing with its value before and after. Signs say which, not colour alone. */

import type { ReactNode } from "react";
import { useWords } from "../i18n/language";
import "./differences.css";

export interface Changed {
  key: string;
  title: ReactNode;
  /** Left out where there was, or will be, nothing. */
  before?: ReactNode;
  after?: ReactNode;
}

export function Differences({ items }: { items: readonly Changed[] }) {
  const t = useWords();
  return (
    <ul className="differences">
      {items.map(({ key, title, before, after }) => (
        <li key={key} className="difference">
          <div className="difference-title">{title}</div>
          {before !== undefined && (
            <div className="difference-side before">
              <span role="img" aria-label={t("difference.before")}>−</span>
              <span>{before}</span>
            </div>
          )}
          {after !== undefined && (
            <div className="difference-side after">
              <span role="img" aria-label={t("difference.after")}>+</span>
              <span>{after}</span>
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}
