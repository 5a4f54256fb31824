/** Runs trigger functions: WHEN, the special variables of PL/pgSQL, and what the function returns. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import type { ColumnDef, RoutineDef, TableDef, TriggerDef } from '../../catalog/schema.ts';
import type { Cells, Changed, Occasion, TriggerRunner } from '../../exec/modify/trigger-runner.ts';
import { vectorFromValues } from '../../exec/vectors.ts';
import type { OuterNames, Relation } from '../../plan/bind.ts';
import { bindOuterExpression } from '../../plan/bind-outer.ts';
import type { BoundExpression } from '../../plan/expression.ts';
import { parseExpression } from '../../sql/parser/parser.ts';
import { SqlArray } from '../../sql/types/array.ts';
import { SqlRecord } from '../../sql/types/record.ts';
import { bindContextOf, evaluate, RELATION, type Scene } from '../statement.ts';
import { convert } from './convert.ts';
import { routineScene } from './nested.ts';
import { AbsentRecord } from './pl/body-names.ts';
import { Frame, giveFrame, takeFrame } from './pl/frame.ts';
import { compiledFor, runFrame } from './pl-routine.ts';

const BOOL = { oid: 16, typmod: -1 } as const;
const MAX_DEPTH = 100;

/** How a table's rows look to triggers: the same arrays for all of its rows. */
interface Shape {
  readonly columns: readonly ColumnDef[];
  readonly names: readonly string[];
  readonly oids: readonly number[];
}

const shapes = new WeakMap<TableDef, Shape>();

function shapeOf(table: TableDef): Shape {
  let shape = shapes.get(table);
  if (shape === undefined) {
    const columns = table.columns.filter((column) => column.hidden !== true);
    shape = { columns, names: columns.map(({ name }) => name), oids: columns.map(({ type }) => type.oid) };
    shapes.set(table, shape);
  }
  return shape;
}

function recordOf(table: TableDef, row: Cells | null): SqlRecord {
  const { columns, oids, names } = shapeOf(table);
  if (row === null)
    return new AbsentRecord(
      columns.map(() => null),
      oids,
      names,
    );
  return new SqlRecord(
    columns.map(({ id }) => row[id] ?? null),
    oids,
    names,
  );
}

/** The triggers of one statement. */
export function triggerRunner(scene: Scene): TriggerRunner {
  return {
    *row(trigger, occasion, old, now) {
      const rows = { old, now, all: null };
      if (!holds(scene, trigger, occasion, rows)) return occasion.event === 'delete' ? old : now;
      const result = yield* fire(scene, trigger, occasion, rows);
      if (result === null) return null;
      if (occasion.event === 'delete') return old;
      return cellsOf(scene, occasion.table, now ?? [], result);
    },
    *plain(trigger, occasion, rows) {
      if (holds(scene, trigger, occasion, rows)) yield* fire(scene, trigger, occasion, rows);
    },
  };
}

interface Rows {
  readonly old: Cells | null;
  readonly now: Cells | null;
  readonly all: Changed | null;
}

// ---- WHEN ------------------------------------------------------------------------------------------------------------

const conditions = new WeakMap<TriggerDef, { readonly version: number; readonly expression: BoundExpression }>();

function holds(scene: Scene, trigger: TriggerDef, { table }: Occasion, rows: Rows): boolean {
  if (trigger.when === undefined) return true;
  const { version } = scene.eval.catalog;
  let known = conditions.get(trigger);
  if (known === undefined || known.version !== version) {
    const expression = bindWhen(scene, trigger.when, table);
    known = { version, expression };
    conditions.set(trigger, known);
  }
  const { columns } = shapeOf(table);
  const parameters = [rows.now, rows.old].flatMap((row) => columns.map(({ id }) => row?.[id] ?? null));
  return evaluate({ ...scene, parameters }, known.expression) === true;
}

/** Binds WHEN: columns of NEW are the first parameters, those of OLD the next. */
export function bindWhen(scene: Scene, text: string, table: TableDef): BoundExpression {
  const { columns } = shapeOf(table);
  const relation = (name: string, from: number): Relation => ({
    schema: undefined,
    name,
    columns: columns.map(({ name: own, type }, i) => ({
      name: own,
      expression: { kind: 'parameter', index: from + i, type },
    })),
    pseudo: [],
    table: null,
  });
  const names: OuterNames = {
    conflict: 'column',
    column: () => undefined,
    relation(_, name) {
      if (name === 'new') return relation(name, 0);
      return name === 'old' ? relation(name, columns.length) : undefined;
    },
    parameter: () => undefined,
  };
  return bindOuterExpression(parseExpression(text), BOOL, bindContextOf({ ...scene, names }));
}

