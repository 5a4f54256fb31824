/**
 * Foreign keys: what a changed row needs of its parents, and what a changed parent does to its children.
 *
 * Children are checked when the statement has made all its changes. A parent row that is deleted, or whose referenced
 * columns change, carries the change to its children (CASCADE, SET NULL, SET DEFAULT) or is refused while children
 * remain (NO ACTION, RESTRICT). Nulls reference nothing (MATCH SIMPLE); MATCH FULL refuses a mixture.
 */
import { DriftError } from '../../base/error.ts';
import { KeySet } from '../../base/key-set.ts';
import type { Task } from '../../base/task.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { ForeignKeyDef, TableDef } from '../../catalog/schema.ts';
import type { Key } from '../../table/table.ts';
import { KEY_SHARE } from '../../txn/lock/modes.ts';
import type { TableWrites } from '../../txn/table-writes.ts';
import { findRow, keyText, type ModifyTarget } from './target.ts';
import type { Pacer } from '../pacer.ts';
import { breathe } from './slices.ts';
import { checkCovered, firstUncovered } from './periods.ts';
import { tuple, tupleId } from './tuple.ts';
import { findByUnique } from './unique.ts';

/** Rows locked without a pause. */
const TAKEN_ROWS = 4096;

/** A foreign key seen from the table it references. */
export interface Reference {
  readonly child: TableDef;
  readonly key: ForeignKeyDef;
}

/** Checks that every live entry from `from` on has its parents; throws 23503. */
export function* checkParents(target: ModifyTarget, table: TableDef, from: number): Task<void> {
  const writes = target.writes(table.id);
  for (const key of table.foreignKeys) {
    if (target.defers(key)) continue;
    if (key.period !== undefined) {
      yield* checkCovered(target, table, key, from);
      continue;
    }
    const seen = new Set<string>();
    const parents = new KeySet();
    const found: Key[] = [];
    // Until all are noted at once, so that each is held from the moment it was found.
    const claim = target.guard?.claim(key.foreignTableId, parents, KEY_SHARE);
    for (let entry = from; entry < writes.count; entry++) {
      if ((entry & 255) === 255) yield* breathe(target.eval.cancellation);
      if (!writes.isLive(entry)) continue;
      const values = tuple(writes.rows(), key.columns, entry);
      if (values.some((value) => value === null)) {
        if (key.match === 'full' && values.some((value) => value !== null)) throw mixedNulls(table, key);
        continue;
      }
      const id = tupleId(values);
      if (seen.has(id)) continue;
      seen.add(id);
      const parent = yield* sharedParent(target, key, values);
      if (parent === null) throw missingParent(target, table, key, values);
      parents.add(parent);
      found.push(parent);
    }
    yield* takeParents(target, key.foreignTableId, found);
    claim?.drop();
  }
}

/** Locks rows that are claimed, some at a time. */
function* takeParents(target: ModifyTarget, tableId: number, keys: readonly Key[]): Task<void> {
  for (let start = 0; start < keys.length; start += TAKEN_ROWS) {
    if (start > 0) yield* breathe(target.eval.cancellation);
    target.guard?.take(tableId, keys.slice(start, start + TAKEN_ROWS), KEY_SHARE);
  }
}

/** The parent's key, when no other transaction is taking the row away or changing what is referred to. */
function* sharedParent(target: ModifyTarget, foreign: ForeignKeyDef, values: readonly Value[]): Task<Key | null> {
  const { guard } = target;
  const parent = { id: foreign.foreignTableId, name: target.catalog.byId(foreign.foreignTableId)?.name ?? '' };
  for (;;) {
    const key = yield* parentKey(target, foreign, values);
    if (key === null || guard === null || !guard.isShared(parent.id)) return key;
    if (!(yield* guard.wait(parent, key, KEY_SHARE))) return key;
  }
}

/** Foreign keys that reference a table, its own included. */
export function referencesTo(target: ModifyTarget, tableId: number): Reference[] {
  const references: Reference[] = [];
  for (const object of target.catalog.objects()) {
    if (object.kind !== 'table') continue;
    for (const key of object.foreignKeys) if (key.foreignTableId === tableId) references.push({ child: object, key });
  }
  return references;
}

/** The key of the parent row with these values, or null. */
export function* parentKey(target: ModifyTarget, foreign: ForeignKeyDef, values: readonly Value[]): Task<Key | null> {
  const parent = target.catalog.byId(foreign.foreignTableId);
  if (parent?.kind !== 'table') return null;
  const versioned = target.table(parent.id);
  if (sameColumns(parent.key, foreign.foreignColumns)) {
    const ordered = parent.key.map((ordinal) => values[foreign.foreignColumns.indexOf(ordinal)] ?? null);
    const key = versioned.encodeKey(ordered);
    return (yield* findRow(target, parent.id, key)) === null ? null : key;
  }
  for (const index of parent.indexes) {
    const columns = index.columns.map((part) => part.column);
    if (!index.unique || !sameColumns(columns, foreign.foreignColumns)) continue;
    const ordered = columns.map((ordinal) => values[foreign.foreignColumns.indexOf(ordinal)] ?? null);
    return yield* findByUnique(target, parent, index, ordered);
  }
  return null;
}

/** A child row that references one of the given parent values. */
export interface ChildRow {
  readonly key: Key;
  /** By ordinal. */
  readonly row: Value[];
  /** Which of the parents (position in the list asked for). */
  readonly parent: number;
}

