/**
 * Compiles bound expressions to evaluators.
 *
 * One Compiler serves one operator: it knows where the input columns lie; every other column id belongs to an
 * enclosing query and is read from its cell. Functions run as kernels (kernels/*, found by the function's PostgreSQL
 * name) where there is one that knows the vectors at hand, else row by row through `fn.call`.
 *
 * Subqueries need to wait, expressions don't: an operator calls `prepare(batch)` before it evaluates anything over a
 * batch, which runs the subqueries for the batch's rows and keeps their values (subquery.ts).
 */
import { AssertionError, assert } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import type { Batch, Value } from '../base/vector.ts';
import type {
  BoundExpression,
  CallExpression,
  DistinctFromExpression,
  InListExpression,
  NullIfExpression,
} from '../plan/expression.ts';
import type { ScalarFunction } from '../sql/functions/function.ts';
import { typeByOid } from '../sql/types/registry.ts';
import { castEvaluator } from './cast.ts';
import {
  arrayEvaluator,
  quantifiedEvaluator,
  rowEvaluator,
  rowIsNullEvaluator,
  subscriptEvaluator,
} from './composite.ts';
import { BatchEvaluator, ColumnEvaluator, type Evaluator, FixedEvaluator, ScalarEvaluator } from './evaluator.ts';
import { functionName } from './function-name.ts';
import { InList } from './in-list.ts';
import { arithmeticKernel, type BinaryKernel } from './kernels/arithmetic.ts';
import { comparisonMask, compareVectors } from './kernels/compare.ts';
import { CachedTest, containedText, likeTest, testTexts } from './kernels/text.ts';
import {
  booleanTestEvaluator,
  caseEvaluator,
  coalesceEvaluator,
  isNullEvaluator,
  logicEvaluator,
  notEvaluator,
} from './logic.ts';
import { BOOL } from './physical.ts';
import { PreparedEvaluator, RoutineCalls } from './routine-call.ts';
import type { ExecRun, Layout } from './run.ts';
import { SubqueryEvaluator } from './subquery.ts';

export class Compiler {
  readonly run: ExecRun;
  readonly layout: Layout;
  readonly subqueries: SubqueryEvaluator[] = [];
  /** Expressions that call functions of users. */
  readonly #prepared: PreparedEvaluator[] = [];
  /** Calls found in the expression that is being compiled; null while there are none. */
  #calls: RoutineCalls | null = null;
  #depth = 0;

  constructor(layout: Layout, run: ExecRun) {
    this.layout = layout;
    this.run = run;
  }

