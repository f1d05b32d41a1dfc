/* Recovery codes on the screen for the only time: to copy, to keep as a file, and a word that they were kept. */

import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconAlertTriangle, IconCheck, IconCopy, IconDownload } from "@tabler/icons-react";
import { useWords } from "../i18n/language";

export function fileOf(codes: readonly string[], host: string): string {
  return `MachineNativeOps · ${host}\n\n${codes.join("\n")}\n`;
}

export function RecoveryCodes({ codes, close }: { codes: readonly string[]; close: () => void }) {
  const t = useWords();
  const clipboard = useClipboard({ timeout: 1500 });
  const file = `data:text/plain;charset=utf-8,${encodeURIComponent(fileOf(codes, window.location.host))}`;
  return (
    <div className="stack">
      <div className="notice attention" role="note">
        <IconAlertTriangle size={16} aria-hidden />
        <span className="grow">{t("codes.once")}</span>
      </div>
      <ul className="recovery-codes" translate="no">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="row wrap">
        <Button variant="default" leftSection={clipboard.copied ? <IconCheck size={14} /> : <IconCopy size={14} />} onClick={() => clipboard.copy(codes.join("\n"))}>
          {clipboard.copied ? t("act.copied") : t("act.copy")}
        </Button>
        <Button variant="default" component="a" href={file} download="recovery-codes.txt" leftSection={<IconDownload size={14} />}>
          {t("codes.download")}
        </Button>
        <span className="grow" />
        <Button onClick={close}>{t("codes.kept")}</Button>
      </div>
    </div>
  );
}
