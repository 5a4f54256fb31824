/** The short path of SELECT columns FROM table WHERE the first columns of an index = constants. */
import type { Value, Vector } from '../base/vector.ts';
import type { TableReader } from '../txn/api.ts';
import { RowGatherer } from '../txn/overlay-scan.ts';
import { NO_ROWS, oneRow, type PointRows } from './point-rows.ts';

/** Null where only a scan can tell. */
export function indexRead(
  reader: TableReader,
  indexId: number,
  values: readonly Value[],
  ordinals: readonly number[],
): PointRows | null {
  const rows = new FewRows(reader, ordinals);
  return reader.findByIndex(indexId, values, rows.add) ? rows.all : null;
}

class FewRows {
  readonly #reader: TableReader;
  readonly #ordinals: readonly number[];
  #first: PointRows = NO_ROWS;
  #more: RowGatherer | null = null;

  constructor(reader: TableReader, ordinals: readonly number[]) {
    this.#reader = reader;
    this.#ordinals = ordinals;
  }

  get all(): PointRows {
    return this.#more?.batch() ?? this.#first;
  }

  readonly add = (columns: readonly Vector[], row: number): void => {
    if (this.#first.count === 0) {
      this.#first = oneRow(columns, row, this.#ordinals);
      return;
    }
    if (this.#more === null) {
      this.#more = new RowGatherer(this.#reader.table.columns, { columns: this.#ordinals });
      this.#more.addRow(this.#first.columns, 0);
    }
    this.#more.addTableRow(columns, row, null, null);
  };
}
