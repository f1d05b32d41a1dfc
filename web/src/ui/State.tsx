/* What stands where content would: nothing there yet, something went wrong, not signed in. */

import { Button } from "@mantine/core";
import { IconAlertTriangle, type IconProps } from "@tabler/icons-react";
import type { ComponentType, ReactNode } from "react";
import { Problem } from "../api/client";
import { useWords } from "../i18n/language";

interface StateProps {
  icon: ComponentType<IconProps>;
  title: string;
  text?: ReactNode;
  children?: ReactNode;
}

export function State({ icon: Icon, title, text, children }: StateProps) {
  return (
    <div className="state">
      <Icon size={28} stroke={1.5} aria-hidden />
      <h3>{title}</h3>
      {text !== undefined && <p>{text}</p>}
      {children !== undefined && <div className="row wrap">{children}</div>}
    </div>
  );
}

/** The words for a failure: the problem document's own, or ours where the server was not reached. */
export function useFailureText(): (error: unknown) => { title: string; detail: string } {
  const t = useWords();
  return (error) => {
    if (error instanceof Problem) {
      if (error.status === 0 || error.status === 502 || error.status === 504) return { title: t("failure.unreachable"), detail: t("failure.unreachableText") };
      return { title: error.title || t("failure.title"), detail: error.detail };
    }
    return { title: t("failure.title"), detail: error instanceof Error ? error.message : String(error) };
  };
}

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const t = useWords();
  const { title, detail } = useFailureText()(error);
  return (
    <div role="alert">
      <State icon={IconAlertTriangle} title={title} text={detail}>
        {retry && (
          <Button variant="default" onClick={retry}>
            {t("act.retry")}
          </Button>
        )}
      </State>
    </div>
  );
}

/** A failure inside a form, beside what was entered. */
export function FailureNote({ error }: { error: unknown }) {
  const { title, detail } = useFailureText()(error);
  return (
    <div className="notice broken" role="alert">
      <IconAlertTriangle size={16} aria-hidden />
      <span className="grow" style={{ overflowWrap: "anywhere" }}>{detail || title}</span>
    </div>
  );
}
