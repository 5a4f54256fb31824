/**
 * DIFF BRANCH a, b: what is another on b than on a, found among the keys that either has changed since they had a state
 * in common, so at the cost of the changes. Of all tables it gives counts, of one the rows as JSON objects of texts.
 */
import { DriftError } from '../../base/error.ts';
import { KeySet } from '../../base/key-set.ts';
import { PAUSE, type Task } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import { definitionText } from '../../catalog/user-types.ts';
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
import { branchNamed, coreOf } from './lines.ts';
import { baseOf, changedKeys, dataTables, type LineState, rowsAt, rowText, SLICE_ROWS, stateOf } from './three-way.ts';

const [INT8, TEXT] = [20, 25];

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
    const found = [a, b].map(({ catalog }) => catalog.relation(table.schema, table.name));
    const known = found[1] ?? found[0];
    if (known?.kind !== 'table') throw new DriftError('42P01', `relation "${table.name}" does not exist`, { position });
    const rows = yield* differences(scene, a, b, known.id, first);
    return result([
      ['diff_type', TEXT, rows.map(({ type }) => type)],
      ['row_key', TEXT, rows.map(({ key }) => key)],
      ['from_row', TEXT, rows.map((row) => row.from)],
      ['to_row', TEXT, rows.map((row) => row.to)],
    ]);
  }
  const tables = new Map([...dataTables(a.catalog), ...dataTables(b.catalog)].map((def) => [def.id, def]));
  const counted: (readonly [TableDef, readonly Difference[], string | null])[] = [];
  for (const def of tables.values()) {
    const [then, now] = [a.catalog.byId(def.id), b.catalog.byId(def.id)];
    const schema =
      then === undefined
        ? 'only on the second'
        : now === undefined
          ? 'only on the first'
          : definitionText(then) === definitionText(now)
            ? null
            : 'defined otherwise';
    const rows = yield* differences(scene, a, b, def.id, first);
    if (rows.length > 0 || schema !== null) counted.push([def, rows, schema]);
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

function* differences(scene: Scene, a: LineState, b: LineState, id: number, since: number): Task<Difference[]> {
  const defs = [a, b].map(({ catalog }) => catalog.byId(id)).filter((def) => def?.kind === 'table') as TableDef[];
  const def = defs.at(-1) as TableDef;
  const keys: Key[] = [];
  const cells: (readonly Value[])[] = [];
  const seen = new KeySet();
  for (const { core, seq, catalog } of [a, b])
    if (catalog.byId(id)?.kind === 'table')
      for (const [i, [key, values]] of (yield* changedKeys(core.store.table(id), since, seq)).entries()) {
        if (i % SLICE_ROWS === SLICE_ROWS - 1) yield PAUSE;
        if (seen.has(key)) continue;
        seen.add(key);
        keys.push(key);
        cells.push(values);
      }
  const [before, after] = [rowsAt(a, id), rowsAt(b, id)];
  const rows: Difference[] = [];
  const columnsOf = (state: LineState): TableDef['columns'] => {
    const own = state.catalog.byId(id);
    return own?.kind === 'table' ? own.columns : [];
  };
  for (const [i, at] of (yield* sortedInSlices(Int32Array.from(keys.keys()), keys)).entries()) {
    if (i % SLICE_ROWS === SLICE_ROWS - 1) yield PAUSE;
    const key = keys[at] as Key;
    const from = yield* rowText(before, key, columnsOf(a), scene.eval);
    const to = yield* rowText(after, key, columnsOf(b), scene.eval);
    const [was, now] = [
      from === null ? null : jsonRow(columnsOf(a), from),
      to === null ? null : jsonRow(columnsOf(b), to),
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
