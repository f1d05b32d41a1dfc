/* Text to take along: a command or a piece of code, with a button that copies it. */

import { ActionIcon, Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useWords } from "../i18n/language";

export function Snippet({ text, label }: { text: string; label?: string }) {
  const t = useWords();
  const clipboard = useClipboard({ timeout: 1500 });
  return (
    <div>
      {label !== undefined && <div className="dim" style={{ marginBottom: 4, fontSize: 12 }}>{label}</div>}
      <div className="code">
        {/* A long line scrolls, so it must be reachable by the keyboard. */}
        <pre tabIndex={0} translate="no">{text}</pre>
        <Tooltip label={clipboard.copied ? t("act.copied") : t("act.copy")}>
          <ActionIcon className="code-copy" aria-label={t("act.copy")} onClick={() => clipboard.copy(text)} style={{ position: "absolute" }}>
            {clipboard.copied ? <IconCheck size={16} className="good" /> : <IconCopy size={16} />}
          </ActionIcon>
        </Tooltip>
      </div>
    </div>
  );
}
