/* Takes what a list shows to a spreadsheet or a notebook: the same request, answered as a file. */

import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { address, type Query } from "../api/client";
import { useWords } from "../i18n/language";

export function ExportMenu({ path, query }: { path: string; query: Query }) {
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
        <Menu.Item component="a" href={address(path, { ...query, format: "csv" })} download>
          CSV
        </Menu.Item>
        <Menu.Item component="a" href={address(path, { ...query, format: "parquet" })} download>
          Parquet
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
