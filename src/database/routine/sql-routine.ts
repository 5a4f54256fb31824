/** Functions and procedures in SQL: the body's statements one after another; the last one's rows are the result. */
import type { Task } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import type { RoutineDef } from '../../catalog/schema.ts';
import type { OuterNames } from '../../plan/bind.ts';
import { argumentNames } from '../../plan/bind-outer.ts';
import type { RoutineCall } from '../../sql/functions/function.ts';
import { parse } from '../../sql/parser/parser.ts';
import type { ResultSet } from '../api.ts';
import type { Scene } from '../statement.ts';
import { runUnit, type Unit, unitOf } from './nested.ts';
import { within, type RoutineRows } from './result.ts';

interface Body {
  readonly units: readonly Unit[];
  readonly names: OuterNames;
}

const bodies = new WeakMap<RoutineDef, Map<string, Body>>();

/** The body as read for these types of arguments. */
export function bodyOf({ def, argTypes }: Pick<RoutineCall, 'def' | 'argTypes'>): Body {
  let own = bodies.get(def);
  if (own === undefined) bodies.set(def, (own = new Map<string, Body>()));
  const key = argTypes.join(',');
  let body = own.get(key);
  if (body === undefined) {
    const args = argTypes.map((oid, index) => ({ kind: 'parameter' as const, index, type: { oid, typmod: -1 } }));
    body = { units: parse(def.body).map(unitOf), names: argumentNames(def, args) };
    own.set(key, body);
  }
  return body;
}

export function* runSqlRoutine(scene: Scene, call: RoutineCall, args: readonly Value[]): Task<RoutineRows> {
  const { units, names } = bodyOf(call);
  let result: ResultSet | null = null;
  for (const [i, unit] of units.entries()) {
    try {
      result = yield* runUnit(scene, unit, names, args);
    } catch (error) {
      throw within(error, `SQL function "${call.def.name}" statement ${i + 1}`);
    }
  }
  if (result === null) return { oids: [], names: [], columns: [], length: 0 };
  return {
    oids: result.fields.map((field) => field.dataTypeID),
    names: result.fields.map((field) => field.name),
    columns: result.columns,
    length: call.def.set ? result.rowCount : Math.min(1, result.rowCount),
  };
}
