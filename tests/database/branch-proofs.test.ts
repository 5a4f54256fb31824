/** Proofs of history on branches: one chain over the commits of all lines. */
import { expect, test } from 'vitest';
import { run } from '../../src/base/task.ts';
import type { LineTableDef } from '../../src/catalog/lines.ts';
import { reopened } from './branch-copies.ts';
import { type Db, openDb } from './helper.ts';

interface Verification {
  readonly ok: boolean;
  readonly commits: number;
  readonly headersOnly: number;
  readonly problems: unknown[];
}

async function verify(db: Db): Promise<Verification> {
  return JSON.parse((await db.rows('SELECT drift_verify()'))[0]?.[0] as string) as Verification;
}

async function work(db: Db): Promise<void> {
  await db.run(`CREATE TABLE a (id int PRIMARY KEY, n int); CREATE INDEX ON a (n); INSERT INTO a VALUES (1, 10), (2, 20), (3, 30);
    CREATE BRANCH b; USE BRANCH b; UPDATE a SET n = 21 WHERE id = 2; DELETE FROM a WHERE id = 3; INSERT INTO a VALUES (4, 40);
    ALTER TABLE a ADD COLUMN x text DEFAULT 'q'; UPDATE a SET x = 'r' WHERE id < 3; CREATE INDEX by_x ON a (x);
    CREATE TABLE own (id serial PRIMARY KEY, t text); INSERT INTO own (t) VALUES ('one'); UPDATE own SET t = 'two';
    USE BRANCH main; UPDATE a SET n = n + 1; USE BRANCH b; CREATE BRANCH c; DROP TABLE own; USE BRANCH c; DELETE FROM a WHERE id = 1;
    MERGE BRANCH c INTO b; USE BRANCH main`);
}

test.each(['before', 'after'])(
  'commits of all lines are proven, with proofs switched on %s the branches',
  async (when) => {
    const db = await openDb();
    if (when === 'before') await db.run('SELECT drift_enable_proofs()');
    await db.run('CREATE TABLE first (id int); CREATE BRANCH early');
    if (when === 'after') {
      expect(await db.code('USE BRANCH early; SELECT drift_enable_proofs()')).toBe('0A000');
      await db.run('USE BRANCH main; SELECT drift_enable_proofs()');
    }
    await work(db);
    await db.run('USE BRANCH early; INSERT INTO first VALUES (1)');
    const seen = await verify(db);
    expect(seen).toMatchObject({ ok: true, headersOnly: 0, problems: [] });
    const [[last]] = (await db.rows('SELECT max(seq) FROM drift.transactions')) as [[string]];
    const [[proof]] = (await db.rows(`SELECT drift_proof(${last}) ->> 'header'`)) as [[string]];
    expect(JSON.parse(proof)).toMatchObject({ branch: { name: 'early' } });
    const crashed = await reopened(db);
    expect(await verify(crashed)).toEqual(seen);
    await crashed.run('CHECKPOINT; USE BRANCH c; UPDATE a SET n = 0');
    const again = await reopened(crashed);
    expect(await verify(again)).toMatchObject({ ok: true, commits: seen.commits + 1 });
    await again.run('USE BRANCH main; DROP BRANCH early; CHECKPOINT');
    expect(await verify(await reopened(again))).toMatchObject({ ok: true, commits: seen.commits + 2, headersOnly: 1 });
  },
);

test('rows that are taken out of a branch are missed', async () => {
  const db = await openDb();
  await db.run('SELECT drift_enable_proofs()');
  await work(db);
  const { core } = await db.engine.inside();
  for (const role of ['own', 'hidden']) {
    const found = [...core.lines.state.objects()].find(
      (object) => object.kind === 'table' && object.name === 'a' && (object as LineTableDef).role === role,
    );
    const before = (await verify(db)).problems.length;
    await run(core.store.erase(found?.id ?? 0, new Set([role === 'own' ? 4 : 3]), Infinity));
    expect((await verify(db)).problems.length).toBeGreaterThan(before);
  }
});

test('a commit of very many rows goes in slices where there are proofs', async () => {
  const db = await openDb(undefined, { bulkRows: 1000 });
  await db.run(`SELECT drift_enable_proofs(); CREATE TABLE t (id int PRIMARY KEY, v int)`);
  // The hashes of 4000 changes take tens of milliseconds: whoever reads meanwhile gets turns.
  const reader = db.engine.session();
  let turns = 0;
  let done = false;
  const big = db.run('INSERT INTO t SELECT 20000 - i, i FROM generate_series(1, 4000) i').then(() => (done = true));
  while (!done) {
    await reader.execute('SELECT count(*) FROM t WHERE id = 1');
    turns++;
  }
  await big;
  expect(turns).toBeGreaterThan(3);
  await db.run('UPDATE t SET v = v + 1 WHERE id % 2 = 0; DELETE FROM t WHERE id % 5 < 3');
  expect(await verify(await reopened(db))).toMatchObject({ ok: true, commits: 4 });
});