  compile(expression: BoundExpression): Evaluator {
    this.#depth++;
    const evaluator = this.#compile(expression);
    if (--this.#depth > 0 || this.#calls === null) return evaluator;
    const prepared = new PreparedEvaluator(evaluator, this.#calls, this.run.cancellation);
    this.#calls = null;
    this.#prepared.push(prepared);
    return prepared;
  }

  #compile(expression: BoundExpression): Evaluator {
    const { oid } = expression.type;
    switch (expression.kind) {
      case 'const':
        return new FixedEvaluator(oid, () => expression.value);
      case 'parameter':
        return new FixedEvaluator(oid, () => this.run.context.parameters[expression.index] ?? null);
      case 'column': {
        const index = this.layout.get(expression.id);
        if (index !== undefined) return new ColumnEvaluator(oid, index);
        const cell = this.run.cell(expression.id);
        return new FixedEvaluator(oid, () => cell.value);
      }
      case 'call':
        return this.#call(expression);
      case 'cast':
        return castEvaluator(expression, this.compile(expression.operand), this.run.context.eval);
      case 'and':
      case 'or':
        return logicEvaluator(expression.kind, this.compileAll(expression.args));
      case 'not':
        return notEvaluator(this.compile(expression.operand));
      case 'isNull':
        if (expression.operand.kind === 'row') {
          return rowIsNullEvaluator(this.compileAll(expression.operand.fields), expression.negated);
        }
        return isNullEvaluator(this.compile(expression.operand), expression.negated);
      case 'booleanTest':
        return booleanTestEvaluator(this.compile(expression.operand), expression.test, expression.negated);
      case 'distinctFrom':
        return this.#distinctFrom(expression);
      case 'case':
        return caseEvaluator(
          oid,
          expression.branches.map(({ when, then }) => ({ when: this.compile(when), then: this.compile(then) })),
          expression.otherwise === null ? null : this.compile(expression.otherwise),
        );
      case 'coalesce':
        return coalesceEvaluator(oid, this.compileAll(expression.args));
      case 'nullIf':
        return this.#nullIf(expression);
      case 'greatest':
      case 'least':
        return greatestEvaluator(oid, this.compileAll(expression.args), expression.kind === 'greatest' ? 1 : -1);
      case 'inList':
        return this.#inList(expression);
      case 'quantified':
        return quantifiedEvaluator(
          expression,
          this.compile(expression.operand),
          this.compile(expression.array),
          (left, right) => callFunction(this.run, expression.comparison, left, right),
        );
      case 'subquery': {
        const subquery = new SubqueryEvaluator(expression, this);
        this.subqueries.push(subquery);
        return subquery;
      }
      case 'array':
        return arrayEvaluator(oid, this.compileAll(expression.elements), expression.nested);
      case 'row':
        return rowEvaluator(
          this.compileAll(expression.fields),
          expression.names,
          expression.fields.map((field) => field.type.oid),
          oid,
        );
      case 'subscript':
        return subscriptEvaluator(
          oid,
          this.compile(expression.operand),
          expression.subscripts.map(({ slice, lower, upper }) => ({
            slice,
            lower: lower === null ? null : this.compile(lower),
            upper: upper === null ? null : this.compile(upper),
          })),
        );
      case 'nextValue': {
        const context = this.run.context.eval;
        return new ScalarEvaluator(oid, [], () => context.nextval(expression.sequenceId), {
          strict: false,
          repeatable: false,
        });
      }
      case 'aggregate':
      case 'window':
      case 'setCall':
      case 'grouping':
        throw new AssertionError(`${expression.kind} outside of its plan node`);
    }
  }

  /** A compiler over other columns of the same execution. */
  over(layout: Layout): Compiler {
    return new Compiler(layout, this.run);
  }

  compileAll(expressions: readonly BoundExpression[]): Evaluator[] {
    return expressions.map((expression) => this.compile(expression));
  }

  /** Runs the subqueries of all compiled expressions for the batch's rows; lets others run where it is time. */
  *prepare(batch: Batch): Task<void> {
    if (batch.count === 0) return;
    if (this.run.due()) yield* this.run.pause();
    for (const subquery of this.subqueries) yield* subquery.prepare(batch);
    for (const prepared of this.#prepared) yield* prepared.prepare(batch);
  }

  #call(expression: CallExpression): Evaluator {
    const { fn } = expression;
    const args = this.compileAll(expression.args);
    if (fn.routine !== undefined || fn.waits !== undefined) {
      this.#calls ??= new RoutineCalls();
      return this.#calls.add(expression, fn.routine, args, this.run);
    }
    const context = this.run.context.eval;
    const call = scalarCall(fn, context, expression.variadicArray === true);
    const generic = new ScalarEvaluator(expression.type.oid, args, call, {
      strict: fn.strict,
      repeatable: fn.volatility !== 'volatile',
    });
    if (generic.fixed || args.length !== 2 || !fn.strict) return generic;
    const [left, right] = args as [Evaluator, Evaluator];
    const name = functionName(fn);
    const mask = comparisonMask(name);
    if (mask !== 0) return kernelEvaluator(generic, left, right, (a, b, batch) => compareVectors(mask, a, b, batch));
    if (name === 'textlike' || name === 'textnlike') return likeEvaluator(generic, left, right, name === 'textnlike');
    const kernel = arithmeticKernel(name, fn.returns);
    return kernel === null ? generic : kernelEvaluator(generic, left, right, kernel);
  }

  #distinctFrom(expression: DistinctFromExpression): Evaluator {
    const { equal, negated } = expression;
    return new ScalarEvaluator(
      BOOL,
      [this.compile(expression.left), this.compile(expression.right)],
      ([left, right]) => {
        if (left === null || right === null || left === undefined || right === undefined)
          return (left === right) === negated;
        return (callFunction(this.run, equal, left, right) === true) === negated;
      },
      { strict: false, repeatable: true },
    );
  }

