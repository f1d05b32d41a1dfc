/* One line, band or row of marks of a chart. */

export interface Series {
  name: string;
  values: (number | null)[];
  /**
   * `before` is the thin line of the period before; `other` the grey rest. `band` is the space from `low` to the
   * values, behind the line of the same colour; `mark` are dots on what is wrong. `limit` and `clear` are the dashed
   * lines at which something begins and ends.
   */
  kind?: "main" | "before" | "other" | "band" | "mark" | "limit" | "clear";
  low?: readonly (number | null)[];
  /** Fixes the colour to that of another chart or list on the page. */
  color?: number;
}
