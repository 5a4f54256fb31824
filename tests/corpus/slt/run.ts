/**
 * Runs a sqllogictest file on an empty database. A record that is left out (left-out.json: PostgreSQL 15 answers it
 * differently from SQLite, or refuses it) must be answered as PostgreSQL answers it: with its SQLSTATE, or its values.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { open } from '../../../src/entry/node.ts';
import { answers, entriesOf, printed, type Entry } from './records.ts';

export const ROOT: string = fileURLToPath(new URL('../../../../shared/corpora/sqllogictest/', import.meta.url));

interface LeftOut {
  readonly reason: string;
  /** The SQLSTATE with which PostgreSQL refuses the records (00000: it takes them); or its answers, by file and line. */
  readonly code?: string;
  readonly lines?: Readonly<Record<string, readonly number[]>>;
  readonly values?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const LEFT_OUT: readonly LeftOut[] = JSON.parse(
  readFileSync(new URL('left-out.json', import.meta.url), 'utf8'),
) as readonly LeftOut[];

/** Files by their path in the corpus, in order. */
export function files(folder = ''): string[] {
  if (!existsSync(ROOT)) return [];
  return readdirSync(ROOT + folder, { withFileTypes: true })
    .flatMap((item) => (item.isDirectory() ? files(`${folder}${item.name}/`) : `${folder}${item.name}`))
    .filter((name) => name.endsWith('.test') && statSync(ROOT + name).size > 0)
    .sort();
}

/** What PostgreSQL gives for the record where that is not what the file has; null where it is. */
function expectation(file: string, line: number): { readonly code: string } | { readonly values: string } | null {
  for (const { code, lines, values } of LEFT_OUT) {
    if (code !== undefined && lines?.[file]?.includes(line) === true) return { code };
    const found = values?.[file]?.[line];
    if (found !== undefined) return { values: found };
  }
  return null;
}

export interface Miss {
  readonly file: string;
  readonly line: number;
  readonly sql: string;
  readonly what: string;
}

export interface Run {
  readonly misses: Miss[];
  queries: number;
  statements: number;
  leftOut: number;
}

/** Runs all statements of a file and every `step`th query, the first one included. */
export async function runFile(file: string, step = 1): Promise<Run> {
  const run: Run = { misses: [], queries: 0, statements: 0, leftOut: 0 };
  const db = await open('memory://');
  let seen = 0;
  for (const entry of entriesOf(readFileSync(ROOT + file, 'utf8'))) {
    if (entry.kind === 'query' && seen++ % step !== 0) continue;
    if (entry.kind === 'query') run.queries++;
    else run.statements++;
    const wanted = expectation(file, entry.line);
    if (wanted !== null) run.leftOut++;
    const what = wrong(entry, await outcomeOf(db, entry), wanted);
    if (what !== null) run.misses.push({ file, line: entry.line, sql: entry.sql, what });
  }
  await db.close();
  return run;
}

type Outcome = { readonly values: readonly string[] } | { readonly code: string; readonly message: string };

async function outcomeOf(db: Awaited<ReturnType<typeof open>>, entry: Entry): Promise<Outcome> {
  try {
    if (entry.kind === 'query') {
      const { rows } = await db.query<unknown[]>(entry.sql, [], { rowMode: 'array' });
      return { values: printed(entry, rows) };
    }
    await db.exec(entry.sql);
    return { values: [] };
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    return { code: code ?? 'none', message };
  }
}

/** What is wrong with an outcome; null for nothing. */
function wrong(entry: Entry, outcome: Outcome, wanted: ReturnType<typeof expectation>): string | null {
  const failed = 'code' in outcome;
  const shown = failed ? `${outcome.code} ${outcome.message}` : outcome.values.join('|').slice(0, 200);
  if (wanted !== null && 'code' in wanted && wanted.code === '00000') return failed ? shown : null;
  if (wanted !== null && 'code' in wanted)
    return failed && outcome.code === wanted.code ? null : `${shown}; PostgreSQL: ${wanted.code}`;
  if (wanted !== null)
    return !failed && outcome.values.join('|') === wanted.values ? null : `${shown}; PostgreSQL: ${wanted.values}`;
  if (entry.kind === 'statement') return failed === !entry.ok ? null : shown;
  return !failed && answers(entry, outcome.values) ? null : shown;
}
