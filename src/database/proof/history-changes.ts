/**
 * The changes of commits as history has them: what their hashes were over, computed again.
 *
 * Trees are read in the order of their ids and of their keys, which is the order of a commit's changes: each commit's
 * come one by one. A version is a change where it begins, and where it ends unless the next version of its row begins
 * there. A table that was dropped ends all its rows at once, without a change of theirs; its definition went.
 */
import { PAUSE, type Task } from '../../base/task.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import { LINES_TABLE_ID, type LineTableDef } from '../../catalog/lines.ts';
import { CATALOG_TABLE_ID, parseDefinition, TRANSACTIONS_TABLE_ID } from '../../catalog/system-objects.ts';
import type { TableStore } from '../../table/store.ts';
import type { Key, VersionedTable } from '../../table/table.ts';
import { encodeGone, encodeRow } from '../../txn/proof/change.ts';

/** A commit in [from, to], what makes the bytes of a change of it (at once, or not at all), and whose row it is. */
export type Take = (seq: number, change: () => Uint8Array, tableId: number, key: Key) => void;

export interface Range {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
}

/** Calls `take` for every change of the commits in a range, those of one commit in their order. */
export function* changesOfHistory(store: TableStore, proofsId: number, range: Range, take: Take): Task<void> {
  const { definitions, derived } = yield* readDefinitions(store);
  yield* store.describe(null);
  for (const id of [...store.ids()].toSorted((a, b) => a - b)) {
    if (id === TRANSACTIONS_TABLE_ID || id === proofsId || derived.has(id)) continue;
    yield* changesOfTable(store.table(id), definitions.get(id) ?? null, range, take);
  }
}

/** How many columns a table had from which commit on; 0: it was not there. */
interface Width {
  readonly from: number;
  readonly width: number;
}

/** Null: a table of the system, which is as it always was. */
type Widths = readonly Width[] | null;

function widthAt(widths: Widths, seq: number, all: number): number {
  if (widths === null) return all;
  return widths.findLast(({ from }) => from <= seq)?.width ?? 0;
}

function* changesOfTable(table: VersionedTable, widths: Widths, { from, to }: Range, take: Take): Task<void> {
  const { columns, historyFrom } = table;
  if (to < historyFrom) return;
  const source = table.scanVersions({
    fromSeq: Math.max(from - 1, historyFrom),
    toSeq: to,
    columns: columns.map((_, ordinal) => ordinal),
    versionColumns: true,
  });
  /** The end of the version before, which is a change unless the next begins there. */
  let ended: { readonly key: Key; readonly seq: number } | null = null;
  const close = (): void => {
    if (ended === null) return;
    const { key, seq } = ended;
    ended = null;
    if (seq >= from && seq <= to && widthAt(widths, seq, columns.length) > 0)
      take(seq, () => encodeGone(table.id, key), table.id, key);
  };
  try {
    for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) {
      const vectors = batch.columns;
      const [begins, ends] = [vectors[columns.length] as Vector, vectors[columns.length + 1] as Vector];
      for (let i = 0; i < batch.count; i++) {
        const row = batch.selection === null ? i : (batch.selection[i] as number);
        const key = table.encodeKey(table.key.map(({ column }): Value => valueAt(vectors[column] as Vector, row)));
        const begin = valueAt(begins, row) as number;
        const end = valueAt(ends, row) as number;
        if (ended !== null && ended.key === key && ended.seq === begin) ended = null;
        else close();
        const width = widthAt(widths, begin, columns.length);
        if (begin >= from && begin <= to && width > 0)
          take(begin, () => encodeRow(table.id, key, { columns, vectors, row, width }), table.id, key);
        ended = end === Infinity ? null : { key, seq: end };
      }
      yield PAUSE;
    }
    close();
  } finally {
    source.close();
  }
}

interface Definitions {
  readonly definitions: ReadonlyMap<number, readonly Width[]>;
  /** Tables that hold what follows from others, as indexes do. */
  readonly derived: ReadonlySet<number>;
}

function* readDefinitions(store: TableStore): Task<Definitions> {
  const widths = new Map<number, Width[]>();
  const derived = new Set<number>();
  for (const id of [CATALOG_TABLE_ID, LINES_TABLE_ID])
    if (store.has(id)) yield* readDefinitionsIn(store.table(id), widths, derived);
  // Where one definition ends another mostly begins: the later entry of the two decides.
  for (const list of widths.values()) list.sort((a, b) => a.from - b.from || a.width - b.width);
  return { definitions: widths, derived };
}

function* readDefinitionsIn(table: VersionedTable, widths: Map<number, Width[]>, derived: Set<number>): Task<void> {
  const source = table.scanVersions({ fromSeq: 0, toSeq: Infinity, columns: [1], versionColumns: true });
  try {
    for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) {
      for (let i = 0; i < batch.count; i++) {
        const row = batch.selection === null ? i : (batch.selection[i] as number);
        const object = parseDefinition(valueAt(batch.columns[0] as Vector, row) as string);
        if (object.kind !== 'table') continue;
        if ((object as Partial<LineTableDef>).role === 'index') derived.add(object.id);
        const list = widths.get(object.id) ?? [];
        widths.set(object.id, list);
        const end = valueAt(batch.columns[2] as Vector, row) as number;
        list.push({ from: valueAt(batch.columns[1] as Vector, row) as number, width: object.nextColumnId });
        if (end !== Infinity) list.push({ from: end, width: 0 });
      }
    }
  } finally {
    source.close();
  }
}
