/** What a commit's changes to an inherited table mean for the line's own rows and for the keys that it hides. */
import { assert } from '../../base/error.ts';
import { PAUSE, type Task } from '../../base/task.ts';
import { valueAt, type Vector } from '../../base/vector.ts';
import { VectorBuilder } from '../../base/vector-builder.ts';
import { sameCell } from '../../table/gather.ts';
import {
  type Key,
  MISS,
  OP_DELETE,
  OP_INSERT,
  OP_NONE,
  OP_UPDATE,
  type RowChanges,
  type RowRef,
  type TreeColumn,
  type VersionedTable,
} from '../../table/table.ts';
import { LAST } from './line-scan.ts';
import type { LineTable, Part } from './line-table.ts';
import { widened } from './line-versions.ts';

export interface SplitChanges {
  readonly own: RowChanges | null;
  readonly hidden: RowChanges | null;
}

/** Entries looked at between two pauses. */
const SLICE_ENTRIES = 256;

/**
 * Splits changes: inserted rows and changed ones become rows of `own`; an inherited row that is changed or removed is
 * hidden. An update that changes nothing is left out.
 */
export function* splitChanges(table: LineTable, { own, hidden }: Part, changes: RowChanges): Task<SplitChanges> {
  // The rows stay where they are, under other ops: there may be a million of them.
  const ops = new Uint8Array(changes.count).fill(OP_NONE);
  const assigned: (readonly number[] | null)[] = [];
  const hides = new HiddenRows(hidden);
  let isEmpty = true;
  for (let entry = 0; entry < changes.count; entry++) {
    if (entry % SLICE_ENTRIES === SLICE_ENTRIES - 1) yield PAUSE;
    assigned.push(null);
    const op = changes.ops[entry] as number;
    if (op === OP_NONE) continue;
    const key = changes.keys[entry] as Key;
    if (op === OP_INSERT || (yield* found(own, key, LAST)) !== null) {
      ops[entry] = op;
      if (op === OP_UPDATE) assigned[entry] = changes.assigned[entry] ?? null;
      isEmpty = false;
      continue;
    }
    const old = yield* found(table.parent, key, table.fork);
    assert(old !== null, `change of a key that table ${table.id} has not inherited`);
    if (op === OP_UPDATE && isSame(table, old, changes, entry)) continue;
    hides.add(key, old, table.rowKey);
    if (op === OP_DELETE) continue;
    ops[entry] = OP_INSERT;
    isEmpty = false;
  }
  return { own: isEmpty ? null : { ...changes, ops, assigned }, hidden: hides.changes() };
}

function isSame(table: LineTable, old: RowRef, changes: RowChanges, entry: number): boolean {
  const { columns } = table;
  const { columns: cells, row } = widened(old.columns, old.row, table.width, columns);
  return columns.every(({ format }, c) => {
    const given = changes.rows[c];
    return given === undefined || sameCell(cells[c] as Vector, row, given, entry, format);
  });
}

/** Rows for a table of hidden keys. */
class HiddenRows {
  readonly #builders: VectorBuilder[];
  readonly #keys: Key[] = [];

  constructor(hidden: VersionedTable) {
    this.#builders = hidden.columns.map(({ format }: TreeColumn) => new VectorBuilder(format));
  }

  add(key: Key, old: RowRef, rowKey: readonly number[]): void {
    this.#keys.push(key);
    rowKey.forEach((ordinal, k) =>
      (this.#builders[k] as VectorBuilder).append(valueAt(old.columns[ordinal] as Vector, old.row)),
    );
  }

  changes(): RowChanges | null {
    const count = this.#keys.length;
    if (count === 0) return null;
    return {
      count,
      ops: new Uint8Array(count).fill(OP_INSERT),
      keys: this.#keys,
      rows: this.#builders.map((builder) => builder.view()),
      assigned: new Array<null>(count).fill(null),
    };
  }
}

function* found(table: VersionedTable, key: Key, seq: number): Task<RowRef | null> {
  for (;;) {
    const row = table.find(key, seq);
    if (row !== MISS) return row;
    yield* table.load(key, seq);
  }
}