// ---- the function ----------------------------------------------------------------------------------------------------

function* fire(scene: Scene, trigger: TriggerDef, occasion: Occasion, rows: Rows): Task<SqlRecord | null> {
  if (scene.depth >= MAX_DEPTH)
    throw new DriftError('54001', 'stack depth limit exceeded', {
      hint: `Triggers and routines call each other at most ${MAX_DEPTH} deep.`,
    });
  const def = scene.transaction.catalog.byId(trigger.routineId);
  if (def?.kind !== 'routine') throw new DriftError('42883', `function of trigger "${trigger.name}" does not exist`);
  const relations = transitions(trigger, occasion, rows.all);
  const compiled = compiledFor(def, `trigger ${occasion.table.id} ${trigger.id}`);
  const make = (): Frame => {
    const inner = routineScene(scene, def.volatility !== 'volatile');
    return new Frame(relations === undefined ? inner : { ...inner, relations }, compiled, def, []);
  };
  const frame = relations === undefined ? takeFrame(scene, trigger, make) : make();
  setSpecial(frame, trigger, occasion, rows);
  const result = yield* run(frame, def);
  if (relations === undefined) giveFrame(scene, trigger, frame);
  return result;
}

function* run(frame: Frame, def: RoutineDef): Task<SqlRecord | null> {
  let result: Value = null;
  let returned = false;
  const refuse = (): never => {
    throw new DriftError('42804', 'cannot use RETURN NEXT in a non-SETOF function');
  };
  yield* runFrame(frame, {
    type: null,
    one(value) {
      returned = true;
      result = value;
    },
    next: refuse,
    outs: refuse,
    rows: refuse,
  });
  const where = `PL/pgSQL function ${frame.compiled.signature}`;
  if (!returned)
    throw new DriftError('2F005', 'control reached end of trigger procedure without RETURN').inContext(where);
  if (result === null || (result as Value) instanceof SqlRecord) return result;
  throw new DriftError('42804', `cannot return non-composite value from function ${def.name}`).inContext(where);
}

function setSpecial(frame: Frame, trigger: TriggerDef, { table, event }: Occasion, rows: Rows): void {
  const values: Readonly<Record<string, Value>> = {
    new: recordOf(table, trigger.row && event !== 'delete' ? rows.now : null),
    old: recordOf(table, trigger.row && event !== 'insert' ? rows.old : null),
    tg_name: trigger.name,
    tg_when: trigger.time.toUpperCase(),
    tg_level: trigger.row ? 'ROW' : 'STATEMENT',
    tg_op: event.toUpperCase(),
    tg_relid: table.id,
    tg_relname: table.name,
    tg_table_name: table.name,
    tg_table_schema: table.schema,
    tg_nargs: trigger.args.length,
    tg_argv:
      trigger.args.length === 0 ? SqlArray.of([], 25) : new SqlArray([trigger.args.length], [0], trigger.args, 25),
  };
  for (const [name, datum] of frame.compiled.body.special) frame.values[datum] = values[name] ?? null;
}

/** The row that a function gave back, by ordinal; hidden columns stay. */
function cellsOf(scene: Scene, table: TableDef, before: Cells, result: SqlRecord): Cells {
  const { columns } = shapeOf(table);
  if (result.values.length !== columns.length) {
    throw new DriftError('42804', 'returned row structure does not match the structure of the triggering table', {
      detail: `Number of returned columns (${result.values.length}) does not match expected column count (${columns.length}).`,
    });
  }
  const row = before.slice();
  columns.forEach(({ id, type }, i) => {
    row[id] = convert(scene, result.values[i] ?? null, result.oids[i] ?? type.oid, type);
  });
  return row;
}

/** The relations that REFERENCING names, as virtual tables. */
function transitions({ oldTable, newTable }: TriggerDef, { table }: Occasion, all: Changed | null): Scene['relations'] {
  if (all === null || (oldTable === undefined && newTable === undefined)) return undefined;
  const { columns } = shapeOf(table);
  const entry = (name: string, rows: readonly Cells[]) => ({
    table: {
      id: RELATION + name,
      schema: '',
      name,
      columns: columns.map((column) => ({ name: column.name, type: column.type })),
    },
    rows: {
      columns: columns.map(({ id, type }) =>
        vectorFromValues(
          rows.map((row) => row[id] ?? null),
          type.oid,
        ),
      ),
      length: rows.length,
    },
  });
  const relations = new Map<string, ReturnType<typeof entry>>();
  if (oldTable !== undefined) relations.set(oldTable, entry(oldTable, all.old));
  if (newTable !== undefined) relations.set(newTable, entry(newTable, all.now));
  return relations;
}
