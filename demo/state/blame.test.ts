/** Who changed a cell last, on the engine: of each cell its own commit, at the moment that is shown. */
import { afterAll, expect, test } from 'vitest';
import { open } from '../../src/entry/node.ts';
import { readTables } from '../catalog.ts';
import type { Database, Reader } from '../database.ts';
import { blameOf, readVersions } from './blame.ts';

const database: Database = await open('memory://');
const signal = new AbortController().signal;
afterAll(() => database.close());

async function blamed(reader: Reader, id: string, cells: Readonly<Record<string, string | null>>): Promise<unknown> {
  const table = (await readTables(reader)).find(({ name }) => name === 'My stock');
  if (table === undefined) throw new Error('no such table');
  const versions = await readVersions(reader, table, [id], signal);
  return Object.entries(cells).map(([column, value]) => {
    const blame = blameOf(versions, column, value);
    return blame === undefined ? undefined : [blame.seq, blame.author, blame.message, blame.made, blame.orEarlier];
  });
}

test('each cell has the commit that gave it its value', async () => {
  const commit = (author: string, message: string, sql: string): Promise<unknown> =>
    database.transaction((transaction) => transaction.query(sql), { author, message });
  await commit('ann', 'make', `CREATE TABLE "My stock" ("Key" text PRIMARY KEY, name text, "In store" int)`);
  await commit('ann', 'fill', `INSERT INTO "My stock" VALUES ('it''s', 'Tea', 5)`);
  await commit('ben', 'sell', `UPDATE "My stock" SET "In store" = 4`);
  await commit('cleo', 'rename', `UPDATE "My stock" SET name = 'Green tea'`);
  expect(await blamed(database, "it's", { Key: "it's", name: 'Green tea', 'In store': '4' })).toEqual([
    [2, 'ann', 'fill', true, false],
    [4, 'cleo', 'rename', false, false],
    [3, 'ben', 'sell', false, false],
  ]);
  // At an earlier moment what came later is not to blame.
  expect(await blamed(database.asOf({ seq: 3 }), "it's", { name: 'Tea', 'In store': '4' })).toEqual([
    [2, 'ann', 'fill', true, false],
    [3, 'ben', 'sell', false, false],
  ]);
  expect(await blamed(database, "it's", { name: 'Tea', other: 'x' })).toEqual([undefined, undefined]);
  // A row that was removed and came again begins anew, with the same values, too.
  await commit('ann', 'clear', 'DELETE FROM "My stock"');
  await commit('dan', 'again', `INSERT INTO "My stock" VALUES ('it''s', 'Green tea', 4)`);
  expect(await blamed(database, "it's", { name: 'Green tea' })).toEqual([[6, 'dan', 'again', true, false]]);
});

test('columns may be called as those of the history are', async () => {
  await database.query('CREATE TABLE event (seq int PRIMARY KEY, operation text, author text)');
  await database.query("INSERT INTO event VALUES (7, 'open', 'eve')");
  await database.query("UPDATE event SET author = 'fay'");
  const event = (await readTables(database)).find(({ name }) => name === 'event');
  if (event === undefined) throw new Error('no such table');
  const versions = await readVersions(database, event, ['7'], signal);
  expect(blameOf(versions, 'author', 'fay')?.seq).toBe(9);
  expect(blameOf(versions, 'operation', 'open')?.seq).toBe(8);
  await database.query('DROP TABLE event');
});

test('where older versions are not kept it says so', async () => {
  await database.query(`UPDATE "My stock" SET name = 'Mate'`);
  await database.query(`UPDATE "My stock" SET "In store" = 1`);
  await database.query('DELETE HISTORY FROM "My stock" BEFORE SEQ 12');
  expect(await blamed(database, "it's", { name: 'Mate' })).toEqual([[12, '', '', false, true]]);
  await database.query(`UPDATE "My stock" SET "In store" = 0`);
  expect(await blamed(database, "it's", { name: 'Mate', 'In store': '0' })).toEqual([
    [12, '', '', false, true],
    [13, '', '', false, false],
  ]);
});
