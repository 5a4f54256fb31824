/**
 * Predicates: conditions compiled to kernels that narrow a selection.
 *
 * `select` gives the batch with only those rows counting for which the condition is true (not null). AND runs one
 * predicate after another over fewer and fewer rows; comparisons of one column with constants on both sides fuse into
 * one range; OR joins selections.
 */
import type { Batch, Value, Vector } from '../base/vector.ts';
import type { BoundExpression } from '../plan/expression.ts';
import { hasSubquery } from '../plan/walk-expression.ts';
import { codedSlice } from './coded-column.ts';
import type { Compiler } from './compile.ts';
import { type Evaluator, withSelection } from './evaluator.ts';
import { functionName } from './function-name.ts';
import {
  comparisonMask,
  intersectRanges,
  type NumberRange,
  rangeOf,
  selectRange,
  swapMask,
} from './kernels/compare.ts';
import { CachedTest, selectTexts, textComparison } from './kernels/text.ts';
import { split } from './logic.ts';

export interface Predicate {
  /** With `own` the batch's selection is nobody else's: it may be overwritten by the result. */
  select(batch: Batch, own?: boolean): Batch;
}

export function compilePredicate(expression: BoundExpression, compiler: Compiler): Predicate {
  compiler.run.form = codedSlice;
  switch (expression.kind) {
    case 'and':
      return new AndPredicate(fuseRanges(expression.args.map((arg) => compilePredicate(arg, compiler))));
    case 'or':
      return new OrPredicate(expression.args.map((arg) => compilePredicate(arg, compiler)));
    case 'call': {
      const comparison = constantComparison(expression, compiler);
      if (comparison !== null) return comparison;
      return new BooleanPredicate(compiler.compile(expression));
    }
    default:
      return new BooleanPredicate(compiler.compile(expression));
  }
}

/** `column <op> fixed` or `fixed <op> column`, by a function that kernels know. */
function constantComparison(expression: BoundExpression & { kind: 'call' }, compiler: Compiler): Predicate | null {
  const mask = comparisonMask(functionName(expression.fn));
  const [left, right] = expression.args;
  if (mask === 0 || left === undefined || right === undefined || hasSubquery(expression)) return null;
  const a = compiler.compile(left);
  const b = compiler.compile(right);
  if (a.fixed === b.fixed) return null;
  const generic = new BooleanPredicate(compiler.compile(expression));
  // The fixed side may be a column too: one of an enclosing query.
  const varying = a.fixed ? right : left;
  const key = varying.kind === 'column' ? varying.id : null;
  return a.fixed
    ? new RangePredicate(b, [{ mask: swapMask(mask), fixed: a }], key, [generic])
    : new RangePredicate(a, [{ mask, fixed: b }], key, [generic]);
}

/** Any condition: its boolean column's true rows. */
class BooleanPredicate implements Predicate {
  readonly #condition: Evaluator;

  constructor(condition: Evaluator) {
    this.#condition = condition;
  }

