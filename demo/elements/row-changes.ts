/**
 * Which cells of a grid changed when its rows did: rows are matched by key, so that a row that only moved stays dark.
 */
type Row = readonly (string | null)[];

/** Beyond this many rows nobody sees single cells change, and the index would cost more than it shows. */
const MOST = 5000;

export class RowChanges {
  /** Class of the changed cells; it alternates, for an animation starts anew only under another name. */
  readonly mark: string;
  readonly #key: readonly number[];
  readonly #rows: ReadonlyMap<string, Row>;

  private constructor(rows: ReadonlyMap<string, Row>, key: readonly number[], mark: string) {
    this.mark = mark;
    this.#rows = rows;
    this.#key = key;
  }

  /** Undefined where rows cannot be matched. `last` is what was shown before. */
  static between(
    rows: readonly Row[] | undefined,
    key: readonly number[],
    last: RowChanges | undefined,
  ): RowChanges | undefined {
    if (rows === undefined || key.length === 0 || rows.length > MOST) return undefined;
    const known = new Map(rows.map((row) => [keyOf(row, key), row]));
    return new RowChanges(known, key, last?.mark === 'lit-a' ? 'lit-b' : 'lit-a');
  }

  /** The row as it was; undefined for a new one. */
  before(row: Row): Row | undefined {
    return this.#rows.get(keyOf(row, this.#key));
  }
}

function keyOf(row: Row, key: readonly number[]): string {
  return key.length === 1 ? (row[key[0] ?? 0] ?? '') : JSON.stringify(key.map((index) => row[index] ?? null));
}
