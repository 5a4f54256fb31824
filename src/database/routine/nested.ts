/**
 * Statements inside routines: they run in the transaction and under the snapshot of the statement that called, see what
 * the transaction has written so far, and keep their plans as long as the catalog stays the same.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import { Suspended } from '../../exec/suspended.ts';
import { isBindable, type OuterNames } from '../../plan/bind.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Statement } from '../../sql/ast-statement.ts';
import type { ResultSet } from '../api.ts';
import { changesView } from '../bindable.ts';
import { planOf, runPlan, type Scene } from '../statement.ts';

/** A statement of a routine's body, with the plan it had last. */
export interface Unit {
  readonly statement: Statement;
  plan: Plan | null;
  version: number;
}

export function unitOf(statement: Statement): Unit {
  return { statement, plan: null, version: Number.NaN };
}

/** What a routine runs in: the catalog is the transaction's as it is now. */
export function routineScene(scene: Scene, nonVolatile: boolean): Scene {
  const { transaction } = scene;
  const changed = scene.asOf === null && transaction.catalog !== scene.eval.catalog;
  return {
    ...scene,
    eval: changed
      ? (Object.create(scene.eval, { catalog: { value: transaction.catalog } }) as Scene['eval'])
      : scene.eval,
    parameters: [],
    names: undefined,
    relations: undefined,
    shape: undefined,
    turns: undefined,
    depth: scene.depth + 1,
    nonVolatile,
  };
}

/** The plan of a unit under today's catalog. */
export function* planUnit(scene: Scene, unit: Unit, names: OuterNames, parameters: readonly Value[]): Task<Plan> {
  const { version } = scene.eval.catalog;
  if (unit.plan !== null && unit.version === version && scene.asOf === null && scene.shape === undefined)
    return unit.plan;
  const { statement } = unit;
  if (!isBindable(statement)) throw new DriftError('XX000', `a ${statement.kind} statement has no plan`);
  const plan = yield* planOf({ ...scene, names, parameters }, statement);
  if (plan.cacheable && scene.asOf === null && scene.relations === undefined && scene.shape === undefined) {
    unit.plan = plan;
    unit.version = version;
  }
  return plan;
}

/** Runs a statement with the given meanings of outer names; `parameters` are what the names' expressions ask for. */
export function* runUnit(scene: Scene, unit: Unit, names: OuterNames, parameters: readonly Value[]): Task<ResultSet> {
  const { statement } = unit;
  if (scene.nonVolatile && statement.kind !== 'query') throw notAllowed(statement);
  if (isBindable(statement) && changesView(scene, statement)) {
    const done = yield* scene.routines.instead(scene, statement, (query, relations) =>
      runUnit({ ...scene, relations }, unitOf(query), names, parameters),
    );
    if (done !== null) return done;
  }
  if (isBindable(statement) && !(statement.kind === 'query' && hasInto(statement))) {
    const plan = yield* planUnit(scene, unit, names, parameters);
    return yield* runPlan({ ...scene, parameters }, plan);
  }
  return yield* scene.execute(scene, statement);
}

function hasInto(statement: Extract<Statement, { kind: 'query' }>): boolean {
  return statement.body.kind === 'select' && statement.body.into !== undefined;
}

const TAGS: Readonly<Record<string, string>> = {
  insert: 'INSERT',
  update: 'UPDATE',
  delete: 'DELETE',
  merge: 'MERGE',
  createTable: 'CREATE TABLE',
  drop: 'DROP',
  truncate: 'TRUNCATE TABLE',
};

export function notAllowed(statement: Statement): DriftError {
  const tag = TAGS[statement.kind] ?? statement.kind.replaceAll(/([A-Z])/g, ' $1').toUpperCase();
  return new DriftError('0A000', `${tag} is not allowed in a non-volatile function`);
}

/**
 * A statement of a body that may have ended transactions: where it has to wait where nobody waits, it alone is run again
 * when what it needs is there (elsewhere the session does so with the whole statement).
 */
export function* settled<T>(scene: Scene, run: () => Task<T>): Task<T> {
  if (scene.turns === undefined) return yield* run();
  for (;;) {
    const mark = scene.transaction.mark();
    try {
      return yield* run();
    } catch (error) {
      if (!(error instanceof Suspended)) throw error;
      scene.transaction.rollbackTo(mark);
      yield error.step;
    }
  }
}
