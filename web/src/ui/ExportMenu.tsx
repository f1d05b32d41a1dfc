/* Takes what a list shows to a spreadsheet or a notebook: the same request, answered as a file. */

import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { address, type Query } from "../api/client";
import { useWords } from "../i18n/language";

const NAMES = { csv: "CSV", parquet: "Parquet", jsonl: "JSON Lines" } as const;
type Format = keyof typeof NAMES;

export function ExportMenu({ path, query, formats = ["csv", "parquet"] }: { path: string; query: Query; formats?: readonly Format[] }) {
  const t = useWords();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={t("export.title")}>
          <ActionIcon aria-label={t("export.title")}>
            <IconDownload size={16} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {formats.map((format) => (
          <Menu.Item key={format} component="a" href={address(path, { ...query, format })} download>
            {NAMES[format]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
