/**
 * The system catalogs: the queries that psql 15 sends for its backslash commands, those by which Kysely, drizzle-kit
 * and TypeORM read a schema, and the views of information_schema, over the schema of schema.sql, with PostgreSQL 15's rows.
 *
 * OIDs stand as {name} in the fixtures. Records without rows are run only: their answers are PostgreSQL's own matters
 * (sizes of files, template databases, roles, comments on built-in functions), the text of a view's query, or the first of
 * rows in no order.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Db, openDb } from '../helper.ts';

interface Fixture {
  readonly command?: string;
  readonly relation?: string;
  readonly sql: string;
  readonly rows?: readonly (readonly (string | null)[])[];
}

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
const psql = JSON.parse(read('psql.json')) as readonly Fixture[];
const builders = JSON.parse(read('introspection.json')) as readonly Fixture[];
const standard = JSON.parse(read('information-schema.json')) as readonly Fixture[];

let db: Db;
const oids = new Map<string, string>();
const names = new Map<string, string>();

beforeAll(async () => {
  db = await openDb();
  await db.run(read('schema.sql'));
  for (const [oid, name] of await db.rows('SELECT oid, oid::regclass::text FROM pg_class WHERE oid >= 16384')) {
    oids.set(name ?? '', oid ?? '');
    names.set(oid ?? '', name ?? '');
  }
});

async function answer(sql: string): Promise<(string | null)[][]> {
  const rows = await db.rows(sql.replaceAll(/\{([a-z_.]+)\}/g, (whole, name: string) => oids.get(name) ?? whole));
  return rows.map((row) => row.map((value) => (names.has(value ?? '') ? `{${names.get(value ?? '') ?? ''}}` : value)));
}

describe('psql', () => {
  test.each(psql.map((item, i) => [item.command ?? '', i, item] as const))('%s (query %i)', async (_, __, item) => {
    const rows = await answer(item.sql);
    if (item.rows !== undefined) expect(rows).toEqual(item.rows);
  });
});

describe('query builders', () => {
  test.each(builders.map((item, i) => [item.command ?? '', i, item] as const))('%s (query %i)', async (_, __, item) => {
    const sorted = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
    const rows = await answer(item.sql);
    // PostgreSQL has no schema `drift`; its table and it come besides.
    const own = rows.filter(
      (row) => row.join() !== 'drift' && !(row.includes('drift') && row.includes('transactions')),
    );
    if (item.rows !== undefined) expect(sorted(own)).toEqual(sorted(item.rows));
  });
});

describe('information_schema', () => {
  test.each(standard.map((item) => [item.relation ?? '', item] as const))('%s', async (_, item) => {
    const sorted = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
    expect(sorted(await answer(item.sql))).toEqual(sorted(item.rows ?? []));
  });
});
