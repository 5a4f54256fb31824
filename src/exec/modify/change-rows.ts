/**
 * Updating and deleting rows with all consequences: secondary uniqueness, parents, and the actions of foreign keys,
 * which come back here for the children. A chain of actions ends because a row that a statement has deleted or set is
 * not found again; cycles of updates are bounded by depth. What must hold of foreign keys is asked when the statement
 * is done (`target.checks`): tables may refer to each other, and a row that stands in the way may go by another path.
 */
import { DriftError } from '../../base/error.ts';
import { KeySet } from '../../base/key-set.ts';
import type { Task } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import { VectorBuilder } from '../../base/vector-builder.ts';
import type { ReferentialAction, TableDef } from '../../catalog/schema.ts';
import type { Key } from '../../table/table.ts';
import { concurrentChange } from '../../txn/lock/guard.ts';
import { FOR_UPDATE } from '../../txn/lock/modes.ts';
import {
  changedTuples,
  checkParents,
  type ChildRow,
  childrenOf,
  refuseOrphans,
  type Reference,
  referencesTo,
} from './constraints.ts';
import { type Pacer, UNPACED } from '../pacer.ts';
import { findFree, waitForKeys } from './key-waits.ts';
import { breathe, breathing } from './slices.ts';
import { duplicateKey, loggedColumns, type ModifyTarget, primaryKeyName } from './target.ts';
import type { Occasion } from './trigger-runner.ts';
import { afterRows, beforeRow, firing } from './triggers.ts';
import { checkUnique } from './unique.ts';

/** A row's key and its cells by ordinal. */
export interface KeyedRow {
  readonly key: Key;
  readonly row: readonly Value[];
}

const MAX_DEPTH = 200;
/** Rows between looks at the clock. */
const SLICE_ROWS = 1024;

/** How deep the actions are. */
export interface Chain {
  readonly depth: number;
}

/** That of a statement's own changes. */
export const UNCHAINED: Chain = { depth: 0 };

/** One action further down. */
function below({ depth }: Chain): Chain {
  if (depth >= MAX_DEPTH) throw new DriftError('54001', `foreign key actions are nested more than ${MAX_DEPTH} deep`);
  return { depth: depth + 1 };
}

/** Deletes rows and does what foreign keys ask for. */
export function* deleteRows(
  target: ModifyTarget,
  table: TableDef,
  rows: readonly KeyedRow[],
  pacer: Pacer = UNPACED,
  chain: Chain = UNCHAINED,
): Task<void> {
  const writes = target.writes(table.id);
  for (const [i, { key }] of rows.entries()) {
    writes.delete(key, true);
    if ((i & (SLICE_ROWS - 1)) === SLICE_ROWS - 1 && pacer.due()) yield* pacer.pause();
  }
  for (const reference of referencesTo(target, table.id)) {
    const before = rows.map(({ row }) => cellsOf(row, reference.key.foreignColumns));
    yield* follow(target, table, reference, {
      before,
      after: before.map(() => null),
      action: reference.key.onDelete,
      chain,
    });
  }
}

