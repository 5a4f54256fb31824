/** What CREATE FUNCTION refuses of a body: what cannot be read or bound, and a result of another type than declared. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { RoutineDef } from '../../catalog/schema.ts';
import { isBindable } from '../../plan/bind.ts';
import { attributesOf, inputsOf, isRow, resultColumns } from '../../plan/bind-outer.ts';
import type { Plan } from '../../plan/plan.ts';
import { coercionPath } from '../../sql/resolve.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { Scene } from '../statement.ts';
import { planUnit, routineScene } from './nested.ts';
import { checkPlRoutine } from './pl-routine.ts';
import { within } from './result.ts';
import { bodyOf } from './sql-routine.ts';

const POLYMORPHIC: ReadonlySet<number> = new Set([2276, 2277, 2283, 2776]);
const RECORD = 2249;
const VOID = 2278;
const UNKNOWN = 705;

export function* checkRoutine(scene: Scene, def: RoutineDef): Task<void> {
  const inner = routineScene(scene, false);
  try {
    if (def.language === 'plpgsql') checkPlRoutine(inner, def);
    else yield* checkSql(inner, def);
  } catch (error) {
    throw def.language === 'sql' ? within(error, `SQL function "${def.name}"`) : error;
  }
}

function* checkSql(scene: Scene, def: RoutineDef): Task<void> {
  const argTypes = inputsOf(def).map(({ type }) => type.oid);
  const { units, names } = bodyOf({ def, argTypes });
  if (argTypes.some((oid) => POLYMORPHIC.has(oid))) return;
  let last: Plan | null = null;
  for (const unit of units) {
    last = isBindable(unit.statement)
      ? yield* planUnit(
          scene,
          unit,
          names,
          argTypes.map(() => null),
        )
      : null;
  }
  checkResult(scene, def, last);
}

function checkResult(scene: Scene, def: RoutineDef, last: Plan | null): void {
  const columns = resultColumns(def, scene.eval.catalog);
  const [only] = columns;
  if (def.returns.oid === VOID) return;
  const refuse = (detail: string): never => {
    const declared = def.returnsRow === undefined ? typeByOid(def.returns.oid).display : nameOf(scene, def.returnsRow);
    throw new DriftError('42P13', `return type mismatch in function declared to return ${declared}`, { detail });
  };
  const fields = last?.fields;
  if (fields === null || fields === undefined)
    return refuse("Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.");
  if (columns.length === 1 && only !== undefined && only.type.oid === RECORD) return;
  if (!isRow(def, columns) && fields.length !== 1) return refuse('Final statement must return exactly one column.');
  const [first] = fields;
  if (fields.length === 1 && first !== undefined && isRow(def, columns) && isRecord(first.type.oid)) return;
  if (fields.length < columns.length) return refuse('Final statement returns too few columns.');
  if (fields.length > columns.length) return refuse('Final statement returns too many columns.');
  columns.forEach(({ type }, i) => {
    const from = fields[i]?.type.oid ?? UNKNOWN;
    if (from === UNKNOWN || from === type.oid || coercionPath(from, type.oid, 'assignment') !== null) return;
    const actual = typeByOid(from).display;
    if (columns.length === 1) refuse(`Actual return type is ${actual}.`);
    refuse(`Final statement returns ${actual} instead of ${typeByOid(type.oid).display} at column ${i + 1}.`);
  });
}

function isRecord(oid: number): boolean {
  return oid === RECORD || attributesOf({ oid, typmod: -1 }) !== null;
}

function nameOf(scene: Scene, id: number): string {
  const object = scene.eval.catalog.byId(id);
  return object !== undefined && 'name' in object ? object.name : 'record';
}
