/** What changes of a table mean for one of its indexes, and the entries of an index that is made. */
import { assert } from '../base/error.ts';
import { PAUSE, type Task } from '../base/task.ts';
import { BATCH_ROWS, type Value, valueAt, type Vector } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import type { KeyCodec } from './key.ts';
import {
  type Key,
  MISS,
  OP_DELETE,
  OP_INSERT,
  OP_NONE,
  OP_UPDATE,
  type RowChanges,
  type TreeColumn,
  type VersionedTree,
} from './table.ts';

/** Entries between two pauses. */
const SLICE_ENTRIES = 1024;

type Rows = Pick<VersionedTree, 'id' | 'find' | 'scan'>;

interface Index {
  readonly columns: readonly TreeColumn[];
  /** Table ordinals of the columns. */
  readonly sources: readonly number[];
  readonly codec: KeyCodec;
}

/** `newColumn` gives a column of the rows after the changes. REQUIRES: the leaves that they touch are in memory. */
export function indexChanges(
  table: Rows,
  index: Index,
  changes: RowChanges,
  newColumn: (ordinal: number) => Vector,
): RowChanges {
  const collected = new ChangeCollector(index.columns);
  collect(collected, { table, index, changes, newColumn }, 0, changes.count);
  return collected.changes();
}

/** The same with pauses, for very many. */
export function* indexChangesInSlices(
  table: Rows,
  index: Index,
  changes: RowChanges,
  newColumn: (ordinal: number) => Vector,
): Task<RowChanges> {
  const collected = new ChangeCollector(index.columns);
  for (let start = 0; start < changes.count; start += SLICE_ENTRIES) {
    const end = Math.min(start + SLICE_ENTRIES, changes.count);
    collect(collected, { table, index, changes, newColumn }, start, end);
    yield PAUSE;
  }
  return collected.changes();
}

interface Source {
  readonly table: Rows;
  readonly index: Index;
  readonly changes: RowChanges;
  readonly newColumn: (ordinal: number) => Vector;
}

function collect(
  collected: ChangeCollector,
  { table, index, changes, newColumn }: Source,
  start: number,
  end: number,
): void {
  const columns = index.sources.map((ordinal) => newColumn(ordinal));
  for (let entry = start; entry < end; entry++) {
    const op = changes.ops[entry] as number;
    if (op === OP_NONE) continue;
    const assigned = changes.assigned[entry] ?? null;
    if (op === OP_UPDATE && assigned !== null && !index.sources.some((ordinal) => assigned.includes(ordinal))) continue;
    const after = op === OP_DELETE ? null : columns.map((column) => valueAt(column, entry));
    if (op === OP_INSERT) {
      collected.add(OP_INSERT, index.codec.encode(after as Value[]), after as Value[]);
      continue;
    }
    const old = table.find(changes.keys[entry] as Key, Number.MAX_SAFE_INTEGER);
    assert(old !== null && old !== MISS, `change of a key that does not exist in table ${table.id}`);
    const before = index.sources.map((ordinal) => valueAt(old.columns[ordinal] as Vector, old.row));
    const oldKey = index.codec.encode(before);
    if (after === null) {
      collected.add(OP_DELETE, oldKey, before);
      continue;
    }
    const newKey = index.codec.encode(after);
    if (newKey === oldKey) {
      collected.add(OP_UPDATE, newKey, after);
    } else {
      collected.add(OP_DELETE, oldKey, before);
      collected.add(OP_INSERT, newKey, after);
    }
  }
}

/** Entries for the rows that are current at a sequence number. */
export function* entriesOf(table: Rows, index: Index, seq: number): Task<RowChanges> {
  const distinct = [...new Set(index.sources)];
  const source = table.scan({ seq, columns: distinct });
  const collected = new ChangeCollector(index.columns);
  try {
    for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) {
      assert(batch.length <= BATCH_ROWS, 'a batch is too long');
      const columns = index.sources.map((ordinal) => batch.columns[distinct.indexOf(ordinal)] as Vector);
      for (let i = 0; i < batch.count; i++) {
        const row = batch.selection === null ? i : (batch.selection[i] as number);
        const values = columns.map((column) => valueAt(column, row));
        collected.add(OP_INSERT, index.codec.encode(values), values);
        if (i % SLICE_ENTRIES === SLICE_ENTRIES - 1) yield PAUSE;
      }
    }
  } finally {
    source.close();
  }
  return collected.changes();
}

class ChangeCollector {
  readonly #builders: VectorBuilder[];
  #ops = new Uint8Array(16);
  readonly #keys: Key[] = [];

  constructor(columns: readonly TreeColumn[]) {
    this.#builders = columns.map((column) => new VectorBuilder(column.format));
  }

  add(op: number, key: Key, row: readonly Value[]): void {
    const count = this.#keys.push(key);
    if (count > this.#ops.length) {
      const bigger = new Uint8Array(count * 2);
      bigger.set(this.#ops);
      this.#ops = bigger;
    }
    this.#ops[count - 1] = op;
    for (let c = 0; c < this.#builders.length; c++) (this.#builders[c] as VectorBuilder).append(row[c] as Value);
  }

  changes(): RowChanges {
    const count = this.#keys.length;
    return {
      count,
      ops: this.#ops.slice(0, count),
      keys: this.#keys,
      rows: this.#builders.map((builder) => builder.view()),
      // Any column may differ.
      assigned: [],
    };
  }
}