/** Replaces rows (their keys may change) and checks everything that the assigned ordinals can break. */
export function* updateRows(
  target: ModifyTarget,
  table: TableDef,
  change: {
    readonly before: readonly KeyedRow[];
    readonly after: readonly KeyedRow[];
    readonly assigned: readonly number[];
    /** Unique values and parents are checked by the caller, for all that its statement has written. */
    readonly isCheckedLater?: boolean | undefined;
  },
  pacer: Pacer = UNPACED,
  chain: Chain = UNCHAINED,
): Task<void> {
  const { before, after, assigned } = change;
  const logged = loggedColumns(table, assigned);
  const writes = target.writes(table.id);
  const from = writes.count;
  const moved = before.map((old, i) => old.key !== (after[i] as KeyedRow).key);
  if (target.guard?.sharesKeys(table.id) === true) yield* waitForMoves(target, table, after, moved);
  before.forEach((old, i) => {
    if (moved[i] === true) writes.delete(old.key, true);
  });
  for (let i = 0; i < after.length; i++) {
    const { key, row } = after[i] as KeyedRow;
    if (moved[i] === true && (yield* findFree(target, table, key)) !== null) {
      throw duplicateKey(target, table, primaryKeyName(table), table.key, cellsOf(row, table.key));
    }
    writes.put(key, row, moved[i] !== true, moved[i] === true ? null : logged);
    if ((i & (SLICE_ROWS - 1)) === SLICE_ROWS - 1 && pacer.due()) yield* pacer.pause();
  }
  if (change.isCheckedLater !== true) {
    if (moved.includes(true) || breaksUnique(table, assigned)) yield* checkUnique(target, table, from);
    if (table.foreignKeys.some((key) => touches(key.columns, assigned)))
      target.checks.push(() => checkParents(target, table, from));
  }
  for (const reference of referencesTo(target, table.id)) {
    if (!touches(reference.key.foreignColumns, assigned)) continue;
    yield* follow(target, table, reference, {
      before: before.map(({ row }) => cellsOf(row, reference.key.foreignColumns)),
      after: after.map(({ row }) => cellsOf(row, reference.key.foreignColumns)),
      action: reference.key.onUpdate,
      chain,
    });
  }
}

/** Whether assigned ordinals can make two rows equal in an index. */
export function breaksUnique(table: TableDef, assigned: readonly number[]): boolean {
  return table.indexes.some(
    (index) =>
      (index.unique || index.withoutOverlaps !== undefined) &&
      touches(
        index.columns.map((part) => part.column),
        assigned,
      ),
  );
}

/** Waits for the keys and unique values that rows are about to take. */
function* waitForMoves(
  target: ModifyTarget,
  table: TableDef,
  after: readonly KeyedRow[],
  moved: readonly boolean[],
): Task<void> {
  const rows = target.table(table.id).columns.map(({ format }, ordinal) => {
    const builder = new VectorBuilder(format, after.length);
    for (const { row } of after) builder.append(row[ordinal] ?? null);
    return builder.view();
  });
  const keys = moved.includes(true) ? after.map(({ key }) => key) : null;
  yield* waitForKeys(target, table, { keys, rows, to: after.length });
}

export interface ParentChange {
  readonly before: readonly (readonly Value[])[];
  readonly after: readonly (readonly Value[] | null)[];
  readonly action: ReferentialAction;
  readonly chain: Chain;
}

/** What becomes of children whose parents have changed. */
export function* follow(
  target: ModifyTarget,
  parent: TableDef,
  reference: Reference,
  change: ParentChange,
): Task<void> {
  const pacer = breathing(target.eval.cancellation);
  const gone = yield* changedTuples(change.before, change.after, pacer);
  if (gone.size === 0) return;
  if (change.action === 'no action' || change.action === 'restrict') {
    if (change.action === 'no action' && target.defers(reference.key)) return;
    const tuples = change.before.filter((_, i) => gone.has(i));
    const refuse = (): Task<void> => refuseOrphans(target, parent, reference, tuples);
    if (change.action === 'restrict') yield* refuse();
    else target.checks.push(refuse);
    return;
  }
  const children = yield* lockedChildren(target, reference, change.before);
  const moved: ChildRow[] = [];
  for (const [i, child] of children.entries()) {
    if (gone.has(child.parent)) moved.push(child);
    if ((i & (SLICE_ROWS - 1)) === SLICE_ROWS - 1) yield* pacer.pause();
  }
  if (moved.length === 0) return;
  const deleted = change.after.every((row) => row === null);
  if (change.action === 'cascade' && deleted) {
    yield* deleteChildren(target, reference.child, moved, below(change.chain));
    return;
  }
  const versioned = target.table(reference.child.id);
  const changed = moved.map((child) => {
    const row = [...child.row];
    const chosen = deleted ? reference.key.onDeleteColumns : undefined;
    reference.key.columns.forEach((ordinal, i) => {
      if (chosen === undefined || chosen.includes(ordinal))
        row[ordinal] = actionValue(target, reference, change, child, i);
    });
    return row;
  });
  const occasion: Occasion = { table: reference.child, event: 'update', assigned: reference.key.columns };
  const { before, rows } = yield* throughTriggers(target, occasion, moved, changed);
  yield* target.completeRows(reference.child, rows);
  const after = rows.map((row) => ({
    key: versioned.encodeKey(versioned.key.map((part) => row[part.column] ?? null)),
    row,
  }));
  const assigned =
    rows === changed
      ? [...reference.key.columns, ...generatedOf(reference.child)]
      : reference.child.columns.map(({ id }) => id);
  yield* updateRows(target, reference.child, { before, after, assigned }, pacer, below(change.chain));
  afterRows(target, occasion, { old: before.map(({ row }) => row), now: rows });
}