  select(batch: Batch): Batch {
    if (batch.count === 0) return batch;
    if (this.#condition.fixed) return this.#condition.value() === true ? batch : withSelection(batch, EMPTY, 0);
    return split(batch, this.#condition.eval(batch))[0];
  }
}

const EMPTY = new Int32Array(0);

interface Comparison {
  readonly mask: number;
  readonly fixed: Evaluator;
}

/** One column against one or more fixed values. */
class RangePredicate implements Predicate {
  readonly operand: Evaluator;
  readonly comparisons: readonly Comparison[];
  /** Column id, where the operand is a plain column. */
  readonly key: number | null;
  readonly generic: readonly Predicate[];
  #constants: Value[] = [];
  #tests: CachedTest | null = null;

  constructor(
    operand: Evaluator,
    comparisons: readonly Comparison[],
    key: number | null,
    generic: readonly Predicate[],
  ) {
    this.operand = operand;
    this.comparisons = comparisons;
    this.key = key;
    this.generic = generic;
  }

  select(batch: Batch, own = false): Batch {
    if (batch.count === 0) return batch;
    const constants = this.comparisons.map(({ fixed }) => fixed.value());
    if (constants.includes(null)) return withSelection(batch, EMPTY, 0);
    const vector = this.operand.eval(batch);
    const range = this.#range(vector, constants);
    if (range !== null) {
      const out = own && batch.selection !== null ? batch.selection : new Int32Array(batch.count + 1);
      return withSelection(batch, out, selectRange(vector, range, batch, out));
    }
    if ((vector.kind === 'text' || vector.kind === 'dict') && constants.every((value) => typeof value === 'string')) {
      const out = new Int32Array(batch.count + 1);
      return withSelection(batch, out, selectTexts(vector, this.#textTest(constants), batch, out));
    }
    let open = batch;
    for (const predicate of this.generic) open = predicate.select(open);
    return open;
  }

  #range(vector: Vector, constants: readonly Value[]): NumberRange | null {
    let range: NumberRange | null = null;
    for (let c = 0; c < constants.length; c++) {
      const next = rangeOf((this.comparisons[c] as Comparison).mask, constants[c] as Value, vector);
      if (next === null) return null;
      range = range === null ? next : intersectRanges(range, next);
      if (range === null) return null;
    }
    return range;
  }

  #textTest(constants: readonly Value[]): CachedTest {
    if (this.#tests === null || constants.some((value, i) => value !== this.#constants[i])) {
      const tests = constants.map((value, i) =>
        textComparison((this.comparisons[i] as Comparison).mask, value as string),
      );
      const [first] = tests;
      this.#tests = new CachedTest(
        tests.length === 1 && first !== undefined ? first : (text) => tests.every((test) => test(text)),
      );
      this.#constants = constants.slice();
    }
    return this.#tests;
  }
}

/** Puts the comparisons of one column together (`a >= 1 AND a < 9`). */
function fuseRanges(predicates: readonly Predicate[]): Predicate[] {
  const result: Predicate[] = [];
  for (const predicate of predicates) {
    const before =
      predicate instanceof RangePredicate && predicate.key !== null
        ? result.findIndex((other) => other instanceof RangePredicate && other.key === predicate.key)
        : -1;
    const other = result[before];
    if (predicate instanceof RangePredicate && other instanceof RangePredicate) {
      result[before] = new RangePredicate(other.operand, [...other.comparisons, ...predicate.comparisons], other.key, [
        ...other.generic,
        ...predicate.generic,
      ]);
    } else {
      result.push(predicate);
    }
  }
  return result;
}

class AndPredicate implements Predicate {
  readonly #parts: readonly Predicate[];

  constructor(parts: readonly Predicate[]) {
    this.#parts = parts;
  }

  select(batch: Batch): Batch {
    let open = batch;
    for (const part of this.#parts) {
      if (open.count === 0) break;
      open = part.select(open, open.selection !== batch.selection);
    }
    return open;
  }
}

class OrPredicate implements Predicate {
  readonly #parts: readonly Predicate[];

  constructor(parts: readonly Predicate[]) {
    this.#parts = parts;
  }

  select(batch: Batch): Batch {
    const accepted = new Uint8Array(batch.length);
    let open = batch;
    for (const part of this.#parts) {
      if (open.count === 0) break;
      const { selection, count } = part.select(open);
      for (let k = 0; k < count; k++) accepted[selection === null ? k : (selection[k] as number)] = 1;
      open = keepRows(open, accepted, 0);
    }
    return keepRows(batch, accepted, 1);
  }
}

/** The batch's rows whose flag is `wanted`. */
function keepRows(batch: Batch, flags: Uint8Array, wanted: number): Batch {
  const rows = new Int32Array(batch.count + 1);
  let n = 0;
  for (let k = 0; k < batch.count; k++) {
    const i = batch.selection === null ? k : (batch.selection[k] as number);
    rows[n] = i;
    n += flags[i] === wanted ? 1 : 0;
  }
  return withSelection(batch, rows, n);
}
