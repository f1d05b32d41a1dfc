/*
 * The one table: sorted by a click, columns to choose, a skeleton while it loads, the failure with a
 * retry, words when it is empty; below 640 px each row becomes a card.
 */

import { ActionIcon, Checkbox, Menu, Skeleton, Tooltip } from "@mantine/core";
import { useLocalStorage, useMediaQuery } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp, IconColumns3 } from "@tabler/icons-react";
import { type ReactNode, useMemo, useState } from "react";
import { useWords } from "../i18n/language";
import { Failure } from "./State";

export interface Column<Row> {
  key: string;
  title: string;
  cell: (row: Row) => ReactNode;
  /** Makes the column sortable. */
  order?: (row: Row) => number | string;
  align?: "right";
  /** Left out until the reader chooses it. */
  optional?: boolean;
}

interface DataTableProps<Row> {
  /** Under this name the chosen columns are remembered. */
  name: string;
  rows: readonly Row[] | undefined;
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  empty: ReactNode;
  error?: unknown;
  retry?: () => void;
  onOpen?: (row: Row) => void;
  sortedBy?: { key: string; descending: boolean };
  /** What stands below the rows: how many there are, a button for more. */
  foot?: ReactNode;
  limit?: number;
}

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { name, rows, columns, rowKey, empty, error, retry, onOpen, sortedBy, foot, limit } = props;
  const [shownKeys] = useChosenColumns(name, columns);
  const [sort, setSort] = useState(sortedBy ?? null);
  const isNarrow = useMediaQuery("(max-width: 640px)", window.innerWidth <= 640);
  const shown = columns.filter((column) => shownKeys.includes(column.key));
  const sorted = useMemo(() => {
    const order = columns.find((column) => column.key === sort?.key)?.order;
    if (!rows || !order || !sort) return rows;
    const direction = sort.descending ? -1 : 1;
    return [...rows].sort((left, right) => {
      const [a, b] = [order(left), order(right)];
      return direction * (typeof a === "string" ? a.localeCompare(String(b)) : a - Number(b));
    });
  }, [rows, columns, sort]);

  if (error && !rows) return <Failure error={error} retry={retry} />;
  if (sorted?.length === 0) return empty;
  const visible = limit === undefined ? sorted : sorted?.slice(0, limit);
  const [title, ...rest] = shown;
  return (
    <div>
      {!isNarrow && (
      <div className="table-scroll">
        <table className="table">
          <thead>
            <tr>
              {shown.map((column) => {
                // What one can do with a row has no heading.
                if (column.title === "") return <td key={column.key} />;
                const direction = sort?.key === column.key ? (sort.descending ? "descending" : "ascending") : undefined;
                return (
                  <th key={column.key} scope="col" className={column.align === "right" ? "num" : undefined} aria-sort={direction}>
                    {column.order ? (
                      <button
                        type="button"
                        onClick={() => setSort({ key: column.key, descending: direction ? direction === "ascending" : column.align === "right" })}
                      >
                        {column.title}
                        {direction === "descending" && <IconArrowDown size={12} aria-hidden />}
                        {direction === "ascending" && <IconArrowUp size={12} aria-hidden />}
                      </button>
                    ) : (
                      column.title
                    )}
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {visible
              ? visible.map((row) => (
                  <tr key={rowKey(row)} data-opens={onOpen ? "" : undefined} onClick={onOpen && (() => onOpen(row))}>
                    {shown.map((column) => (
                      <td key={column.key} className={column.align === "right" ? "num" : undefined}>
                        {column.cell(row)}
                      </td>
                    ))}
                  </tr>
                ))
              : Array.from({ length: 6 }, (_, index) => (
                  <tr key={index}>
                    {shown.map((column) => (
                      <td key={column.key}>
                        <Skeleton height={12} my={4} width={column.align === "right" ? 56 : "70%"} ml={column.align === "right" ? "auto" : 0} />
                      </td>
                    ))}
                  </tr>
                ))}
          </tbody>
        </table>
      </div>
      )}
      {isNarrow && (
      <div className="cards">
        {visible
          ? visible.map((row) => (
              <div key={rowKey(row)} className="cards-item" onClick={onOpen && (() => onOpen(row))}>
                <div className="cards-title">{title?.cell(row)}</div>
                {rest.map((column) => {
                  const content = column.cell(row);
                  // A card has no columns to keep: what is empty is left out with its name.
                  if (content === null || content === "") return null;
                  return column.title === "" ? (
                    <div key={column.key} className="cards-acts">{content}</div>
                  ) : (
                    <dl key={column.key}>
                      <dt>{column.title}</dt>
                      <dd>{content}</dd>
                    </dl>
                  );
                })}
              </div>
            ))
          : Array.from({ length: 4 }, (_, index) => (
              <div key={index} className="cards-item">
                <Skeleton height={12} width="60%" my={4} />
              </div>
            ))}
      </div>
      )}
      {foot !== undefined && visible && <div className="table-foot">{foot}</div>}
    </div>
  );
}

function useChosenColumns<Row>(name: string, columns: readonly Column<Row>[]) {
  return useLocalStorage<string[]>({
    key: `mno.columns.${name}`,
    defaultValue: columns.filter((column) => !column.optional).map((column) => column.key),
    getInitialValueInEffect: false,
  });
}

/** The menu that goes with a table of the same name. The first column always stays: it names the row. */
export function ColumnChooser<Row>({ name, columns }: { name: string; columns: readonly Column<Row>[] }) {
  const t = useWords();
  const [keys, setKeys] = useChosenColumns(name, columns);
  return (
    <Menu position="bottom-end" closeOnItemClick={false}>
      <Menu.Target>
        <Tooltip label={t("table.columns")}>
          <ActionIcon aria-label={t("table.columns")}>
            <IconColumns3 size={16} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("table.columns")}</Menu.Label>
        {columns.slice(1).map((column) => (
          <Menu.Item
            key={column.key}
            role="menuitemcheckbox"
            aria-checked={keys.includes(column.key)}
            leftSection={<Checkbox.Indicator checked={keys.includes(column.key)} size="xs" />}
            onClick={() => setKeys(keys.includes(column.key) ? keys.filter((key) => key !== column.key) : [...keys, column.key])}
          >
            {column.title}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
