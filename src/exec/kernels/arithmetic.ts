/**
 * Arithmetic kernels: + - * / % over int32, exact integers in doubles, floats and scaled decimals.
 *
 * A kernel computes a whole batch or gives up (null): on a kind it does not know, and on any result that is out of its
 * exact range. The caller then takes the generic path, which raises the error, or finds the exact big result. So
 * kernels know no errors and no bigints. The positions of nulls hold arbitrary values: they may only cause giving up.
 */
import type { Batch, Vector } from '../../base/vector.ts';
import { FLOAT8, INT2, INT4, INT8, MAX_SCALE, NUMERIC } from '../physical.ts';
import { asDoubles, rescale, unionNulls } from './arguments.ts';

export type BinaryKernel = (a: Vector, b: Vector, batch: Batch) => Vector | null;

type Operation = 'add' | 'sub' | 'mul' | 'div' | 'mod';

const NAMES: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['pl', 'add'],
  ['mi', 'sub'],
  ['mul', 'mul'],
  ['div', 'div'],
  ['mod', 'mod'],
  ['_add', 'add'],
  ['_sub', 'sub'],
  ['_mul', 'mul'],
]);

const PATTERN = /^(int[248]{1,2}|float8|float48|float84|numeric)(pl|mi|mul|div|mod|_add|_sub|_mul)$/;

/** Finds the kernel of an arithmetic function by its PostgreSQL name and result type. */
export function arithmeticKernel(name: string, returns: number): BinaryKernel | null {
  const match = PATTERN.exec(name);
  if (match === null) return null;
  const operation = NAMES.get(match[2] as string) as Operation;
  switch (returns) {
    case INT4:
      return (a, b, batch) => intKernel(operation, a, b, batch, -2147483648, 2147483647);
    case INT2:
      return (a, b, batch) => intKernel(operation, a, b, batch, -32768, 32767);
    case INT8:
      return (a, b, batch) => bigKernel(operation, a, b, batch);
    case FLOAT8:
      return operation === 'mod' ? null : (a, b, batch) => floatKernel(operation, a, b, batch);
    case NUMERIC:
      return operation === 'div' || operation === 'mod' ? null : (a, b, batch) => decimalKernel(operation, a, b, batch);
    default:
      return null;
  }
}

function intKernel(operation: Operation, a: Vector, b: Vector, batch: Batch, low: number, high: number): Vector | null {
  if (a.kind !== 'i32' || b.kind !== 'i32') return null;
  const out = new Int32Array(batch.length);
  const nulls = unionNulls(a, b, batch.length);
  const loop = INT_LOOPS[operation];
  if (!loop(a.data, b.data, out, nulls, batch.selection, batch.count, low, high)) return null;
  return { kind: 'i32', data: out, length: batch.length, nulls };
}

type IntLoop = (
  a: Int32Array,
  b: Int32Array,
  out: Int32Array,
  nulls: Uint8Array | null,
  selection: Int32Array | null,
  count: number,
  low: number,
  high: number,
) => boolean;

const INT_LOOPS: Readonly<Record<Operation, IntLoop>> = {
  add: (a, b, out, nulls, selection, count, low, high) => {
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      const value = (a[i] as number) + (b[i] as number);
      if ((value < low || value > high) && (nulls === null || nulls[i] === 0)) return false;
      out[i] = value;
    }
    return true;
  },
  sub: (a, b, out, nulls, selection, count, low, high) => {
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      const value = (a[i] as number) - (b[i] as number);
      if ((value < low || value > high) && (nulls === null || nulls[i] === 0)) return false;
      out[i] = value;
    }
    return true;
  },
  mul: (a, b, out, nulls, selection, count, low, high) => {
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      const value = (a[i] as number) * (b[i] as number);
      if ((value < low || value > high) && (nulls === null || nulls[i] === 0)) return false;
      out[i] = value;
    }
    return true;
  },
  div: (a, b, out, nulls, selection, count, low, high) => {
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      const divisor = b[i] as number;
      const value = Math.trunc((a[i] as number) / divisor);
      if ((divisor === 0 || value < low || value > high) && (nulls === null || nulls[i] === 0)) return false;
      out[i] = value;
    }
    return true;
  },
  mod: (a, b, out, nulls, selection, count) => {
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      const divisor = b[i] as number;
      if (divisor === 0 && (nulls === null || nulls[i] === 0)) return false;
      out[i] = (a[i] as number) % divisor;
    }
    return true;
  },
};

/** Exact integers in doubles: gives up as soon as an argument's or result's magnitude passes 2^53. */
function bigKernel(operation: Operation, a: Vector, b: Vector, batch: Batch): Vector | null {
  const left = asDoubles(a);
  const right = asDoubles(b);
  if (left === null || right === null) return null;
  const out = new Float64Array(batch.length);
  const nulls = unionNulls(a, b, batch.length);
  if (!doubleLoop(operation, left, right, out, nulls, batch, true)) return null;
  if (operation === 'mul') normaliseZeros(out, batch.length);
  return { kind: 'f64', data: out, length: batch.length, nulls };
}

function floatKernel(operation: Operation, a: Vector, b: Vector, batch: Batch): Vector | null {
  const left = asDoubles(a);
  const right = asDoubles(b);
  if (left === null || right === null) return null;
  const out = new Float64Array(batch.length);
  const nulls = unionNulls(a, b, batch.length);
  if (!doubleLoop(operation, left, right, out, nulls, batch, false)) return null;
  return { kind: 'f64', data: out, length: batch.length, nulls };
}

