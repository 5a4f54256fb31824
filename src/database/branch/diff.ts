/**
 * DIFF BRANCH a, b: what is another on b than on a, found among the keys that either has changed since they had a state
 * in common, so at the cost of the changes. Of all tables it gives counts, of one the rows as JSON objects of texts.
 */
import { DriftError } from '../../base/error.ts';
import { KeySet } from '../../base/key-set.ts';
import { PAUSE, type Task } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import { definitionText } from '../../catalog/user-types.ts';
import type { CatalogState } from '../../catalog/catalog.ts';
import type { TableDef } from '../../catalog/schema.ts';
import { vectorFromValues } from '../../exec/vectors.ts';
import type { BranchAction } from '../../sql/ast-branch.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { sortedInSlices } from '../../table/sliced-order.ts';
import type { Key } from '../../table/table.ts';
import type { ResultSet } from '../api.ts';
import type { Scene } from '../statement.ts';
import { keyNamesOf } from './apply-rows.ts';
import { jsonRow } from './conflicts.ts';
import { shareRowIds, tableOn } from './definitions.ts';
import { branchNamed, coreOf } from './lines.ts';
import { baseOf, changedKeys, dataTables, type LineState, rowsAt, rowText, SLICE_ROWS, stateOf } from './three-way.ts';

const [INT8, TEXT] = [20, 25];
/** No object has it. */
const NO_TABLE = -1;

interface Difference {
  readonly type: 'added' | 'removed' | 'modified';
  readonly key: string;
  readonly from: string | null;
  readonly to: string | null;
}

export function* diffBranches(
  scene: Scene,
  { from, to, table }: Extract<BranchAction, { do: 'diff' }>,
  position: number,
): Task<ResultSet> {
  const { core } = scene;
  const seq = core.manager.published;
  const a = yield* stateOf(yield* coreOf(core, branchNamed(core, from, position)), seq);
  const b = yield* stateOf(yield* coreOf(core, branchNamed(core, to, position)), seq);
  const { since } = yield* baseOf(a, b.core);
  const other = yield* baseOf(b, a.core);
  const first = Math.min(since, other.since);
  if (table !== undefined) {
    const [there, here] = [b, a].map(({ catalog }) => catalog.relation(table.schema, table.name));
    const known = there?.kind === 'table' ? there : here;
    if (known?.kind !== 'table') throw new DriftError('42P01', `relation "${table.name}" does not exist`, { position });
    const pair = pairs(a.catalog, b.catalog).find(({ then, now }) => (known === there ? now : then)?.id === known.id);
    const rows = pair === undefined ? [] : yield* differences(scene, a, b, pair, first);
    return result([
      ['diff_type', TEXT, rows.map(({ type }) => type)],
      ['row_key', TEXT, rows.map(({ key }) => key)],
      ['from_row', TEXT, rows.map((row) => row.from)],
      ['to_row', TEXT, rows.map((row) => row.to)],
    ]);
  }
  const counted: (readonly [TableDef, readonly Difference[], string | null])[] = [];
  for (const pair of pairs(a.catalog, b.catalog)) {
    const schema = schemaChange(pair);
    const rows = yield* differences(scene, a, b, pair, first);
    if (rows.length > 0 || schema !== null) counted.push([(pair.now ?? pair.then) as TableDef, rows, schema]);
  }
  const count = (type: Difference['type']): number[] =>
    counted.map(([, rows]) => rows.filter((row) => row.type === type).length);
  return result([
    ['table_schema', TEXT, counted.map(([def]) => def.schema)],
    ['table_name', TEXT, counted.map(([def]) => def.name)],
    ['rows_added', INT8, count('added')],
    ['rows_removed', INT8, count('removed')],
    ['rows_modified', INT8, count('modified')],
    ['schema_change', TEXT, counted.map(([, , schema]) => schema)],
  ]);
}

/** A table as the two lines have it. */
interface Pair {
  readonly then: TableDef | undefined;
  readonly now: TableDef | undefined;
}

