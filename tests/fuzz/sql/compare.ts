/**
 * Whether two outcomes are the same answer.
 *
 * Rows without a total order are bags. Floating-point numbers agree within a tolerance, for sums depend on the order of
 * rows and the last digit of functions on the platform; everything else agrees by the character, unless the query leaves
 * open which of several equal values it shows (`loose`): then by value.
 *
 * An error that depends on which rows a plan evaluates first (class 22, 21000) may come from one side only: whether a
 * row is computed before a filter drops it is nobody's promise. Such pairs are `undetermined`, and counted.
 */
import type { Cell, Outcome } from './engines.ts';

export type Verdict =
  | { readonly kind: 'same' | 'undetermined' }
  | { readonly kind: 'different'; readonly what: string };

export interface Expectation {
  readonly sorted: boolean;
  readonly loose: boolean;
  /** The statement evaluates each of its expressions exactly once or not at all: errors must agree. */
  readonly strict: boolean;
}

// 42601 is what a range's text of bounds is refused with, a value like others.
const DATA_ERROR = /^(22|21|54|53)|^42601$/;
const CONSTRAINT = /^23/;

export function compare(drift: Outcome, reference: Outcome, expected: Expectation): Verdict {
  if (drift.kind === 'error' && !/^[0-9A-Z]{5}$/.test(drift.code)) return different(`internal error: ${drift.message}`);
  if (drift.kind === 'error' && (drift.code.startsWith('XX') || drift.code === '57014'))
    return different(`${drift.code}: ${drift.message}`);
  if (drift.kind === 'error' || reference.kind === 'error') return compareErrors(drift, reference, expected);
  const names = (outcome: typeof drift): string => outcome.fields.map(({ name, oid }) => `${name} ${oid}`).join(', ');
  if (names(drift) !== names(reference)) return different(`columns: ${names(drift)}; PostgreSQL: ${names(reference)}`);
  const oids = drift.fields.map(({ oid }) => oid);
  if (drift.rows.length !== reference.rows.length)
    return different(`${drift.rows.length} rows; PostgreSQL: ${reference.rows.length}`);
  const [found, wanted] = expected.sorted ? [drift.rows, reference.rows] : [bag(drift.rows), bag(reference.rows)];
  const at = found.findIndex((row, i) => !sameRow(row, wanted[i] ?? [], oids, expected.loose));
  if (at < 0) return { kind: 'same' };
  if (!expected.sorted && sameBag(drift.rows, reference.rows, oids, expected.loose)) return { kind: 'same' };
  return different(`row ${at}: ${JSON.stringify(found[at])}; PostgreSQL: ${JSON.stringify(wanted[at])}`);
}

function different(what: string): Verdict {
  return { kind: 'different', what };
}

function compareErrors(drift: Outcome, reference: Outcome, { strict }: Expectation): Verdict {
  const code = (outcome: Outcome): string =>
    outcome.kind !== 'error' ? 'rows' : outcome.message.startsWith('cannot convert') ? '22000' : outcome.code;
  const [a, b] = [code(drift), code(reference)];
  if (a === b) return { kind: 'same' };
  const either = drift.kind === 'error' && reference.kind === 'error';
  if (!strict && (DATA_ERROR.test(a) || a === 'rows') && (DATA_ERROR.test(b) || b === 'rows'))
    return { kind: 'undetermined' };
  // A row that violates several constraints may be refused for any of them; and one that cannot be computed too.
  if (either && CONSTRAINT.test(a) && (CONSTRAINT.test(b) || DATA_ERROR.test(b))) return { kind: 'undetermined' };
  if (either && CONSTRAINT.test(b) && DATA_ERROR.test(a)) return { kind: 'undetermined' };
  return different(`${describe(drift)}; PostgreSQL: ${describe(reference)}`);
}

function describe(outcome: Outcome): string {
  return outcome.kind === 'error' ? `${outcome.code} ${outcome.message}` : `${outcome.rows.length} rows`;
}

function bag(rows: readonly (readonly Cell[])[]): (readonly Cell[])[] {
  return rows
    .map((row) => [JSON.stringify(row), row] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, row]) => row);
}

/** Bags whose rows are equal by value though not by text: each row takes the first that fits. */
function sameBag(
  found: readonly (readonly Cell[])[],
  wanted: readonly (readonly Cell[])[],
  oids: readonly number[],
  loose: boolean,
): boolean {
  const left = [...wanted];
  return found.every((row) => {
    const at = left.findIndex((other) => sameRow(row, other, oids, loose));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}

function sameRow(a: readonly Cell[], b: readonly Cell[], oids: readonly number[], loose: boolean): boolean {
  return a.length === b.length && a.every((cell, i) => sameCell(cell, b[i] ?? null, oids[i] ?? 0, loose));
}

const FLOATS = new Set([700, 701]);
const NUMERIC = 1700;
const INTERVAL = 1186;

function sameCell(a: Cell, b: Cell, oid: number, loose: boolean): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  if (FLOATS.has(oid)) return near(Number(float(a)), Number(float(b)), oid === 700 ? 1e-5 : 1e-9);
  if (loose && oid === NUMERIC) return plain(a) === plain(b);
  if (loose && oid === INTERVAL) return true;
  if (oid === INTERVAL || oid === NUMERIC) return false;
  return sameText(a, b, loose);
}

function float(text: string): string {
  return text.replace(/^(-?)Infinity$/, '$1Infinity');
}

function near(a: number, b: number, tolerance: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a === b;
  return Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));
}

function plain(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Texts that differ in the digits of floating-point numbers they hold (fifteen and more), or, loosely, in any number's. */
function sameText(a: string, b: string, loose: boolean): boolean {
  const NUMBER = /-?\d+\.?\d*(?:e[+-]?\d+)?/g;
  if (a.replace(NUMBER, '#') !== b.replace(NUMBER, '#')) return false;
  const [left, right] = [a.match(NUMBER) ?? [], b.match(NUMBER) ?? []];
  return left.every((number, i) => {
    const other = right[i] ?? '';
    if (number === other) return true;
    const long = Math.max(number.length, other.length) >= 15 && /[.e]/.test(number + other);
    return (long || loose) && near(Number(number), Number(other), 1e-9);
  });
}
