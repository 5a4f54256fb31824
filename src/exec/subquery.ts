/**
 * Subqueries inside expressions.
 *
 * `prepare` runs the plan for the rows of a batch, before the expressions over that batch are evaluated; `eval` then
 * only reads. Results are remembered by the values of the outer columns that they depend on, so an uncorrelated
 * subquery runs once, and a correlated one once for each combination of outer values. A subquery that fails for a row
 * fails only when that row's value is asked for: CASE may never ask.
 *
 * ANY and ALL over an equality (IN, NOT IN) look their operand up in a set of the plan's values.
 */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import { type Batch, type Value, type Vector, valueAt } from '../base/vector.ts';
import type { BoundExpression, ColumnId, SubqueryExpression } from '../plan/expression.ts';
import { columnsOf } from '../plan/walk-expression.ts';
import { typeByOid } from '../sql/types/registry.ts';
import { Collector, oidsOf } from './collector.ts';
import type { Compiler } from './compile.ts';
import { SqlArray } from '../sql/types/array.ts';
import { makeArray, nestArrays } from './composite.ts';
import type { Evaluator } from './evaluator.ts';
import { functionName } from './function-name.ts';
import { comparisonMask, EQUAL, GREATER, LESS } from './kernels/compare.ts';
import { hashFamily } from './physical.ts';
import { type Cell, layoutOf, type Operator } from './run.ts';
import { constantVector, packRows } from './vectors.ts';

/** What a row's subquery gave: a value, or the error to raise when it is asked for. */
class Failure {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

interface Dependency {
  readonly cell: Cell;
  /** Position among the operator's columns, or -1 for a column of a query further out. */
  readonly index: number;
}

const MAX_REMEMBERED = 65536;

export class SubqueryEvaluator implements Evaluator {
  readonly oid: number;
  readonly fixed: boolean;
  readonly #expression: SubqueryExpression;
  readonly #compiler: Compiler;
  /** What the whole result depends on, and what the plan's rows alone depend on. */
  readonly #dependencies: readonly Dependency[];
  readonly #planDependencies: readonly Dependency[];
  readonly #membership: Membership | null;
  readonly #results = new Map<string, Value | Failure>();
  readonly #rows = new Map<string, PlanRows>();
  #operator: Operator | null = null;
  #test: { readonly compiler: Compiler; readonly evaluator: Evaluator } | null = null;
  #prepared: (Value | Failure)[] = [];
  #single: Value | Failure = null;

  constructor(expression: SubqueryExpression, compiler: Compiler) {
    this.oid = expression.type.oid;
    this.#expression = expression;
    this.#compiler = compiler;
    this.#planDependencies = this.#dependenciesOf(expression.correlated);
    const ids = new Set(expression.correlated);
    if (expression.test !== null) {
      const own = new Set(expression.plan.outputs.map((output) => output.id));
      for (const id of columnsOf(expression.test)) if (!own.has(id)) ids.add(id);
    }
    this.#dependencies = this.#dependenciesOf([...ids]);
    this.fixed = this.#dependencies.every((dependency) => dependency.index < 0);
    this.#membership = membershipOf(expression, compiler);
  }

