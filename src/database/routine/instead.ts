/**
 * INSERT, UPDATE and DELETE of a view that has INSTEAD OF triggers: the rows are found by a query of the view, and each goes
 * through the triggers, which do what the change means. A row that they answer with NULL does not count.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Value, valueAt } from '../../base/vector.ts';
import type { TableDef, ViewDef } from '../../catalog/schema.ts';
import type { Cells, Occasion, TriggerEvent } from '../../exec/modify/trigger-runner.ts';
import { firing } from '../../exec/modify/triggers.ts';
import { vectorFromValues } from '../../exec/vectors.ts';
import type { Delete, Insert, Update } from '../../sql/ast-change.ts';
import type { Expression } from '../../sql/ast.ts';
import type { Query, Select, SelectTarget } from '../../sql/ast-query.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import { printName } from '../../sql/parser/print-name.ts';
import type { ResultSet } from '../api.ts';
import { planOf, RELATION, type Scene } from '../statement.ts';
import { convert } from './convert.ts';
import { triggerRunner } from './trigger.ts';

export type Change = Insert | Update | Delete;
type Run = (query: Query, relations?: Scene['relations']) => Task<ResultSet>;

/** Runs a change by the view's triggers; null where its target is no such view. */
export function* insteadOf(scene: Scene, statement: Change, run: Run): Task<ResultSet | null> {
  const { name } = statement.target;
  const view = scene.eval.catalog.relation(name.schema, name.name);
  if (view?.kind !== 'view') return null;
  const event: TriggerEvent = statement.kind;
  if (!(view.triggers ?? []).some(({ time, events }) => time === 'instead of' && events.includes(event))) return null;
  const table = yield* rowShape(scene, view);
  const occasion: Occasion = { table, event, assigned: assignedIn(statement, table) };
  const runner = triggerRunner(scene);
  const statementTriggers = function* (time: 'before' | 'after'): Task<void> {
    for (const trigger of firing(table, time, event, false, occasion.assigned))
      yield* runner.plain(trigger, occasion, { old: null, now: null, all: null });
  };
  yield* statementTriggers('before');
  const changes = yield* changesOf(scene, statement, table, run);
  const results: Cells[] = [];
  for (const { old, now } of changes) {
    let row = event === 'delete' ? old : now;
    for (const trigger of firing(table, 'instead of', event, true)) {
      if (row !== null) row = yield* runner.row(trigger, occasion, old, event === 'delete' ? null : row);
    }
    if (row !== null) results.push(row);
  }
  yield* statementTriggers('after');
  const answer = { command: statement.kind.toUpperCase(), affectedRows: results.length };
  if (statement.returning === undefined) return { ...answer, fields: [], columns: [], rowCount: 0 };
  return { ...(yield* returned(statement, statement.returning, table, results, run)), ...answer };
}

/** The view as triggers see it: a table of its columns. */
function* rowShape(scene: Scene, view: ViewDef): Task<TableDef> {
  const plan = yield* planOf({ ...scene, names: undefined }, queryOf(`SELECT * FROM ${nameOf(view)}`));
  const columns = (plan.fields ?? []).map(({ type }, id) => ({
    id,
    name: view.columns[id] ?? '',
    type,
    notNull: false,
  }));
  return {
    kind: 'table',
    id: view.id,
    schema: view.schema,
    name: view.name,
    columns,
    nextColumnId: columns.length,
    key: [],
    indexes: [],
    checks: [],
    foreignKeys: [],
    dropped: [],
    triggers: view.triggers,
  };
}

function nameOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${printName(schema)}.${printName(name)}`;
}

function queryOf(sql: string): Query {
  const statement = parseOne(sql);
  if (statement.kind !== 'query') throw new DriftError('XX000', `not a query: ${sql}`);
  return statement;
}

function columnIn(table: TableDef, name: string, position: number): number {
  const index = table.columns.findIndex((column) => column.name === name);
  if (index < 0)
    throw new DriftError('42703', `column "${name}" of relation "${table.name}" does not exist`, { position });
  return index;
}

function assignedIn(statement: Change, table: TableDef): number[] {
  if (statement.kind !== 'update') return [];
  return statement.set.flatMap(({ columns }) => columns.map(({ name, position }) => columnIn(table, name, position)));
}

interface RowChange {
  readonly old: Cells | null;
  readonly now: Cells | null;
}

function* changesOf(scene: Scene, statement: Change, table: TableDef, run: Run): Task<RowChange[]> {
  if (statement.kind === 'insert') return yield* inserted(scene, statement, table, run);
  const assignments = statement.kind === 'update' ? assignmentsOf(statement) : [];
  const result = yield* run(rowsQuery(statement, table, assignments));
  const width = table.columns.length;
  const indexes = assignedIn(statement, table);
  return Array.from({ length: result.rowCount }, (_, row) => {
    const cells = result.columns.map((column) => valueAt(column, row));
    const old = cells.slice(0, width);
    if (statement.kind === 'delete') return { old, now: null };
    const now = old.slice();
    indexes.forEach((index, i) => {
      now[index] = converted(scene, table, index, cells[width + i] ?? null, result.fields[width + i]?.dataTypeID ?? 0);
    });
    return { old, now };
  });
}

function converted(scene: Scene, table: TableDef, index: number, value: Value, from: number): Value {
  const type = table.columns[index]?.type;
  return type === undefined ? value : convert(scene, value, from, type);
}

function* inserted(scene: Scene, statement: Insert, table: TableDef, run: Run): Task<RowChange[]> {
  const { source, columns } = statement;
  if (statement.onConflict !== undefined)
    throw new DriftError(
      '0A000',
      'INSERT with ON CONFLICT clause cannot be used with table that has INSTEAD OF triggers',
    );
  if (source === undefined) return [{ old: null, now: table.columns.map(() => null) }];
  const query = withoutDefaults(source.with === undefined ? { ...source, with: statement.with } : source);
  const result = yield* run(query);
  const targets =
    columns?.map(({ name, position }) => columnIn(table, name, position)) ?? table.columns.map((_, index) => index);
  if (result.columns.length > targets.length)
    throw new DriftError('42601', 'INSERT has more expressions than target columns');
  if (columns !== undefined && result.columns.length < targets.length)
    throw new DriftError('42601', 'INSERT has more target columns than expressions');
  return Array.from({ length: result.rowCount }, (_, row) => {
    const now: Value[] = table.columns.map(() => null);
    result.columns.forEach((column, i) => {
      const index = targets[i] as number;
      now[index] = converted(scene, table, index, valueAt(column, row), result.fields[i]?.dataTypeID ?? 0);
    });
    return { old: null, now };
  });
}

/** DEFAULT in a view is null. */
function withoutDefaults(query: Query): Query {
  const { body } = query;
  if (body.kind !== 'values') return query;
  const rows = body.rows.map((row) => row.map(plainValue));
  return { ...query, body: { ...body, rows } };
}

function plainValue(value: Expression): Expression {
  return value.kind === 'default' ? { kind: 'null', position: value.position } : value;
}

function assignmentsOf({ set }: Update): Expression[] {
  return set.flatMap(({ columns, row, value, position }) => {
    if (columns.some(({ indirection }) => indirection.length > 0))
      throw new DriftError('0A000', 'assignment to a part of a column of a view is not supported', { position });
    if (!row || columns.length === 1) return [plainValue(value)];
    if (value.kind !== 'row' || value.fields.length !== columns.length)
      throw new DriftError(
        '0A000',
        'assignment of a row to columns of a view with INSTEAD OF triggers is not supported',
        {
          position,
        },
      );
    return value.fields.map(plainValue);
  });
}

/** The rows to change: the view's columns, then the values assigned. */
function rowsQuery(statement: Update | Delete, table: TableDef, values: readonly Expression[]): Query {
  const alias = printName(statement.target.alias ?? table.name);
  const columns = table.columns.map(({ name }) => `${alias}.${printName(name)}`);
  const query = queryOf(`SELECT ${columns.join(', ')} FROM ${nameOf(table)} AS ${alias}`);
  const body = query.body as Select;
  const targets = values.map((expression) => ({ expression, alias: undefined, position: expression.position }));
  const others = statement.kind === 'update' ? statement.from : statement.using;
  return {
    ...query,
    with: statement.with,
    body: {
      ...body,
      targets: [...body.targets, ...targets],
      from: [...body.from, ...others],
      where: statement.where,
    },
  };
}

/** RETURNING, over the rows as the triggers left them. */
function* returned(
  { target }: Change,
  targets: readonly SelectTarget[],
  table: TableDef,
  rows: readonly Cells[],
  run: Run,
): Task<ResultSet> {
  const name = target.alias ?? table.name;
  const query = queryOf(`SELECT 1 FROM ${printName(name)}`);
  const columns = table.columns.map((column) => ({ name: column.name, type: column.type }));
  const vectors = table.columns.map(({ id, type }) =>
    vectorFromValues(
      rows.map((row) => row[id] ?? null),
      type.oid,
    ),
  );
  const entry = {
    table: { id: RELATION + name, schema: '', name, columns },
    rows: { columns: vectors, length: rows.length },
  };
  return yield* run({ ...query, body: { ...(query.body as Select), targets } }, new Map([[name, entry]]));
}
