/** Types, routines, triggers and views in the catalogs: objects.sql run, then objects.json's queries with PostgreSQL 15's rows. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { type Db, openDb } from '../helper.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
const queries = JSON.parse(read('objects.json')) as readonly { readonly sql: string; readonly rows: unknown }[];

let db: Db;

beforeAll(async () => {
  db = await openDb();
  await db.run(read('objects.sql'));
});

test.each(queries.map(({ sql, rows }) => [sql, rows] as const))('%s', async (sql, rows) => {
  expect(await db.rows(sql)).toEqual(rows);
});