/** Children that an action changes, locked; looked for again where that took waiting. */
function* lockedChildren(
  target: ModifyTarget,
  reference: Reference,
  parents: readonly (readonly Value[])[],
): Task<readonly ChildRow[]> {
  const { guard } = target;
  const { child } = reference;
  const claimed = new KeySet();
  let isClaimed = false;
  for (;;) {
    const children = yield* childrenOf(target, reference, parents);
    if (guard === null || children.length === 0) return children;
    if (!isClaimed) guard.claim(child.id, claimed, FOR_UPDATE);
    isClaimed = true;
    let waited = false;
    for (const [i, { key }] of children.entries()) {
      if (guard.isBlocked(child.id, key, FOR_UPDATE)) waited = (yield* guard.wait(child, key, FOR_UPDATE)) || waited;
      claimed.add(key);
      if ((i & (SLICE_ROWS - 1)) === SLICE_ROWS - 1) yield* breathe(target.eval.cancellation);
    }
    if (waited) continue;
    if (!guard.readsCommitted && guard.isStale(child.id)) {
      for (const { key } of children) {
        const fate = yield* guard.fateOf(child.id, key);
        if (fate !== 'same') throw concurrentChange(fate);
      }
    }
    return children;
  }
}

/** Rows that an action changes, through the triggers before it; the same arrays where there are none. */
function* throughTriggers(
  target: ModifyTarget,
  occasion: Occasion,
  before: readonly KeyedRow[],
  changed: Value[][],
): Task<{ readonly before: readonly KeyedRow[]; readonly rows: Value[][] }> {
  if (firing(occasion.table, 'before', 'update', true, occasion.assigned).length === 0)
    return { before, rows: changed };
  const kept: KeyedRow[] = [];
  const rows: Value[][] = [];
  for (const [i, old] of before.entries()) {
    const row = yield* beforeRow(target, occasion, old.row, changed[i] ?? null);
    if (row === null) continue;
    kept.push(old);
    rows.push([...row]);
  }
  return { before: kept, rows };
}

/** Deletes the children of deleted rows, as far as their triggers let them go. */
function* deleteChildren(target: ModifyTarget, child: TableDef, rows: readonly KeyedRow[], chain: Chain): Task<void> {
  const occasion: Occasion = { table: child, event: 'delete', assigned: [] };
  let going = rows;
  if (firing(child, 'before', 'delete', true).length > 0) {
    const kept: KeyedRow[] = [];
    for (const row of rows) if ((yield* beforeRow(target, occasion, row.row, null)) !== null) kept.push(row);
    going = kept;
  }
  yield* deleteRows(target, child, going, breathing(target.eval.cancellation), chain);
  afterRows(target, occasion, { old: going.map(({ row }) => row), now: [] });
}

function actionValue(
  target: ModifyTarget,
  reference: Reference,
  change: ParentChange,
  child: ChildRow,
  i: number,
): Value {
  switch (change.action) {
    case 'cascade':
      return change.after[child.parent]?.[i] ?? null;
    case 'set default':
      return target.defaultOf(reference.child, reference.key.columns[i] as number);
    default:
      return null;
  }
}

function generatedOf(table: TableDef): number[] {
  return table.columns.flatMap((column) => (column.generated === undefined ? [] : [column.id]));
}

function cellsOf(row: readonly Value[], ordinals: readonly number[]): Value[] {
  return ordinals.map((ordinal) => row[ordinal] ?? null);
}

export function touches(columns: readonly number[], assigned: readonly number[]): boolean {
  return columns.some((column) => assigned.includes(column));
}
