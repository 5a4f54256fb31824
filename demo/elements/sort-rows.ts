/**
 * Rows of a result in the order of one column, for a look; a statement's own ORDER BY is what counts. Numbers by value,
 * all else by code points, NULL last in both directions. Rows that are equal keep the statement's order.
 */
type Row = readonly (string | null)[];

export interface SortOrder {
  readonly column: number;
  readonly descending: boolean;
}

export function sortRows(rows: readonly Row[], { column, descending }: SortOrder, numeric: boolean): readonly Row[] {
  const order = Uint32Array.from(rows, (_, index) => index);
  const sign = descending ? -1 : 1;
  const cells = rows.map((row) => row[column] ?? null);
  if (numeric) {
    const values = Float64Array.from(cells, (cell) => (cell === null ? NaN : Number(cell)));
    const rank = (index: number): number => (cells[index] === null ? 2 : Number.isNaN(values[index]) ? 1 : 0);
    order.sort((a, b) => {
      const [x, y] = [values[a] ?? NaN, values[b] ?? NaN];
      return x < y ? -sign : x > y ? sign : x === y ? a - b : rank(a) - rank(b) || a - b;
    });
  } else {
    order.sort((a, b) => {
      const [x, y] = [cells[a] ?? null, cells[b] ?? null];
      if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1;
      return x < y ? -sign : x > y ? sign : a - b;
    });
  }
  return Array.from(order, (index) => rows[index] ?? []);
}

/** What a click on a column's heading makes of the order: up, then down, then the statement's own. */
export function nextOrder(order: SortOrder | undefined, column: number): SortOrder | undefined {
  if (order?.column !== column) return { column, descending: false };
  return order.descending ? undefined : { column, descending: true };
}
