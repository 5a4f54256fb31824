/** What is kept of each table's history, what protects it, how much space it takes, and setting and deleting it. */
import type { Database, Reader } from '../database.ts';
import { queryText } from '../database.ts';
import { quote } from '../catalog.ts';

export interface Kept {
  readonly schema: string;
  readonly table: string;
  /** 'forever', 'none', or an interval such as '90 days'. */
  readonly retention: string;
  /** The commit from which on all states can be read; 0 where nothing was deleted. */
  readonly from: number;
  /** States before it that can be read as well: first and last commit of each run of them. */
  readonly before: readonly (readonly [first: number, last: number])[];
  /** Who needs states of the past, the oldest first. */
  readonly needs: readonly Need[];
  /** Versions that are not in force any more. */
  readonly oldVersions: number;
  readonly bytes: number;
}

/** A state that a tag, a branch, a transaction or a session needs, or all from it on, which a change feed does. */
export interface Need {
  readonly seq: number;
  readonly isOpen: boolean;
  readonly reason: string;
}

export async function readKept(reader: Reader, signal: AbortSignal): Promise<Kept[]> {
  const { rows } = await queryText(
    reader,
    `SELECT schema, table_name, history_retention, history_from, kept_before
FROM drift.retention ORDER BY schema, table_name`,
    [],
    signal,
  );
  const needed = await queryText(reader, 'SELECT from_seq, to_seq, reason FROM drift.protections', [], signal);
  const needs = needed.rows.map(([seq, to, reason]) => ({
    seq: Number(seq),
    isOpen: to == null,
    reason: reason ?? '',
  }));
  const kept: Kept[] = [];
  for (const [schema, table, retention, from, before] of rows) {
    const named = { schema: schema ?? '', table: table ?? '' };
    kept.push({
      ...named,
      ...(await sizeOf(reader, named, signal)),
      retention: retention ?? 'forever',
      from: Number(from ?? 0),
      before: [...(before ?? '').matchAll(/\[(\d+),(\d+)\)/g)].map(([, start, end]) => [
        Number(start),
        Number(end) - 1,
      ]),
      needs,
    });
  }
  return kept;
}

/** Sets how long the history of a table is kept: 'forever', 'none', or an interval. */
export async function setRetention(database: Database, { schema, table }: Kept, retention: string): Promise<void> {
  const value = retention.replaceAll("'", "''");
  await database.transaction(
    (transaction) =>
      queryText(transaction, `ALTER TABLE ${quote(schema)}.${quote(table)} SET (history_retention = '${value}')`),
    { author: 'you', message: `Keep the history of ${table}: ${retention}` },
  );
}

/** The commit from which on all states stay when those before another one are deleted. */
export function limitOf({ needs }: Kept, seq: number): number {
  return Math.min(seq, ...needs.filter(({ isOpen }) => isOpen).map((need) => need.seq));
}

/** How many old versions belong to no state that stays when those before a commit are deleted. */
export async function goingBefore(reader: Reader, kept: Kept, seq: number): Promise<number> {
  const { schema, table, needs } = kept;
  const states = needs.map((need) => ` AND NOT (_seq_from <= ${need.seq} AND ${need.seq} < _seq_to)`);
  const sql =
    `SELECT count(*) FROM ${quote(schema)}.${quote(table)} FOR SYSTEM_TIME ALL ` +
    `WHERE _seq_to <= ${limitOf(kept, seq)}${states.join('')}`;
  return Number((await queryText(reader, sql)).rows[0]?.[0] ?? 0);
}

/** Deletes the states before a commit, and gives the space back. Somebody may need some of them: the notice says so. */
export async function deleteHistory(
  database: Database,
  kept: Kept,
  seq: number,
): Promise<{ readonly freed: number; readonly gone: number; readonly notice: string }> {
  const { signal } = new AbortController();
  // What is not in a segment yet has no size.
  await database.checkpoint();
  const before = await sizeOf(database, kept, signal);
  const { notices } = await database.query(
    `DELETE HISTORY FROM ${quote(kept.schema)}.${quote(kept.table)} BEFORE SEQ ${seq}`,
  );
  await database.checkpoint();
  const after = await sizeOf(database, kept, signal);
  return {
    freed: Math.max(0, before.bytes - after.bytes),
    gone: before.oldVersions - after.oldVersions,
    notice: notices?.[0]?.message ?? '',
  };
}

type Named = Pick<Kept, 'schema' | 'table'>;

async function sizeOf(
  reader: Reader,
  { schema, table }: Named,
  signal: AbortSignal,
): Promise<Pick<Kept, 'bytes' | 'oldVersions'>> {
  const name = `${quote(schema)}.${quote(table)}`;
  const { rows } = await queryText(
    reader,
    `SELECT pg_total_relation_size($1::regclass), count(*) FROM ${name} FOR SYSTEM_TIME ALL WHERE _seq_to IS NOT NULL`,
    [name],
    signal,
  );
  return { bytes: Number(rows[0]?.[0] ?? 0), oldVersions: Number(rows[0]?.[1] ?? 0) };
}
