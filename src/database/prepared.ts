/**
 * PREPARE, EXECUTE, DEALLOCATE: statements under a name, for the life of the session. Preparing binds a statement, so
 * that its mistakes show at once and its parameters have types; each execution takes the plan of the catalog it runs under.
 */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import { type BindableStatement, isBindable } from '../plan/bind.ts';
import { resolveType } from '../plan/binder/type-name.ts';
import type { Plan } from '../plan/plan.ts';
import type { Expression } from '../sql/ast.ts';
import type { Query } from '../sql/ast-query.ts';
import type { Prepare, Statement } from '../sql/ast-statement.ts';
import type { Execute } from '../sql/ast-table.ts';
import { parseTypeName } from '../sql/parser/parser.ts';
import { typeByOid } from '../sql/types/registry.ts';
import { withArguments } from '../sql/with-arguments.ts';
import { fieldsOf } from './answer.ts';
import type { ResultSet, StatementDescription } from './api.ts';
import { argumentsOf } from './execute-arguments.ts';
import { publicDescription } from './public-fields.ts';
import { command } from './show.ts';
import { isCurrent, planOf, runPlan, type Scene } from './statement.ts';

interface Prepared {
  readonly statement: BindableStatement;
  readonly types: readonly number[];
  plan: Plan;
  version: number;
  path: readonly string[];
  readonly text: string;
  readonly made: number;
  /** Executions with the plan that was there, and with one made for their arguments. */
  kept: number;
  planned: number;
}

export class PreparedStatements {
  readonly #byName = new Map<string, Prepared>();

  /** Throws 42P05 where the name is taken. */
  *prepare(scene: Scene, { name, types, statement, text, position }: Prepare): Task<ResultSet> {
    if (this.#byName.has(name))
      throw new DriftError('42P05', `prepared statement "${name}" already exists`, { position });
    const declared = types.map((type) => resolveType(type, scene.eval.catalog).oid);
    const plan = yield* planOf({ ...scene, given: 'later' }, statement, declared);
    const { version, path } = scene.eval.catalog;
    const made = scene.eval.statementTime;
    const counts = { kept: 0, planned: 0 };
    this.#byName.set(name, { statement, types: plan.parameterTypes, plan, version, path, text, made, ...counts });
    return command('PREPARE');
  }

  /** All statements, for pg_prepared_statements. */
  *all(): Iterable<Pick<Prepared, 'text' | 'types' | 'made' | 'kept' | 'planned'> & { readonly name: string }> {
    for (const [name, prepared] of this.#byName) yield { name, ...prepared };
  }

  *execute(scene: Scene, statement: Execute): Task<ResultSet> {
    const ready = yield* this.ready(scene, statement);
    return yield* runPlan(ready.scene, ready.plan);
  }

  /**
   * The plan of a statement, and the scene with its arguments. Throws 26000 for a name that is not there, 42601 where the
   * number of arguments is wrong. `explains`: a plan made for EXPLAIN.
   */
  *ready(scene: Scene, statement: Execute, explains = false): Task<{ scene: Scene; plan: Plan }> {
    const { name, position } = statement;
    const prepared = this.#byName.get(name);
    if (prepared === undefined) throw missing(name, position);
    const parameters = argumentsOf(scene, statement, prepared.types);
    const given: Scene = { ...scene, parameters, given: 'typed' };
    if (explains) return { scene: given, plan: yield* planOf(given, prepared.statement, prepared.types, true) };
    const { version, path } = scene.eval.catalog;
    const stale = prepared.version !== version || prepared.path !== path || !isCurrent(prepared.plan, scene.settings);
    if (!prepared.plan.cacheable || stale) {
      const plan = yield* planOf(given, prepared.statement, prepared.types);
      if (shapeOf(plan) !== shapeOf(prepared.plan))
        throw new DriftError('0A000', 'cached plan must not change result type');
      prepared.plan = plan;
      prepared.version = version;
      prepared.path = path;
    }
    if (prepared.plan.cacheable) prepared.kept++;
    else prepared.planned++;
    return { scene: given, plan: prepared.plan };
  }

  /** A prepared query with its arguments in the place of its parameters. Throws 26000, 42601, 42809. */
  queryOf({ name, args, position }: Execute): Query {
    const prepared = this.#byName.get(name);
    if (prepared === undefined) throw missing(name, position);
    const { statement, types } = prepared;
    if (statement.kind !== 'query') throw new DriftError('42809', 'prepared statement is not a SELECT', { position });
    if (args.length !== types.length)
      throw new DriftError('42601', `wrong number of parameters for prepared statement "${name}"`, { position });
    return withArguments(
      statement,
      args.map((operand, i): Expression => ({
        kind: 'cast',
        operand,
        type: parseTypeName(typeByOid(types[i] as number).name),
        style: 'cast',
        position,
      })),
    );
  }

  /** Forgets one statement, or all. Throws 26000 for a name that is not there. */
  deallocate(name: string | undefined, position: number): ResultSet {
    if (name === undefined) this.#byName.clear();
    else if (!this.#byName.delete(name)) throw missing(name, position);
    return command(name === undefined ? 'DEALLOCATE ALL' : 'DEALLOCATE');
  }
}

/** Types of the parameters and the columns that a statement would give. */
export function* described(scene: Scene, statement: Statement): Task<StatementDescription> {
  if (!isBindable(statement)) return { parameters: [], fields: [] };
  const plan = yield* planOf({ ...scene, given: 'later' }, statement);
  return publicDescription({ parameters: plan.parameterTypes, fields: fieldsOf(plan) });
}

/** Names and types of what a plan gives. */
function shapeOf({ fields }: Plan): string {
  return JSON.stringify(fields?.map(({ name, type }) => [name, type.oid, type.typmod]) ?? null);
}

function missing(name: string, position: number): DriftError {
  return new DriftError('26000', `prepared statement "${name}" does not exist`, { position });
}
