/** Differences as the engine gives them, between moments across a change of the schema and between branches. */
import { afterAll, expect, test } from 'vitest';
import { open } from '../../src/entry/node.ts';
import type { Database } from '../database.ts';
import { diffRows, diffTables, fromColumns } from './diff.ts';

const database: Database = await open('memory://');
const signal = new AbortController().signal;
afterAll(() => database.close());

test('moments: counts, a changed definition, rows with what they were', async () => {
  await database.query('CREATE TABLE product (id int PRIMARY KEY, name text, to_do text)');
  await database.query("INSERT INTO product VALUES (1, 'Tea', 'x'), (2, 'Cocoa', NULL)");
  await database.query("ALTER TABLE product ADD COLUMN price numeric(6,2) DEFAULT '1.50'");
  await database.query("UPDATE product SET name = 'Green tea' WHERE id = 1");
  await database.query('DELETE FROM product WHERE id = 2');
  await database.query("INSERT INTO product VALUES (3, 'Mate', 'y', 2)");
  const span = { kind: 'moments', from: 2, to: 6 } as const;
  const tables = await diffTables(database, span, signal);
  expect(tables).toEqual([
    { schema: 'public', name: 'product', added: 1, removed: 1, changed: 1, definition: 'column price added' },
  ]);
  const [product] = tables;
  if (product === undefined) throw new Error('no table differs');
  const { columns, rows, counts } = await diffRows(database, span, product, signal);
  expect(columns).toEqual(['id', 'name', 'to_do', 'price']);
  expect(counts).toEqual({ same: 0, changed: 1, added: 1, removed: 1 });
  const sorted = rows.toSorted((a, b) => Number(a.cells[0]) - Number(b.cells[0]));
  expect(sorted).toEqual([
    { state: 'changed', cells: ['1', 'Green tea', 'x', '1.50'], before: ['1', 'Tea', 'x', null] },
    { state: 'removed', cells: ['2', 'Cocoa', null, null], before: ['2', 'Cocoa', null, null] },
    { state: 'added', cells: ['3', 'Mate', 'y', '2.00'], before: undefined },
  ]);
});

test('branches: the same from JSON, a table that only one has among them', async () => {
  await database.query('CREATE BRANCH draft');
  await database.query('USE BRANCH draft');
  await database.query('UPDATE product SET to_do = NULL WHERE id = 1');
  await database.query('CREATE TABLE "My notes" (id int PRIMARY KEY)');
  await database.query('INSERT INTO "My notes" VALUES (7)');
  await database.query('USE BRANCH main');
  const span = { kind: 'branches', from: 'main', to: 'draft' } as const;
  const tables = await diffTables(database, span, signal);
  expect(tables.map(({ name, added, changed, definition }) => [name, added, changed, definition])).toEqual([
    ['product', 0, 1, ''],
    ['My notes', 1, 0, 'only on the second'],
  ]);
  const read = await Promise.all(tables.map((table) => diffRows(database, span, table, signal)));
  expect(read.map(({ rows }) => rows)).toEqual([
    [{ state: 'changed', cells: ['1', 'Green tea', null, '1.50'], before: ['1', 'Green tea', 'x', '1.50'] }],
    [{ state: 'added', cells: ['7'], before: undefined }],
  ]);
});

test('a table that only the first moment has', () => {
  const fields = ['diff_type', 'from_id'].map((name) => ({ name, dataTypeID: 25 }));
  const { columns, rows } = fromColumns({ fields, rows: [['removed', '1']], affectedRows: null, command: 'SELECT' });
  expect(columns).toEqual(['id']);
  expect(rows).toEqual([{ state: 'removed', cells: ['1'], before: ['1'] }]);
});
