/**
 * What is measured: a workload prepares a database once for each contestant, then its measures run once a round. All
 * contestants run the same code and the same SQL but for words that a dialect lacks; what they answer is compared.
 *
 * A sample is milliseconds, of one operation or of a whole measure, as the measure says. A page's clock ticks every
 * 0.1 ms, so what is shorter is done many times.
 */
import type { Dialect, Engine, Row, Waits, Where } from './engine.ts';

export interface Context {
  /** 1 is what issue and documents speak of. */
  readonly scale: number;
  readonly dialect: Dialect;
  readonly where: Where;
  readonly mode: string;
  /** Text of a file beside the project (`/corpora/…`); throws where it is not there. */
  readonly text: (path: string) => Promise<string>;
  /** Closes the database; what it gives opens it again. */
  readonly reopen: () => Promise<() => Promise<Engine>>;
  /** Things that `setup` keeps for the measures. */
  readonly kept: Map<string, unknown>;
}

export interface Sample {
  readonly ms: number;
  /** The same for all who answer rightly. */
  readonly answer: string;
  /** Other figures by name: percentiles, calls, bytes. */
  readonly figures?: Readonly<Record<string, number>> | undefined;
}

export interface Measure {
  readonly id: string;
  readonly title: string;
  readonly where: readonly Where[];
  /** Of what a sample tells the milliseconds. */
  readonly per: string;
  /** Whether commits count, so that only engines of one durability are compared. */
  readonly commits: boolean;
  /** Whether only what is on a medium takes part. */
  readonly persisted?: boolean | undefined;
  /** Whether it takes what the measure before it has left: then one that fails ends the workload for its contestant. */
  readonly inOrder?: boolean | undefined;
  /** The calibration's figure (`limits.ts`) below which the machine allows no time. */
  readonly limit?: Limit | undefined;
  /** Throws `NotApplicable` where the contestant cannot take part. */
  run(engine: Engine, context: Context): Promise<Sample>;
}

export interface Limit {
  readonly of: string;
  /** Of the measures made there alone. Default: of all. */
  readonly where?: Where | undefined;
  /** Whether the figure is of a million rows, and so goes with the scale. */
  readonly scaled?: boolean | undefined;
}

export interface Workload {
  readonly id: string;
  readonly title: string;
  /** Fills the database. Not measured. */
  setup(engine: Engine, context: Context): Promise<void>;
  readonly measures: readonly Measure[];
}

/** Thrown by a measure that an engine has no way to do. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}

/** The value, and no turn of the event loop where it is there. */
export async function settled<T>(value: Waits<T>): Promise<T> {
  return value instanceof Promise ? await value : value;
}

/**
 * Rows as text by which answers are compared: numbers to nine digits, as the runner compares them with some tolerance
 * (sums of floats differ by their order); of many rows their number, a hash of their texts, and the sum of their numbers.
 */
export function digest(rows: readonly Row[]): string {
  const values = rows.flatMap((row) => Object.values(row).map(shown));
  const text = rows.map((row) => Object.values(row).map(shown).join(' ')).join('; ');
  if (text.length <= 200) return text;
  const isNumber = (value: string): boolean => value.trim() !== '' && !Number.isNaN(Number(value));
  const sum = values.filter(isNumber).reduce((so, value) => so + Number(value), 0);
  return `${rows.length} rows, texts ${hash(values.filter((value) => !isNumber(value)).join(';'))}x, sum ${sum}`;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
  return Number.isNaN(number) ? String(value).trimEnd() : String(Number(number.toPrecision(9)));
}

function hash(text: string): string {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return (h >>> 0).toString(16);
}

/** Times one statement from the call to the last row. */
export async function timed(engine: Engine, sql: string): Promise<Sample> {
  const started = performance.now();
  const answer = engine.rows(sql);
  const rows = answer instanceof Promise ? await answer : answer;
  const ms = performance.now() - started;
  return { ms, answer: digest(rows) };
}

/** The p-th part of sorted numbers. */
export function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;
}
