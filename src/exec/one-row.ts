/**
 * OneRow: expressions computed over a single row, for statements that write one.
 *
 * Constants, parameters, columns, casts and calls of plain functions are computed value by value; a batch of one row and
 * its typed arrays would cost more than the statement. Everything else goes the way of the operators, over such a batch.
 */
import { assert } from '../base/error.ts';
import { type Batch, type Value, valueAt } from '../base/vector.ts';
import type { BoundExpression, CallExpression, ColumnId } from '../plan/expression.ts';
import type { PlanColumn } from '../plan/plan.ts';
import { castValue } from './cast.ts';
import { Compiler } from './compile.ts';
import type { ExecRun } from './run.ts';
import { vectorFromValues, wholeBatch } from './vectors.ts';

export class OneRow {
  readonly #run: ExecRun;
  readonly #columns: readonly Pick<PlanColumn, 'id' | 'type'>[];
  readonly #cells: readonly Value[];
  #compiler: Compiler | null = null;
  #batch: Batch | null = null;

  /** `cells[i]` is that of `columns[i]`. */
  constructor(run: ExecRun, columns: readonly Pick<PlanColumn, 'id' | 'type'>[], cells: readonly Value[]) {
    assert(columns.length === cells.length, 'a row has a cell for each column');
    this.#run = run;
    this.#columns = columns;
    this.#cells = cells;
  }

  valueOf(expression: BoundExpression): Value {
    switch (expression.kind) {
      case 'const':
        return expression.value;
      case 'parameter':
        return this.#run.context.parameters[expression.index] ?? null;
      case 'column':
        return this.#cellOf(expression.id);
      case 'cast': {
        if (expression.method === 'array') return this.#byBatch(expression);
        const operand = this.valueOf(expression.operand);
        return operand === null ? null : castValue(expression, operand, this.#run.context.eval);
      }
      case 'call':
        return isPlain(expression) ? this.#call(expression) : this.#byBatch(expression);
      default:
        return this.#byBatch(expression);
    }
  }

  #cellOf(id: ColumnId): Value {
    const at = this.#columns.findIndex((column) => column.id === id);
    assert(at >= 0, `column ${id} is none of the row's`);
    return this.#cells[at] as Value;
  }

  #call({ fn, args }: CallExpression): Value {
    const values: Value[] = [];
    for (const arg of args) {
      const value = this.valueOf(arg);
      if (value === null && fn.strict) return null;
      values.push(value);
    }
    return fn.call(this.#run.context.eval, ...values);
  }

  #byBatch(expression: BoundExpression): Value {
    this.#compiler ??= new Compiler(new Map(this.#columns.map(({ id }, at) => [id, at])), this.#run);
    this.#batch ??= wholeBatch(
      this.#columns.map(({ type }, at) => vectorFromValues([this.#cells[at] as Value], type.oid)),
      1,
    );
    const evaluator = this.#compiler.compile(expression);
    return evaluator.fixed ? evaluator.value() : valueAt(evaluator.eval(this.#batch), 0);
  }
}

function isPlain({ fn, variadicArray }: CallExpression): boolean {
  return fn.routine === undefined && fn.waits === undefined && variadicArray !== true;
}
