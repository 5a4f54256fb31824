/**
 * Calling routines: from an expression (one value), from FROM and select lists (a set), by CALL.
 *
 * Whatever the language, a body is read once for each definition and each list of argument types, runs one level
 * further down (calls nest up to a limit: 54001), under the settings that the definition brings, and its errors say in
 * `where` through which calls they came.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Value, valueAt } from '../../base/vector.ts';
import type { RoutineDef } from '../../catalog/schema.ts';
import { makeRecord } from '../../exec/composite.ts';
import type { SystemRows } from '../../exec/run.ts';
import { vectorFromValues } from '../../exec/vectors.ts';
import { attributesOf } from '../../plan/bind-outer.ts';
import type { EngineCall, RoutineCall } from '../../sql/functions/function.ts';
import { SqlRecord } from '../../sql/types/record.ts';
import { callAdvisory } from '../advisory.ts';
import { callFeed } from '../history/feeds.ts';
import { callProof } from '../proof/calls.ts';
import type { RoutineRunner, Scene } from '../statement.ts';
import { convert } from './convert.ts';
import { routineScene } from './nested.ts';
import type { RoutineRows } from './result.ts';
import { insteadOf } from './instead.ts';
import { runPlRoutine } from './pl-routine.ts';
import { runSqlRoutine } from './sql-routine.ts';
import { triggerRunner } from './trigger.ts';

const MAX_DEPTH = 150;
const RECORD = 2249;
const VOID = 2278;

/** Runs a call for one value; null where the body gives no row. */
function* callRoutine(scene: Scene, call: RoutineCall | EngineCall, args: readonly Value[]): Task<Value> {
  if ('advisory' in call) return yield* callAdvisory(scene, call, args);
  if ('feed' in call) return yield* callFeed(scene, call, args);
  if ('proof' in call) return yield* callProof(scene, call, args);
  const rows = yield* runBody(scene, call, args);
  // A void is empty, and not null.
  if (call.returns.oid === VOID) return '';
  if (rows.length === 0) return null;
  return rowOf(scene, call, rows, 0);
}

/** Runs a call for all its rows, in the columns that the call declares. */
function* callRoutineSet(scene: Scene, call: RoutineCall, args: readonly Value[]): Task<SystemRows> {
  const rows = yield* runBody(scene, call, args);
  const { columns } = call;
  if (!call.def.set && rows.length === 0)
    return { columns: columns.map(({ type }) => vectorFromValues([null], type.oid)), length: 1 };
  if (
    columns.length === rows.columns.length &&
    columns.every(({ type }, i) => type.oid === rows.oids[i] && type.typmod === -1)
  )
    return rows;
  const cells: Value[][] = columns.map(() => []);
  const single = !call.row;
  for (let row = 0; row < rows.length; row++) {
    if (single) (cells[0] as Value[]).push(rowOf(scene, call, rows, row));
    else fieldsOf(scene, call, rows, row).forEach((value, c) => (cells[c] as Value[]).push(value));
  }
  return {
    columns: cells.map((values, c) => vectorFromValues(values, columns[c]?.type.oid ?? 0)),
    length: rows.length,
  };
}

function* runBody(scene: Scene, call: RoutineCall, args: readonly Value[]): Task<RoutineRows> {
  const { def } = call;
  if (scene.depth >= MAX_DEPTH) throw tooDeep();
  // A procedure that brings settings cannot end the transaction, which would end them.
  const turns = def.procedure && def.settings === undefined ? scene.turns : undefined;
  const inner = (): Scene => ({ ...routineScene(scene, def.volatility !== 'volatile'), turns });
  const restore = applySettings(scene, def);
  try {
    return yield* def.language === 'sql' ? runSqlRoutine(inner(), call, args) : runPlRoutine(scene, inner, call, args);
  } catch (error) {
    if (error instanceof RangeError && /call stack/i.test(error.message)) throw tooDeep();
    throw error;
  } finally {
    restore();
  }
}

function applySettings({ settings }: Scene, { settings: own }: RoutineDef): () => void {
  if (own === undefined) return () => undefined;
  const before = own.map(([name]) => [name, settings.get(name)] as const);
  for (const [name, value] of own) settings.set(name, value, true);
  return () => {
    for (const [name, value] of before) settings.set(name, value ?? null, true);
  };
}

function tooDeep(): DriftError {
  return new DriftError('54001', 'stack depth limit exceeded', {
    hint: `Routines call each other at most ${MAX_DEPTH} deep.`,
  });
}

/** One row as the call's value: the single column's, or a record. */
function rowOf(scene: Scene, call: RoutineCall, rows: RoutineRows, row: number): Value {
  const { columns } = call;
  const [only] = columns;
  if (call.row || only === undefined) {
    return makeRecord(
      fieldsOf(scene, call, rows, row),
      columns.map(({ type }) => type.oid),
      columns.map(({ name }) => name),
    );
  }
  const values = rows.columns.map((column) => valueAt(column, row));
  if (only.type.oid === RECORD && !(rows.columns.length === 1 && rows.oids[0] === RECORD))
    return makeRecord(values, rows.oids, rows.names);
  return convert(scene, values[0] ?? null, rows.oids[0] ?? only.type.oid, only.type);
}

function isRecord(oid: number): boolean {
  return oid === RECORD || attributesOf({ oid, typmod: -1 }) !== null;
}

/** One row in the columns that the call declares; a single record is taken apart. */
function fieldsOf(scene: Scene, call: RoutineCall, rows: RoutineRows, row: number): Value[] {
  let values: readonly Value[] = rows.columns.map((column) => valueAt(column, row));
  let { oids } = rows;
  const [first] = values;
  if (
    rows.columns.length === 1 &&
    call.columns.length > 0 &&
    call.row &&
    (first instanceof SqlRecord || isRecord(rows.oids[0] ?? 0))
  ) {
    if (!(first instanceof SqlRecord)) return call.columns.map(() => null);
    values = first.values;
    ({ oids } = first);
  }
  if (values.length !== call.columns.length) {
    throw new DriftError('42804', 'structure of query does not match function result type', {
      detail: `Number of returned columns (${values.length}) does not match expected column count (${call.columns.length}).`,
    });
  }
  return call.columns.map(({ type }, i) => convert(scene, values[i] ?? null, oids[i] ?? type.oid, type));
}

export const routineRunner: RoutineRunner = {
  call: callRoutine,
  callSet: callRoutineSet,
  triggers: triggerRunner,
  instead: insteadOf,
};
