/**
 * The constraints of domains, checked value by value wherever one is made: by a cast, by reading a text, by a default.
 *
 * A CHECK expression is kept as text, in which VALUE is the value. It is bound once a statement over a table of that one
 * column, and compiled with the column as a cell, so that checking a value is one evaluation.
 */
import { assert, DriftError } from '../base/error.ts';
import { type Value, valueAt } from '../base/vector.ts';
import type { TableDef, TypeRef } from '../catalog/schema.ts';
import { userType } from '../catalog/user-types.ts';
import { startRun } from '../exec/build.ts';
import { Compiler } from '../exec/compile.ts';
import type { ExecRun } from '../exec/run.ts';
import { wholeBatch } from '../exec/vectors.ts';
import { type BindContext, bindTableExpression } from '../plan/bind.ts';
import type { BoundExpression } from '../plan/expression.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import { parseExpression } from '../sql/parser/parser.ts';
import { typeByOid } from '../sql/types/registry.ts';

type Check = (value: Value) => void;

export class DomainChecks {
  readonly #context: EvalContext;
  readonly #made = new Map<number, Check>();

  constructor(context: EvalContext) {
    this.#context = context;
  }

  /** Throws 23502, 23514. */
  check(oid: number, value: Value): void {
    let check = this.#made.get(oid);
    if (check === undefined) {
      check = this.#make(oid);
      this.#made.set(oid, check);
    }
    check(value);
  }

  #make(oid: number): Check {
    const definition = userType(oid)?.definition;
    assert(definition?.form === 'domain', `type ${oid} is a domain`);
    const { display } = typeByOid(oid);
    const inner = userType(definition.base.oid)?.definition.form === 'domain' ? definition.base.oid : null;
    const run = startRun(withoutTables(this.#context));
    const cell = run.cell(0);
    const one = wholeBatch([], 1);
    const conditions = definition.checks.map(({ name, expression }) => {
      const bound = bindCheck(expression, definition.base, bindContext(this.#context));
      return { name, evaluator: new Compiler(new Map(), run).compile(bound) };
    });
    return (value) => {
      if (inner !== null) this.check(inner, value);
      if (value === null && definition.notNull)
        throw new DriftError('23502', `domain ${display} does not allow null values`);
      for (const { name, evaluator } of conditions) {
        cell.value = value;
        if (valueAt(evaluator.eval(one), 0) === false) {
          throw new DriftError('23514', `value for domain ${display} violates check constraint "${name}"`, {
            constraint: name,
          });
        }
      }
    };
  }
}

/** Binds a domain's CHECK; its only column has number 0. */
export function bindCheck(expression: string, base: TypeRef, context: BindContext): BoundExpression {
  return bindTableExpression(parseExpression(expression), tableOfValue(base), 'check', context);
}

export function tableOfValue(type: TypeRef): TableDef {
  return {
    kind: 'table',
    id: 0,
    schema: '',
    name: '',
    columns: [{ id: 0, name: 'value', type, notNull: false }],
    nextColumnId: 1,
    key: [],
    indexes: [],
    checks: [],
    foreignKeys: [],
    dropped: [],
  };
}

function bindContext(context: EvalContext): BindContext {
  return {
    catalog: context.catalog,
    eval: context,
    systemTables: { find: () => undefined },
    lastSeq: 0,
    catalogAt: refuse,
    resolveMoment: refuse,
    evaluateConstant: (expression) =>
      valueAt(new Compiler(new Map(), startRun(withoutTables(context))).compile(expression).eval(wholeBatch([], 1)), 0),
  };
}

function withoutTables(context: EvalContext): ExecRun['context'] {
  return {
    get reader(): never {
      throw new DriftError('0A000', 'cannot use subquery in check constraint');
    },
    eval: context,
    parameters: [],
    temporary: refuse,
    memoryBudgetBytes: Infinity,
    monotonicMs: () => 0,
    guard: () => null,
    systemRows: refuse,
    sleep: refuse,
    callRoutine: refuse,
    callRoutineSet: refuse,
    modify: refuse,
  };
}

function refuse(): never {
  throw new DriftError('0A000', 'cannot use subquery in check constraint');
}
