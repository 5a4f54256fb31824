/**
 * A result over time: the statement read at up to 60 moments spread over all commits, a line for each label (the first
 * column that is no number) with the values of the last number column.
 */
import type { Commits } from '../catalog.ts';
import type { Database, TextResult } from '../database.ts';
import { isNumeric, queryText } from '../database.ts';
import { sampleIndexes } from './moments.ts';

const SAMPLES = 60;
const SERIES = 6;
/** Lines are drawn anew after this many moments were read. */
const DRAW_EVERY = 6;

export interface Series {
  readonly name: string;
  /** One value for each sampled commit, NaN where there was none. */
  readonly values: readonly number[];
}

export interface Trend {
  readonly at: readonly number[];
  readonly seq: readonly number[];
  readonly series: readonly Series[];
}

/** Reads the moments one after another and yields what is known so far; throws when the statement works at none. */
export async function* sampleTrend(database: Database, commits: Commits, sql: string): AsyncGenerator<Trend> {
  const indexes = sampleIndexes(commits, SAMPLES);
  const seq = indexes.map((index) => commits.seq[index] ?? 0);
  const at = indexes.map((index) => commits.at[index] ?? 0);
  const lines = new Map<string, number[]>();
  let failed: unknown;
  for (const [step, moment] of seq.entries()) {
    try {
      addPoints(lines, step, seq.length, await queryText(database.asOf({ seq: moment }), sql));
    } catch (error) {
      // Before the table existed there is nothing to draw; if it never works, the error is shown.
      failed = error;
    }
    if (step % DRAW_EVERY === DRAW_EVERY - 1 || step === seq.length - 1) yield { at, seq, series: topSeries(lines) };
  }
  if (lines.size === 0 && failed !== undefined) throw failed;
}

function addPoints(lines: Map<string, number[]>, step: number, steps: number, result: TextResult): void {
  const value = result.fields.findLastIndex(isNumeric);
  if (value < 0) return;
  const label = result.fields.findIndex((field) => !isNumeric(field));
  const rows = label < 0 ? result.rows.slice(0, 1) : result.rows;
  for (const row of rows) {
    const name = label < 0 ? (result.fields[value]?.name ?? 'value') : (row[label] ?? 'NULL');
    const line = lines.get(name) ?? Array.from({ length: steps }, () => NaN);
    line[step] = row[value] == null ? NaN : Number(row[value]);
    lines.set(name, line);
  }
}

/** The lines with the greatest last values: more than six nobody can tell apart. */
function topSeries(lines: ReadonlyMap<string, readonly number[]>): Series[] {
  const last = (values: readonly number[]): number => values.findLast((value) => !Number.isNaN(value)) ?? -Infinity;
  const series = [...lines].map(([name, values]) => ({ name, values }));
  return series.sort((a, b) => last(b.values) - last(a.values)).slice(0, SERIES);
}