/** Tables of two lines: one of both, or one that a merge has made after the other. */
function pairs(a: CatalogState, b: CatalogState): Pair[] {
  const found: Pair[] = [];
  const paired = new Set<number>();
  for (const now of dataTables(b)) {
    const then = tableOn(now, a);
    // Ids of rows of two tables say nothing of each other.
    const comparable = then !== undefined && (shareRowIds(then, now) || !hasHiddenKey(now));
    if (comparable) paired.add(then.id);
    found.push({ then: comparable ? then : undefined, now });
  }
  const rest = dataTables(a).filter(({ id }) => !paired.has(id));
  return [...rest.map((then) => ({ then, now: undefined })), ...found];
}

function hasHiddenKey({ columns, key }: TableDef): boolean {
  return columns.some(({ id, hidden }) => hidden === true && key.includes(id));
}

function schemaChange({ then, now }: Pair): string | null {
  if (then === undefined) return 'only on the second';
  if (now === undefined) return 'only on the first';
  const same = then.id === now.id ? definitionText(then) === definitionText(now) : shapeOf(then) === shapeOf(now);
  return same ? null : 'defined otherwise';
}

/** What two tables under ids of their own have in common where they are defined alike. */
function shapeOf({ name, columns, key, indexes, checks }: TableDef): string {
  const names = new Map(columns.map((column) => [column.id, column.name]));
  return JSON.stringify([
    name,
    columns
      .filter(({ hidden }) => hidden !== true)
      .map(({ name: column, type, notNull, default: value, generated, identity }) => [
        column,
        type,
        notNull,
        value,
        generated,
        identity,
      ]),
    key.map((id) => names.get(id)),
    indexes.map((index) => [index.unique, index.where, index.columns.map(({ column }) => names.get(column))]),
    checks,
  ]);
}

function* differences(scene: Scene, a: LineState, b: LineState, pair: Pair, since: number): Task<Difference[]> {
  const def = (pair.now ?? pair.then) as TableDef;
  const keys: Key[] = [];
  const cells: (readonly Value[])[] = [];
  const seen = new KeySet();
  for (const [{ core, seq }, own] of [[a, pair.then] as const, [b, pair.now] as const])
    if (own !== undefined)
      for (const [i, [key, values]] of (yield* changedKeys(core.store.table(own.id), since, seq)).entries()) {
        if (i % SLICE_ROWS === SLICE_ROWS - 1) yield PAUSE;
        if (seen.has(key)) continue;
        seen.add(key);
        keys.push(key);
        cells.push(values);
      }
  const [before, after] = [rowsAt(a, pair.then?.id ?? NO_TABLE), rowsAt(b, pair.now?.id ?? NO_TABLE)];
  const rows: Difference[] = [];
  const [columnsThen, columnsNow] = [pair.then?.columns ?? [], pair.now?.columns ?? []];
  for (const [i, at] of (yield* sortedInSlices(Int32Array.from(keys.keys()), keys)).entries()) {
    if (i % SLICE_ROWS === SLICE_ROWS - 1) yield PAUSE;
    const key = keys[at] as Key;
    const from = yield* rowText(before, key, columnsThen, scene.eval);
    const to = yield* rowText(after, key, columnsNow, scene.eval);
    const [was, now] = [
      from === null ? null : jsonRow(columnsThen, from),
      to === null ? null : jsonRow(columnsNow, to),
    ];
    if (was === now) continue;
    const values = cells[at] as readonly Value[];
    const texts = def.key.map((column, k) => {
      const type = def.columns.find((candidate) => candidate.id === column)?.type;
      const value = values[k] ?? null;
      return value === null || type === undefined ? value : typeByOid(type.oid).output(value, scene.eval);
    });
    const keyJson = JSON.stringify(Object.fromEntries(keyNamesOf(def).map((name, k) => [name, String(texts[k])])));
    rows.push({
      type: was === null ? 'added' : now === null ? 'removed' : 'modified',
      key: keyJson,
      from: was,
      to: now,
    });
  }
  return rows;
}

function result(columns: readonly (readonly [string, number, readonly (string | number | null)[]])[]): ResultSet {
  return {
    command: 'DIFF BRANCH',
    fields: columns.map(([name, oid]) => ({ name, dataTypeID: oid, typeModifier: -1, tableID: 0, columnID: 0 })),
    columns: columns.map(([, oid, values]) => vectorFromValues([...values], oid)),
    rowCount: columns[0]?.[2].length ?? 0,
    affectedRows: null,
  };
}
