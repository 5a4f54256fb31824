/** Background work: splits beside commits change no state, slices are short, a view tells what was done. */
import { describe, expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { type Db, openDb } from './helper.ts';

/** Every big split waits for the background. */
const SMALL = { maxLeafRows: 64, minClosedRows: 48, inlineSplitCells: 0, packSizeBytes: 65_536 };

async function work(db: Db): Promise<(string | null)[][]> {
  return db.rows('SELECT kind, table_name, state FROM drift.maintenance');
}

async function problems(db: Db): Promise<(string | null)[]> {
  return (await db.rows('CHECK DATABASE')).flatMap((row) => row.at(-1) ?? []);
}

/** Waits for macrotasks, in which the background works. */
async function idle(turns = 20): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

describe('splits in the background', () => {
  test('every state stays as it was, whatever is committed meanwhile', async () => {
    const random = new Random(7);
    const storage = new MemoryStorage();
    const db = await openDb(storage, SMALL);
    await db.run('CREATE TABLE t (id int PRIMARY KEY, v int, name text); CREATE INDEX t_v ON t (v)');
    const model = new Map<number, number>();
    const states: { seq: number; rows: (string | null)[][] }[] = [];
    for (let step = 0; step < 300; step++) {
      const low = random.uint32() % 400;
      const roll = random.uint32() % 10;
      if (roll < 5 || model.size < 50) {
        const ids = Array.from({ length: 8 }, (_, i) => low * 3 + i).filter((id) => !model.has(id));
        if (ids.length === 0) continue;
        await db.run(`INSERT INTO t VALUES ${ids.map((id) => `(${id}, ${step}, 'n${id}')`).join(', ')}`);
        for (const id of ids) model.set(id, step);
      } else if (roll < 9) {
        await db.run(`UPDATE t SET v = ${step} WHERE id >= ${low * 3} AND id < ${low * 3 + 60}`);
        for (const id of model.keys()) if (id >= low * 3 && id < low * 3 + 60) model.set(id, step);
      } else {
        await db.run(`DELETE FROM t WHERE id >= ${low * 3} AND id < ${low * 3 + 5}`);
        for (const id of [...model.keys()]) if (id >= low * 3 && id < low * 3 + 5) model.delete(id);
      }
      if (step % 7 === 0) await idle(1);
      if (step % 10 === 0) {
        const rows = [...model].sort(([a], [b]) => a - b).map(([id, v]) => [String(id), String(v)]);
        states.push({ seq: db.engine.status().lastSeq, rows });
      }
    }
    await idle();
    const kinds = (await work(db)).filter(([, , state]) => state === 'done').map(([kind]) => kind);
    expect(kinds).toContain('time split');
    expect(kinds).toContain('key split');
    expect(await problems(db)).toEqual([]);
    await db.engine.close();
    const again = await openDb(storage, SMALL);
    for (const { seq, rows } of states) {
      expect(await again.rows(`SELECT id, v FROM t FOR SYSTEM_TIME AS OF SEQ ${seq} ORDER BY id`)).toEqual(rows);
      const some = rows[0]?.[1] ?? '0';
      const found = await again.rows(`SELECT count(*) FROM t FOR SYSTEM_TIME AS OF SEQ ${seq} WHERE v = ${some}`);
      expect(found).toEqual([[String(rows.filter(([, v]) => v === some).length)]]);
    }
    await again.engine.close();
  });

  test('a split is given up where the table is dropped or gets a column meanwhile', async () => {
    const db = await openDb(new MemoryStorage(), SMALL);
    await db.run(
      'CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i * 2, 0 FROM generate_series(1, 60) i',
    );
    await db.run('UPDATE t SET v = 1; ALTER TABLE t ADD COLUMN w int DEFAULT 5; UPDATE t SET v = 2');
    await idle();
    expect(await db.rows('SELECT count(*), sum(v), sum(w) FROM t')).toEqual([['60', '120', '300']]);
    expect(await problems(db)).toEqual([]);
    await db.run('UPDATE t SET v = 3; DROP TABLE t');
    await idle();
    await db.engine.close();
  });
});

test('ascending loads fill leaf after leaf', async () => {
  const db = await openDb(new MemoryStorage(), { maxLeafRows: 100 });
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, i FROM generate_series(1, 950) i');
  for (let i = 951; i <= 1000; i++) await db.run(`INSERT INTO t VALUES (${i}, ${i})`);
  const leaves = db.engine.status();
  expect(leaves.lastSeq).toBeGreaterThan(50);
  expect(await db.rows('SELECT count(*), min(id), max(id), sum(v) FROM t')).toEqual([['1000', '1', '1000', '500500']]);
  expect(await db.rows("SELECT value FROM drift.storage WHERE name = 'leaves'")).not.toEqual([['0']]);
  expect(await work(db)).toEqual([]);
  await db.engine.close();
});

describe('drift.maintenance', () => {
  test('a checkpoint that was asked for, with what it wrote', async () => {
    const db = await openDb(new MemoryStorage());
    await db.run(
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'name ' || i FROM generate_series(1, 5000) i",
    );
    await db.run('CHECKPOINT');
    const [row] = await db.rows(
      'SELECT kind, table_name, reason, state, slices > 0, bytes_written > 1000, duration_ms > 0 FROM drift.maintenance',
    );
    expect(row).toEqual(['checkpoint', null, 'asked for', 'done', 't', 't', 't']);
    await db.run('CHECKPOINT');
    expect((await work(db)).map(([, , state]) => state)).toEqual(['done', 'not needed']);
    await db.engine.close();
  });

  test('one that time made due', async () => {
    const db = await openDb(new MemoryStorage(), { checkpointIntervalMs: 30 });
    await db.run('CREATE TABLE t (id int PRIMARY KEY)');
    for (let i = 0; i < 100 && db.engine.status().checkpoints === 0; i++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await db.rows('SELECT kind, reason, state FROM drift.maintenance')).toEqual([
      ['checkpoint', 'interval', 'done'],
    ]);
    await db.engine.close();
  });

  test('one that the log made due, and the emptying of sparse packs', async () => {
    const db = await openDb(new MemoryStorage(), {
      checkpointLogBytes: 60_000,
      packSizeBytes: 60_000,
      maxLeafRows: 500,
      minClosedRows: 100,
    });
    await db.run(
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'x' || i * 7919 FROM generate_series(1, 5000) i",
    );
    for (let i = 0; i < 30; i++) {
      await db.run(`UPDATE t SET v = v || '${i}' WHERE id % 10 = ${i % 3} AND id < ${1000 + i * 100}`);
      await idle(3);
    }
    await idle();
    const kinds = await db.rows(
      "SELECT DISTINCT kind, reason FROM drift.maintenance WHERE state = 'done' ORDER BY 1, 2",
    );
    expect(kinds).toContainEqual(['checkpoint', 'log']);
    expect(kinds).toContainEqual(['repack', 'sparse']);
    expect(await problems(db)).toEqual([]);
    await db.engine.close();
  });
});

test('commits that write faster than checkpoints do wait for them: the log stays bounded', async () => {
  const checkpointLogBytes = 60_000;
  const db = await openDb(new MemoryStorage(), { checkpointLogBytes, maxLeafRows: 1000 });
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v double precision, w int)');
  await db.run('INSERT INTO t SELECT i, i / 7.0, i FROM generate_series(1, 8000) i');
  let longest = 0;
  for (let i = 0; i < 60; i++) {
    await db.session.execute('UPDATE t SET v = v * 1.001, w = w + 1 WHERE id % 4 = $1', [i % 4]);
    longest = Math.max(longest, db.engine.status().logBytes);
  }
  // What a checkpoint waits for, which is twice the setting where it writes much; three times the setting more; a statement.
  expect(longest).toBeLessThan(6 * checkpointLogBytes);
  expect(db.engine.status().checkpoints).toBeGreaterThan(5);
  await db.engine.close();
});

test('commits that follow each other without a pause let the background work', async () => {
  const db = await openDb(new MemoryStorage(), { checkpointLogBytes: 100_000 });
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v text)');
  // No macrotask of the test's own in between.
  for (let i = 0; i < 3000; i++) await db.session.execute('INSERT INTO t VALUES ($1, $2)', [i, 'some text of a row']);
  expect(db.engine.status().checkpoints).toBeGreaterThan(0);
  expect(db.engine.status().logBytes).toBeLessThan(400_000);
  await db.engine.close();
});