  #dependenciesOf(ids: readonly ColumnId[]): Dependency[] {
    return ids.map((id) => ({ cell: this.#compiler.run.cell(id), index: this.#compiler.layout.get(id) ?? -1 }));
  }

  value(): Value {
    return unwrap(this.#single);
  }

  eval(batch: Batch): Vector {
    if (this.fixed) return constantVector(batch.count === 0 ? null : unwrap(this.#single), batch.length, this.oid);
    const { selection, count } = batch;
    const values: Value[] = new Array<Value>(batch.length).fill(null);
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      values[i] = unwrap(this.#prepared[i] ?? null);
    }
    return packRows(values, batch.length, selection, count, this.oid);
  }

  *prepare(batch: Batch): Task<void> {
    if (this.fixed) {
      this.#single = yield* this.#result(null, 0);
      return;
    }
    const { run } = this.#compiler;
    const { selection, count } = batch;
    const operand = this.#membership === null ? null : this.#membership.operand.eval(batch);
    const prepared: (Value | Failure)[] = [];
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      for (const { cell, index } of this.#dependencies)
        if (index >= 0) cell.value = valueAt(batch.columns[index] as Vector, i);
      prepared[i] = yield* this.#result(operand, i);
      if ((k & 63) === 63 && run.due()) yield* run.pause();
    }
    this.#prepared = prepared;
  }

  *#result(operand: Vector | null, row: number): Task<Value | Failure> {
    const { mode } = this.#expression;
    if (mode === 'any' || mode === 'all') {
      const rows = yield* this.#planRows();
      if (rows instanceof Failure) return rows;
      return yield* this.#quantified(rows, operand, row);
    }
    const key = keyOf(this.#dependencies);
    const known = this.#results.get(key);
    if (known !== undefined) return known;
    let result: Value | Failure;
    try {
      result = yield* this.#runPlan();
    } catch (error) {
      result = new Failure(error);
      this.#compiler.run.cancellation.check();
    }
    if (this.#results.size >= MAX_REMEMBERED) this.#results.clear();
    this.#results.set(key, result);
    return result;
  }

  *#runPlan(): Task<Value> {
    const operator = this.#open();
    try {
      switch (this.#expression.mode) {
        case 'exists':
          for (;;) {
            const batch = yield* operator.next();
            if (batch === null) return false;
            if (batch.count > 0) return true;
          }
        case 'array': {
          const values: Value[] = [];
          yield* this.#eachRow(operator, (value) => values.push(value));
          const nested = values.some((value) => value instanceof SqlArray);
          return nested ? nestArrays(this.oid, values) : makeArray(this.oid, values);
        }
        default: {
          const values: Value[] = [];
          yield* this.#eachRow(operator, (value) => {
            if (values.push(value) > 1)
              throw new DriftError('21000', 'more than one row returned by a subquery used as an expression');
          });
          return values[0] ?? null;
        }
      }
    } finally {
      operator.close();
    }
  }

  *#eachRow(operator: Operator, visit: (value: Value) => void): Task<void> {
    for (;;) {
      const batch = yield* operator.next();
      if (batch === null) return;
      for (let k = 0; k < batch.count; k++) {
        const i = batch.selection === null ? k : (batch.selection[k] as number);
        visit(valueAt(batch.columns[0] as Vector, i));
      }
    }
  }

  #open(): Operator {
    this.#operator ??= this.#compiler.run.build(this.#expression.plan);
    this.#operator.open();
    return this.#operator;
  }

  *#planRows(): Task<PlanRows | Failure> {
    const key = keyOf(this.#planDependencies);
    let rows = this.#rows.get(key);
    if (rows !== undefined) return rows;
    const operator = this.#open();
    const collector = new Collector(oidsOf(this.#expression.plan.outputs), this.#compiler.run.memory);
    try {
      for (;;) {
        const batch = yield* operator.next();
        if (batch === null) break;
        collector.add(batch);
      }
    } catch (error) {
      this.#compiler.run.cancellation.check();
      return new Failure(error);
    } finally {
      operator.close();
    }
    rows = new PlanRows(collector.batch());
    if (this.#planDependencies.length > 0) {
      collector.release();
      this.#rows.clear();
    }
    this.#rows.set(key, rows);
    return rows;
  }

  *#quantified(rows: PlanRows, operand: Vector | null, row: number): Task<Value | Failure> {
    const { mode, test } = this.#expression;
    const any = mode === 'any';
    if (rows.batch.count === 0) return !any;
    const membership = this.#membership;
    try {
      if (membership !== null) {
        const value = operand === null ? membership.operand.value() : valueAt(operand, row);
        if (value === null) return null;
        const set = rows.set(membership);
        if (set.has(membership.hashKey(value))) return any;
        return rows.hasNull ? null : !any;
      }
      return yield* this.#testRows(rows.batch, test as BoundExpression, any);
    } catch (error) {
      return new Failure(error);
    }
  }

  *#testRows(batch: Batch, test: BoundExpression, any: boolean): Task<Value> {
    if (this.#test === null) {
      const compiler = this.#compiler.over(layoutOf(this.#expression.plan.outputs));
      this.#test = { compiler, evaluator: compiler.compile(test) };
    }
    yield* this.#test.compiler.prepare(batch);
    const result = this.#test.evaluator.eval(batch);
    let unknown = false;
    for (let i = 0; i < batch.length; i++) {
      const value = valueAt(result, i);
      if (value === any) return any;
      if (value === null) unknown = true;
    }
    return unknown ? null : !any;
  }
}

/** The rows of an ANY or ALL subquery for one combination of outer values. */
class PlanRows {
  readonly batch: Batch;
  #set: Set<unknown> | null = null;
  hasNull = false;

  constructor(batch: Batch) {
    this.batch = batch;
  }

  set(membership: Membership): Set<unknown> {
    if (this.#set === null) {
      const set = new Set<unknown>();
      const column = this.batch.columns[membership.column] as Vector;
      for (let i = 0; i < this.batch.length; i++) {
        const value = valueAt(column, i);
        if (value === null) this.hasNull = true;
        else set.add(membership.hashKey(value));
      }
      this.#set = set;
    }
    return this.#set;
  }
}

/** `x = ANY (plan)` or `x <> ALL (plan)`, for types whose hash keys decide equality. */
interface Membership {
  readonly operand: Evaluator;
  readonly column: number;
  readonly hashKey: (value: Value) => unknown;
}

function membershipOf(expression: SubqueryExpression, compiler: Compiler): Membership | null {
  const { test, mode, plan } = expression;
  if (test === null || test.kind !== 'call' || test.args.length !== 2) return null;
  const mask = comparisonMask(functionName(test.fn));
  if (mask !== (mode === 'any' ? EQUAL : LESS | GREATER)) return null;
  const own = new Map(plan.outputs.map((output, i) => [output.id, i]));
  const [a, b] = test.args as [BoundExpression, BoundExpression];
  const inner = b.kind === 'column' && own.has(b.id) ? b : a.kind === 'column' && own.has(a.id) ? a : null;
  if (inner === null) return null;
  const outer = inner === b ? a : b;
  for (const id of columnsOf(outer)) if (own.has(id)) return null;
  if (hashFamily(outer.type.oid) !== hashFamily(inner.type.oid)) return null;
  const type = typeByOid(inner.type.oid);
  if (type === undefined) return null;
  return {
    operand: compiler.compile(outer),
    column: own.get(inner.id) as number,
    hashKey: (value) => type.hashKey(value),
  };
}

function unwrap(result: Value | Failure): Value {
  if (result instanceof Failure) throw result.error;
  return result;
}

function keyOf(dependencies: readonly Dependency[]): string {
  let key = '';
  for (const { cell } of dependencies) key += `${valueKey(cell.value)};`;
  return key;
}

/** A text that differs for different values of one type. */
export function valueKey(value: Value): string {
  switch (typeof value) {
    case 'string':
      return `${value.length}:${value}`;
    case 'number':
    case 'bigint':
    case 'boolean':
      return `${value}`;
    default:
      if (value === null) return '~';
      return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
  }
}
