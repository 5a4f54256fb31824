/**
 * pg15-golden: SQL of six engines' own tests with PostgreSQL 15's answers. A file runs on an empty database; of the
 * records on which its authors and PostgreSQL agree, those that DriftDB answers otherwise are misses: other rows, column
 * names or type OIDs, another SQLSTATE. An internal error (class XX, or no SQLSTATE) is a miss in any record.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { open } from '../../../src/entry/node.ts';
import { causeOf } from './causes.ts';
import { type Answer, type Case, type Failure, type Kind, sameFields, sameRows } from './compare.ts';

export const ROOT: string = fileURLToPath(new URL('../../../../shared/corpora/pg15-golden/', import.meta.url));

interface Line {
  readonly l: number;
  readonly k: string;
  readonly sql: string;
  readonly s: string;
  readonly st: number;
  readonly sort?: string;
  readonly e?: string;
  readonly m?: string;
  readonly f?: readonly (readonly [name: string, oid: number])[];
  readonly r?: readonly (readonly (string | null)[])[];
}

export interface Miss {
  readonly file: string;
  readonly line: number;
  readonly cause: string;
  readonly shown: string;
}

export type Counts = Record<Kind, { right: number; wrong: number }>;

export const newCounts = (): Counts => ({
  query: { right: 0, wrong: 0 },
  statement: { right: 0, wrong: 0 },
  error: { right: 0, wrong: 0 },
});

/** Files by their path, as the manifest lists them: `cockroach/aggregate.jsonl` … */
export function files(): string[] {
  if (!existsSync(ROOT)) return [];
  const lines = readFileSync(`${ROOT}MANIFEST.tsv`, 'utf8').trim().split('\n').slice(1);
  return lines.map((line) => line.split('\t')[1] ?? '').filter((file) => existsSync(ROOT + file));
}

const TIMEOUT_MS = 8000;

/** Runs one file; adds to the counts of its source and returns what was missed. */
export async function score(file: string, counts: Counts): Promise<Miss[]> {
  const db = await open('memory://');
  const misses: Miss[] = [];
  for (const text of readFileSync(ROOT + file, 'utf8')
    .trim()
    .split('\n')) {
    const line = JSON.parse(text) as Line;
    const found = await answerOf(db, line.sql);
    const internal = 'code' in found && (!/^[0-9A-Z]{5}$/.test(found.code) || found.code.startsWith('XX'));
    if (internal) misses.push(miss({ kind: 'internal', file, line: line.l, sql: line.sql, wanted: null, found }));
    if (line.st !== 1 || line.s !== 'agree') continue;
    const kind = line.e !== undefined ? 'error' : line.k === 'stmt' ? 'statement' : 'query';
    const right = isRight(kind, line, found);
    counts[kind][right ? 'right' : 'wrong']++;
    const wanted = line.e === undefined ? answer(line) : { code: line.e, message: line.m ?? '' };
    if (!right) misses.push(miss({ kind, file, line: line.l, sql: line.sql, wanted, found }));
  }
  await db.close();
  return misses;
}

const answer = ({ f, r }: Line): Answer => ({ fields: f ?? [], rows: r ?? [] });

function miss(found: Case): Miss {
  const { file, line, sql, found: got } = found;
  const shown = `${sql.replaceAll(/\s+/g, ' ').slice(0, 160)} -> ${JSON.stringify(got).slice(0, 200)}`;
  return { file, line, cause: causeOf(found), shown };
}

async function answerOf(db: Awaited<ReturnType<typeof open>>, sql: string): Promise<Answer | Failure> {
  try {
    const { fields, rows } = await db.query<(string | null)[]>(sql, [], {
      rowMode: 'array',
      text: true,
      timeout: TIMEOUT_MS,
    });
    return { fields: fields.map(({ name, dataTypeID }) => [name, dataTypeID]), rows: rows.map((row) => row.map(text)) };
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    return { code: code ?? 'none', message };
  }
}

const text = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));

function isRight(kind: Kind, line: Line, found: Answer | Failure): boolean {
  if ('code' in found) return kind === 'error' && found.code === line.e;
  if (kind === 'error') return false;
  if (kind === 'statement' || line.r === undefined) return true;
  return sameRows(line.r, found.rows, line.sort !== 'nosort') && sameFields(line.f, found.fields);
}
