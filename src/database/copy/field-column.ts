/**
 * A column that COPY fills: the text of each field becomes a value at once, without an object a row or a cell. Integers,
 * floating-point numbers and text are read here; everything else by its type's input function.
 */
import { DriftError } from '../../base/error.ts';
import type { Vector } from '../../base/vector.ts';
import { VectorBuilder } from '../../base/vector-builder.ts';
import type { ColumnDef } from '../../catalog/schema.ts';
import type { EvalContext } from '../../sql/eval-context.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { SqlType } from '../../sql/types/type.ts';
import { isConstrained } from '../../sql/user-coercion.ts';
import type { Parameter } from '../api.ts';
import { coerceParameter } from '../parameters.ts';

const [INT8, INT2, INT4, TEXT, FLOAT8, INTERVAL] = [20, 21, 23, 25, 701, 1186];
const MAX: ReadonlyMap<number, number> = new Map([
  [INT2, 32767],
  [INT4, 2147483647],
  [INT8, Number.MAX_SAFE_INTEGER],
]);

export class FieldColumn {
  readonly name: string;
  readonly #type: SqlType;
  readonly #typmod: number;
  readonly #context: EvalContext;
  /** Greatest integer to read here; 0 for types that are no integers. */
  readonly #max: number;
  readonly #constrained: boolean;
  #builder: VectorBuilder;

  constructor(column: ColumnDef, context: EvalContext) {
    this.name = column.name;
    this.#type = typeByOid(column.type.oid);
    this.#typmod = column.type.typmod;
    this.#context = context;
    this.#constrained = isConstrained(column.type.oid);
    this.#max = MAX.get(column.type.oid) ?? 0;
    this.#builder = this.#begin();
  }

  append(text: string | null): void {
    if (text === null) {
      this.#appendNull();
      return;
    }
    const { oid } = this.#type;
    if (this.#max !== 0) {
      const value = integer(text);
      if (value <= this.#max && value >= -this.#max) {
        this.#builder.append(value);
        return;
      }
    } else if (oid === TEXT) {
      if (text.includes('\0')) throw new DriftError('22021', 'invalid byte sequence for encoding "UTF8": 0x00');
      this.#builder.append(text);
      return;
    } else if (oid === FLOAT8 && /^-?[0-9.]{1,17}$/.test(text)) {
      const value = Number(text);
      if (!Number.isNaN(value)) {
        this.#builder.append(value);
        return;
      }
    }
    this.#builder.append(this.#read(text));
  }

  /** Appends values of the API: those of the column's own form as they are, others as parameters of its type. */
  appendValues(values: readonly Parameter[]): void {
    const { oid } = this.#type;
    for (const [i, value] of values.entries()) {
      if (value === null) this.#appendNull();
      else if (this.#max !== 0 && typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= this.#max)
        this.#builder.append(value);
      else if (typeof value === 'string') this.append(value);
      else {
        const read = coerceParameter(value, oid, this.#context, i);
        this.#builder.append(
          this.#typmod === -1 || read === null ? read : this.#type.applyTypmod(read, this.#typmod, false),
        );
      }
    }
  }

  /** A domain may refuse it. */
  #appendNull(): void {
    if (this.#constrained) this.#context.checkDomain(this.#type.oid, null);
    this.#builder.append(null);
  }

  /** What has been filled since the last time. */
  take(): Vector {
    const vector = this.#builder.view();
    this.#builder = this.#begin();
    return vector;
  }

  #begin(): VectorBuilder {
    return new VectorBuilder(this.#type.format(this.#typmod), 1024);
  }

  #read(text: string): ReturnType<SqlType['input']> {
    const typmod = this.#typmod;
    const value = this.#type.input(text, this.#type.oid === INTERVAL ? typmod : -1, this.#context);
    return typmod === -1 ? value : this.#type.applyTypmod(value, typmod, false);
  }
}

/** Reads plain decimal digits with a sign; NaN for anything else. */
function integer(text: string): number {
  const { length } = text;
  const negative = text.charCodeAt(0) === 45;
  let at = negative ? 1 : 0;
  if (length === at || length > 15) return Number.NaN;
  let value = 0;
  for (; at < length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}