  #nullIf(expression: NullIfExpression): Evaluator {
    const args = [this.compile(expression.result), this.compile(expression.left), this.compile(expression.right)];
    return new ScalarEvaluator(
      expression.type.oid,
      args,
      ([result, left, right]) => {
        if (left === null || right === null || left === undefined || right === undefined) return result ?? null;
        return callFunction(this.run, expression.equal, left, right) === true ? null : (result ?? null);
      },
      { strict: false, repeatable: true },
    );
  }

  #inList(expression: InListExpression): Evaluator {
    const operand = this.compile(expression.operand);
    const items = this.compileAll(expression.items);
    const { equal, negated } = expression;
    const list = InList.make(expression.operand, expression.items, items);
    if (list !== null && !operand.fixed) {
      return new BatchEvaluator(BOOL, false, (batch) => list.evaluate(operand.eval(batch), batch, negated));
    }
    return new ScalarEvaluator(
      BOOL,
      [operand, ...items],
      (values) => {
        const value = values[0] as Value;
        if (value === null) return null;
        let unknown = false;
        for (let i = 1; i < values.length; i++) {
          const item = values[i] as Value;
          const result = item === null ? null : callFunction(this.run, equal, value, item);
          if (result === true) return !negated;
          if (result === null) unknown = true;
        }
        return unknown ? null : negated;
      },
      { strict: false, repeatable: true },
    );
  }
}

/** Calls a function of two arguments that are not null. */
export function callFunction(run: ExecRun, fn: ScalarFunction, left: Value, right: Value): Value {
  return fn.call(run.context.eval, left, right);
}

function scalarCall(
  fn: ScalarFunction,
  context: ExecRun['context']['eval'],
  variadicArray: boolean,
): (args: readonly Value[]) => Value {
  const { call } = fn;
  if (variadicArray) {
    return (args) => {
      const last = args[args.length - 1];
      const rest = last !== null && typeof last === 'object' && 'elements' in last ? (last.elements as Value[]) : [];
      return call(context, ...args.slice(0, -1), ...rest);
    };
  }
  return (args) => {
    switch (args.length) {
      case 0:
        return call(context);
      case 1:
        return call(context, args[0] as Value);
      case 2:
        return call(context, args[0] as Value, args[1] as Value);
      default:
        return call(context, ...args);
    }
  };
}

function kernelEvaluator(generic: ScalarEvaluator, left: Evaluator, right: Evaluator, kernel: BinaryKernel): Evaluator {
  return new BatchEvaluator(generic.oid, false, (batch) => {
    const a = left.eval(batch);
    const b = right.eval(batch);
    return kernel(a, b, batch) ?? generic.evalVectors(batch, [a, b]);
  });
}

function likeEvaluator(generic: ScalarEvaluator, text: Evaluator, pattern: Evaluator, negated: boolean): Evaluator {
  if (!pattern.fixed) return generic;
  let compiled: CachedTest | null = null;
  let compiledFor: Value = null;
  return new BatchEvaluator(BOOL, false, (batch) => {
    const a = text.eval(batch);
    const value = batch.count === 0 ? null : pattern.value();
    if (typeof value === 'string' && (a.kind === 'text' || a.kind === 'dict')) {
      if (value !== compiledFor) {
        const test = likeTest(value);
        compiled =
          test === null ? null : negated ? new CachedTest((s) => !test(s)) : new CachedTest(test, containedText(value));
        compiledFor = value;
      }
      if (compiled !== null) return testTexts(a, compiled, batch);
    }
    return generic.evalVectors(batch, [a, pattern.eval(batch)]);
  });
}

function greatestEvaluator(oid: number, args: readonly Evaluator[], sign: 1 | -1): Evaluator {
  const compare = typeByOid(oid)?.compare;
  assert(compare !== undefined, 'GREATEST and LEAST need an ordered type');
  return new ScalarEvaluator(
    oid,
    args,
    (values) => {
      let best: Value = null;
      for (const value of values) {
        if (value !== null && (best === null || compare(value, best) * sign > 0)) best = value;
      }
      return best;
    },
    { strict: false, repeatable: true },
  );
}
