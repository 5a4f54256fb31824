/** Statements with plans: queries and data changes, cached by text and catalog version, with parameters. */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import type { Value } from '../base/vector.ts';
import type { BindableStatement } from '../plan/bind.ts';
import type { Plan } from '../plan/plan.ts';
import { someExpression } from '../plan/walk-expression.ts';
import type { Delete, Insert, Update } from '../sql/ast-change.ts';
import type { IntoTarget, Query, Select } from '../sql/ast-query.ts';
import type { Statement } from '../sql/ast-statement.ts';
import type { Parameter, ResultSet } from './api.ts';
import { coerceParameter } from './parameters.ts';
import { evaluate, isCurrent, planOf, runPlan, type Scene } from './statement.ts';

export interface Cached {
  readonly statement: Statement;
  plan: Plan | null;
  /** Catalog version that the plan was made under. */
  version: number;
  /** Search path that its names were found along. */
  path: readonly string[];
  /** Types of parameters that stand for constants of the text (shared-plans.ts). */
  readonly types?: readonly number[] | undefined;
  /** Makes a plan for the next statements of the same shape, when this one is planned. */
  readonly share?: ((scene: Scene, plan: Plan) => Task<void>) | undefined;
}

/** The statement does not fit the plan that it would have shared, or the plan is out of date. Never reaches a user. */
export class NotShared extends Error {
  override readonly name = 'NotShared';
}

export function uncached(statement: Statement): Cached {
  return { statement, plan: null, version: Number.NaN, path: [] };
}

export type SelectInto = Query & { readonly body: Select & { readonly into: IntoTarget } };

export function isSelectInto(statement: Statement): statement is SelectInto {
  return statement.kind === 'query' && statement.body.kind === 'select' && statement.body.into !== undefined;
}

export function* runBindable(
  scene: Scene,
  cached: Cached,
  statement: BindableStatement,
  parameters: readonly Parameter[],
): Task<ResultSet> {
  const { version, path } = scene.eval.catalog;
  let { plan } = cached;
  // A plan says nothing of the moment that a whole statement reads: it serves all under one catalog.
  if (plan === null || cached.version !== version || cached.path !== path || !isCurrent(plan, scene.settings)) {
    if (cached.types !== undefined) throw new NotShared();
    if (changesView(scene, statement)) {
      const done = yield* scene.routines.instead(scene, statement, (query, relations) =>
        runBindable({ ...scene, relations }, uncached(query), query, relations === undefined ? parameters : []),
      );
      if (done !== null) return done;
    }
    plan = yield* planOf({ ...scene, parameters }, statement);
    if (cached.share !== undefined) yield* cached.share(scene, plan);
    if (plan.cacheable) {
      cached.plan = plan;
      cached.version = version;
      cached.path = path;
    }
  }
  const ready = { ...scene, parameters: valuesOf(cached, plan, parameters, scene) };
  const result = yield* runPlan(ready, plan);
  if (cached.types !== undefined && result.affectedRows === 0) refuseAssigned(ready, plan, cached.types);
  return result;
}

/** An UPDATE fails by the strings that it assigns also where it finds no row: they would have been read first. */
function refuseAssigned(scene: Scene, { root }: Plan, types: readonly number[]): void {
  if (root.kind !== 'update') return;
  for (const { expression } of root.assignments) {
    const isString = someExpression(expression, (part) => part.kind === 'parameter' && types[part.index] === 0);
    if (isString && !someExpression(expression, ({ kind }) => kind === 'column')) evaluate(scene, expression);
  }
}

function valuesOf(cached: Cached, plan: Plan, parameters: readonly Parameter[], scene: Scene): Value[] {
  if (cached.types === undefined) return coerced(plan, parameters, scene);
  try {
    return coerced(plan, parameters, scene);
  } catch (error) {
    throw error instanceof DriftError ? new NotShared() : error;
  }
}

/** The parameters as values of the types that the plan gives them. Throws 08P01 where their number is another. */
export function coerced(plan: Plan, parameters: readonly Parameter[], scene: Scene): Value[] {
  if (parameters.length === 0 && plan.parameterTypes.length > 0)
    throw new DriftError('42P02', 'there is no parameter $1');
  if (parameters.length !== plan.parameterTypes.length) {
    throw new DriftError(
      '08P01',
      `bind message supplies ${parameters.length} parameters, but the statement requires ${plan.parameterTypes.length}`,
    );
  }
  return plan.parameterTypes.map((oid, i) => coerceParameter(parameters[i] ?? null, oid, scene.eval, i));
}

/** Whether a statement's target is a view; then its triggers may have it. */
export function changesView(scene: Scene, statement: BindableStatement): statement is Insert | Update | Delete {
  if (statement.kind === 'query' || statement.kind === 'merge') return false;
  const { name } = statement.target;
  const found = scene.eval.catalog.relation(name.schema, name.name);
  return found?.kind === 'view' && found.triggers !== undefined;
}