/** Finds the rows of `child` that reference any of the parents' values: by index where there is one, else by one scan. */
export function* childrenOf(
  target: ModifyTarget,
  { child, key }: Reference,
  parents: readonly (readonly Value[])[],
): Task<ChildRow[]> {
  const wanted = new Map<string, number>();
  for (const [i, values] of parents.entries()) {
    if (values.every((value) => value !== null)) wanted.set(tupleId(values), i);
    if ((i & 1023) === 1023) yield* breathe(target.eval.cancellation);
  }
  const rows: ChildRow[] = [];
  if (wanted.size === 0) return rows;
  const reader = target.reader.table(child.id);
  const columns = target.table(child.id).columns.map((_, ordinal) => ordinal);
  const index = child.indexes.find((candidate) => {
    const leading = candidate.columns.slice(0, key.columns.length).map((part) => part.column);
    return sameColumns(leading, key.columns);
  });
  const sources =
    index !== undefined && wanted.size <= 64
      ? [...wanted.values()].map((i) => {
          const values = index.columns
            .slice(0, key.columns.length)
            .map((part) => parents[i]?.[key.columns.indexOf(part.column)] ?? null);
          const tree = reader.table.indexes.find((candidate) => candidate.id === index.id);
          return reader.scanIndex(index.id, { columns, range: tree?.prefixRange(values) });
        })
      : [reader.scan({ columns })];
  for (const source of sources) {
    for (;;) {
      const batch = yield* source.next();
      if (batch === null) break;
      for (let i = 0; i < batch.count; i++) {
        if ((i & 1023) === 1023) yield* breathe(target.eval.cancellation);
        const at = batch.selection === null ? i : (batch.selection[i] as number);
        const parent = wanted.get(tupleId(tuple(batch.columns, key.columns, at)));
        if (parent === undefined) continue;
        const row = columns.map((ordinal) => valueAt(batch.columns[ordinal] as Vector, at));
        rows.push({
          key: target.table(child.id).encodeKey(target.table(child.id).key.map((part) => row[part.column] ?? null)),
          row,
          parent,
        });
      }
    }
    source.close();
  }
  return rows;
}

/** Refuses to leave children without a parent; a parent with the same values may have come back in the meantime. */
export function* refuseOrphans(
  target: ModifyTarget,
  parent: TableDef,
  reference: Reference,
  parents: readonly (readonly Value[])[],
): Task<void> {
  const orphans =
    reference.key.period === undefined
      ? yield* withoutParent(target, reference, parents)
      : yield* withoutCover(target, reference, parents);
  for (const values of orphans) {
    throw new DriftError(
      '23503',
      `update or delete on table "${parent.name}" violates foreign key constraint "${reference.key.name}" on table "${reference.child.name}"`,
      {
        detail: `${keyText(target, parent, reference.key.foreignColumns.slice(0, values.length), values)} is still referenced from table "${reference.child.name}".`,
        schema: reference.child.schema,
        table: reference.child.name,
        constraint: reference.key.name,
      },
    );
  }
}

/** The parents' values that children still have and no parent. */
function* withoutParent(
  target: ModifyTarget,
  reference: Reference,
  parents: readonly (readonly Value[])[],
): Task<readonly (readonly Value[])[]> {
  let looked = 0;
  for (const { parent } of yield* childrenOf(target, reference, parents)) {
    if ((++looked & 255) === 255) yield* breathe(target.eval.cancellation);
    const values = parents[parent] as readonly Value[];
    if ((yield* parentKey(target, reference.key, values)) === null) return [values];
  }
  return [];
}

/** The same of children whose period is no longer covered. */
function* withoutCover(
  target: ModifyTarget,
  { child, key }: Reference,
  parents: readonly (readonly Value[])[],
): Task<readonly (readonly Value[])[]> {
  const size = key.columns.length - (key.period ?? 1);
  const scalars = {
    ...key,
    columns: key.columns.slice(0, size),
    foreignColumns: key.foreignColumns.slice(0, size),
  };
  const values = parents.map((all) => all.slice(0, size));
  const children = yield* childrenOf(target, { child, key: scalars }, values);
  const orphan = yield* firstUncovered(
    target,
    child,
    key,
    children.map(({ row }) => row),
  );
  return orphan === null ? [] : [orphan];
}

/** Positions of tuples that are gone or have changed. */
export function* changedTuples(
  before: readonly (readonly Value[])[],
  after: readonly (readonly Value[] | null)[],
  pacer: Pacer,
): Task<Set<number>> {
  const gone = new Set<number>();
  for (const [i, values] of before.entries()) {
    const now = after[i];
    if (now === null || now === undefined || tupleId(values) !== tupleId(now)) gone.add(i);
    if ((i & 1023) === 1023 && pacer.due()) yield* pacer.pause();
  }
  return gone;
}

export function liveEntries(writes: TableWrites, from: number): number[] {
  const entries: number[] = [];
  for (let entry = from; entry < writes.count; entry++) if (writes.isLive(entry)) entries.push(entry);
  return entries;
}

function sameColumns(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((ordinal) => b.includes(ordinal));
}

function missingParent(
  target: ModifyTarget,
  table: TableDef,
  key: ForeignKeyDef,
  values: readonly Value[],
): DriftError {
  const parent = target.catalog.byId(key.foreignTableId);
  const name = parent?.kind === 'table' ? parent.name : String(key.foreignTableId);
  return new DriftError(
    '23503',
    `insert or update on table "${table.name}" violates foreign key constraint "${key.name}"`,
    {
      detail: `${keyText(target, table, key.columns, values)} is not present in table "${name}".`,
      schema: table.schema,
      table: table.name,
      constraint: key.name,
    },
  );
}

function mixedNulls(table: TableDef, key: ForeignKeyDef): DriftError {
  return new DriftError(
    '23503',
    `insert or update on table "${table.name}" violates foreign key constraint "${key.name}"`,
    {
      detail: 'MATCH FULL does not allow mixing of null and nonnull key values.',
      table: table.name,
      constraint: key.name,
    },
  );
}
