/** A feed goes on where it was in a database that was killed: what it gave is there, what it had not given comes. */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { Database } from '../../src/client/database.ts';
import { LocalConnection } from '../../src/client/local.ts';
import { openEngine } from '../../src/database/engine.ts';
import { SimDisk } from '../../src/storage/sim.ts';
import { testHost } from '../database/helper.ts';

async function open(disk: SimDisk, seed: number): Promise<Database> {
  const small = { maxLeafRows: 8, minClosedRows: 4, packSizeBytes: 4096, logStepBytes: 4096 };
  return new Database(
    new LocalConnection(await openEngine({ storage: disk.storage(), host: testHost(seed), ...small })),
  );
}

/** Writes until the disk fails. */
async function write(db: Database, random: Random, round: number): Promise<void> {
  for (let i = 0; i < 40; i++) {
    await db.query('INSERT INTO t VALUES ($1, 0)', [round * 1000 + i]);
    if (random.uint32() % 3 === 0) await db.query('UPDATE t SET n = n + 1 WHERE id % 5 = $1', [i % 5]);
    if (random.uint32() % 12 === 0) await db.checkpoint();
  }
}

test('through ten crashes nothing is lost and nothing comes twice', async () => {
  const random = new Random(7);
  const disk = new SimDisk(7);
  const lines: string[] = [];
  let from = 0;
  const first = await open(disk, 1);
  await first.query('CREATE TABLE t (id int PRIMARY KEY, n int)');
  await first.close();
  for (let round = 1; round <= 10; round++) {
    const db = await open(disk, round);
    disk.plan({ kind: 'crash', at: disk.operations + 10 + (random.uint32() % 120) });
    const feed = db.changes({ from });
    const reading = (async () => {
      let held: string[] = [];
      for await (const { seq, operation, after, last } of feed) {
        held.push(`${seq} ${operation} ${String(after?.['id'])} ${String(after?.['n'])}`);
        if (!last) continue;
        // A commit was handled, and so was the note of it.
        lines.push(...held);
        held = [];
        from = seq;
      }
    })().catch(() => undefined);
    await write(db, random, round).catch(() => undefined);
    await db.close().catch(() => undefined);
    await reading;
    disk.powerFailure();
    disk.plan(null);
  }
  const db = await open(disk, 99);
  // Whatever was left to come, this row comes last.
  await db.query('INSERT INTO t VALUES (-1, 0)');
  for await (const { seq, operation, after } of db.changes({ from })) {
    lines.push(`${seq} ${operation} ${String(after?.['id'])} ${String(after?.['n'])}`);
    if (after?.['id'] === -1) break;
  }
  const { rows } = await db.query<{ line: string }>(
    "SELECT seq || ' ' || operation || ' ' || after_id || ' ' || after_n AS line FROM table_changes('t', 0)",
  );
  expect(lines.length).toBeGreaterThan(50);
  expect(lines.toSorted()).toEqual(rows.map(({ line }) => line).toSorted());
  await db.close();
});
