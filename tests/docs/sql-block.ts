/** Runs the statements of a sql block one after another, and prints what they give. */
import { statements } from '../../src/sql/parser/parser.ts';
import { type Database, DriftError, type Results } from '../../src/entry/node.ts';

/** Types whose columns are aligned to the right. */
const NUMBERS = new Set([20, 21, 23, 26, 700, 701, 1700]);
const ARROW = '-- →';

export interface SqlStatement {
  readonly sql: string;
  /** Lines behind `-- →`, if there are any. */
  readonly expected: readonly string[] | null;
}

export interface Outcome {
  readonly statement: SqlStatement;
  readonly results: Results | null;
  readonly error: DriftError | null;
}

/** Comments behind a statement, up to the next, belong to it. */
export function statementsOf(block: string): SqlStatement[] {
  const all = [...statements(block)];
  return all.map((statement, i) => {
    const next = all[i + 1];
    const start = statement.position - 1;
    const stop = next === undefined ? block.length : next.position - 1;
    const behind = block.slice(statement.end, stop);
    const expected = behind
      .split('\n')
      .map((line) => line.replace(/^\s*;?\s*/, ''))
      .filter((line) => line.startsWith(ARROW))
      .map((line) => line.slice(ARROW.length).trim());
    return { sql: block.slice(start, statement.end), expected: expected.length === 0 ? null : expected };
  });
}

export async function runStatement(db: Database, statement: SqlStatement): Promise<Outcome> {
  try {
    const results = await db.query(statement.sql, [], { text: true, rowMode: 'array' });
    return { statement, results, error: null };
  } catch (error) {
    if (error instanceof DriftError) return { statement, results: null, error };
    throw error;
  }
}

/** `cell | cell` a row, or the error. */
export function shortForm({ results, error }: Outcome): string[] {
  if (error !== null) return [errorLine(error)];
  return cellsOf(results).map((row) => row.join(' | '));
}

/** Aligned tables of the statements that give rows, and errors; nothing for the others. */
export function longForm(outcomes: readonly Outcome[]): string {
  return outcomes
    .map(({ results, error }) => (error === null ? table(results) : `${errorLine(error)}\n`))
    .filter((text) => text !== '')
    .join('\n');
}

export function errorLine({ code, message }: DriftError): string {
  return `ERROR ${code}: ${message}`;
}

function cellsOf(results: Results | null): string[][] {
  const rows = (results?.rows ?? []) as unknown as (string | null)[][];
  return rows.map((row) => row.map((cell) => cell ?? 'NULL'));
}

function table(results: Results | null): string {
  if (results === null || results.fields.length === 0) return '';
  const { fields } = results;
  const rows = cellsOf(results);
  const names = fields.map(({ name }) => name);
  const widths = names.map((name, c) => Math.max(name.length, ...rows.map((row) => (row[c] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, c) =>
        NUMBERS.has(fields[c]?.dataTypeID ?? 0) ? cell.padStart(widths[c] ?? 0) : cell.padEnd(widths[c] ?? 0),
      )
      .join(' | ')
      .trimEnd();
  const lines = [line(names), widths.map((width) => '-'.repeat(width)).join('-+-'), ...rows.map(line)];
  if (rows.length === 0) lines.push('(no rows)');
  return `${lines.join('\n')}\n`;
}