const MAX_SAFE = Number.MAX_SAFE_INTEGER;

function doubleLoop(
  operation: Operation,
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  nulls: Uint8Array | null,
  batch: Batch,
  integers: boolean,
): boolean {
  switch (operation) {
    case 'add':
      addDoubles(a, b, out, batch.selection, batch.count);
      break;
    case 'sub':
      subtractDoubles(a, b, out, batch.selection, batch.count);
      break;
    case 'mul':
      multiplyDoubles(a, b, out, batch.selection, batch.count);
      break;
    case 'div':
      divideDoubles(a, b, out, batch.selection, batch.count);
      if (integers) truncateDoubles(out, batch.length);
      break;
    case 'mod':
      moduloDoubles(a, b, out, batch.selection, batch.count);
      break;
  }
  return integers ? allSafe(out, nulls, batch) : noNewSpecials(operation, a, b, out, nulls, batch);
}

function addDoubles(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  selection: Int32Array | null,
  count: number,
): void {
  if (selection === null) for (let i = 0; i < count; i++) out[i] = (a[i] as number) + (b[i] as number);
  else
    for (let k = 0; k < count; k++)
      out[selection[k] as number] = (a[selection[k] as number] as number) + (b[selection[k] as number] as number);
}

function subtractDoubles(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  selection: Int32Array | null,
  count: number,
): void {
  if (selection === null) for (let i = 0; i < count; i++) out[i] = (a[i] as number) - (b[i] as number);
  else
    for (let k = 0; k < count; k++)
      out[selection[k] as number] = (a[selection[k] as number] as number) - (b[selection[k] as number] as number);
}

function multiplyDoubles(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  selection: Int32Array | null,
  count: number,
): void {
  if (selection === null) for (let i = 0; i < count; i++) out[i] = (a[i] as number) * (b[i] as number);
  else
    for (let k = 0; k < count; k++)
      out[selection[k] as number] = (a[selection[k] as number] as number) * (b[selection[k] as number] as number);
}

function divideDoubles(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  selection: Int32Array | null,
  count: number,
): void {
  if (selection === null) for (let i = 0; i < count; i++) out[i] = (a[i] as number) / (b[i] as number);
  else
    for (let k = 0; k < count; k++)
      out[selection[k] as number] = (a[selection[k] as number] as number) / (b[selection[k] as number] as number);
}

function moduloDoubles(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  selection: Int32Array | null,
  count: number,
): void {
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    out[i] = ((a[i] as number) % (b[i] as number)) + 0;
  }
}

/** Drops fractions; the quotient of two safe integers is at least 2^-53 from the next integer, so this is exact. */
function truncateDoubles(out: Float64Array, length: number): void {
  for (let i = 0; i < length; i++) out[i] = Math.trunc(out[i] as number) + 0;
}

function allSafe(out: Float64Array, nulls: Uint8Array | null, batch: Batch): boolean {
  const { selection, count } = batch;
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    const value = out[i] as number;
    if (!(value <= MAX_SAFE && value >= -MAX_SAFE) && (nulls === null || nulls[i] === 0)) return false;
  }
  return true;
}

/** False where finite arguments overflowed, a product or quotient underflowed to zero, or a divisor is zero. */
function noNewSpecials(
  operation: Operation,
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  nulls: Uint8Array | null,
  batch: Batch,
): boolean {
  const { selection, count } = batch;
  const canUnderflow = operation === 'mul' || operation === 'div';
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    const value = out[i] as number;
    if (value - value === 0 && (value !== 0 || !canUnderflow)) continue;
    if (nulls !== null && nulls[i] === 1) continue;
    const x = a[i] as number;
    const y = b[i] as number;
    if (operation === 'div' && y === 0) return false;
    if (value === 0) {
      if (x !== 0 && (operation === 'div' ? y - y === 0 : y !== 0)) return false;
    } else if (value === value && x - x === 0 && y - y === 0) {
      return false;
    }
  }
  return true;
}

/** Scaled decimals: sums take the greater scale, products the sum of the scales, as PostgreSQL's results do. */
function decimalKernel(operation: Operation, a: Vector, b: Vector, batch: Batch): Vector | null {
  if (a.kind !== 'f64' || b.kind !== 'f64' || a.scale === undefined || b.scale === undefined) return null;
  const nulls = unionNulls(a, b, batch.length);
  const out = new Float64Array(batch.length);
  let scale: number;
  if (operation === 'mul') {
    scale = a.scale + b.scale;
    if (scale > MAX_SCALE) return null;
    multiplyDoubles(a.data, b.data, out, batch.selection, batch.count);
    normaliseZeros(out, batch.length);
  } else {
    scale = Math.max(a.scale, b.scale);
    const left = rescale(a.data, a.scale, scale, batch);
    const right = rescale(b.data, b.scale, scale, batch);
    if (left === null || right === null) return null;
    if (operation === 'add') addDoubles(left, right, out, batch.selection, batch.count);
    else subtractDoubles(left, right, out, batch.selection, batch.count);
  }
  if (!allSafe(out, nulls, batch)) return null;
  return { kind: 'f64', data: out, scale, length: batch.length, nulls };
}

/** -0 is no integer. */
function normaliseZeros(out: Float64Array, length: number): void {
  for (let i = 0; i < length; i++) out[i] = (out[i] as number) + 0;
}
