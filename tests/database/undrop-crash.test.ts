/** UNDROP TABLE and DELETE HISTORY, crashed at every seventh I/O operation: one state or the other, with all of history that is left. */
import { expect, test } from 'vitest';
import type { EngineOptions } from '../../src/database/api.ts';
import { openEngine, type OpenEngine } from '../../src/database/engine.ts';
import { SimDisk } from '../../src/storage/sim.ts';
import { testHost, textRows } from './helper.ts';

const SMALL: Partial<EngineOptions> = { maxLeafRows: 8, minClosedRows: 6, packSizeBytes: 4096, logStepBytes: 4096 };
/** Commit 6 drops the table. */
const SCRIPT = `CREATE TABLE t (id int PRIMARY KEY, v int); CREATE INDEX t_v ON t (v);
  INSERT INTO t SELECT i, i FROM generate_series(1, 40) i; UPDATE t SET v = v + 100 WHERE id % 3 = 0;
  DELETE FROM t WHERE id % 7 = 0; DROP TABLE t; CREATE TABLE u (a int)`;

const open = (disk: SimDisk, seed: number): Promise<OpenEngine> =>
  openEngine({ storage: disk.storage(), host: testHost(seed), ...SMALL });

async function rows(engine: OpenEngine, sql: string): Promise<(string | null)[][]> {
  return textRows(await engine.session().execute(sql, [], { text: true }));
}

async function states(engine: OpenEngine, from: number): Promise<unknown> {
  const found: unknown[] = [];
  for (let seq = from; seq <= 5; seq++) {
    const at = `t FOR SYSTEM_TIME AS OF SEQ ${seq}`;
    found.push(
      await rows(engine, `SELECT * FROM ${at} ORDER BY id`),
      await rows(engine, `SELECT id FROM ${at} WHERE v = 103`),
    );
  }
  return found;
}

/** Runs a script until the disk fails; `check` looks at what opens then, and how many commits were acknowledged. */
async function crashed(
  before: string,
  script: string,
  check: (engine: OpenEngine, at: number, whole: boolean) => Promise<void>,
): Promise<void> {
  for (let at = 0; ; at += 7) {
    const disk = new SimDisk(at);
    const first = await open(disk, 1);
    await first.session().script(before);
    await first.close();
    disk.plan({ kind: 'crash', at: disk.operations + at });
    let whole = false;
    try {
      const engine = await open(disk, 2);
      await engine.session().script(script);
      await engine.checkpoint();
      await engine.session().script('INSERT INTO u VALUES (1)');
      whole = true;
      await engine.close();
    } catch {
      // The machine went down.
    }
    disk.powerFailure();
    disk.plan(null);
    const engine = await open(disk, 3);
    await check(engine, at, whole);
    // A crash may leave a log, or half of a switch, which the next checkpoint removes.
    const problems = (await rows(engine, 'CHECK DATABASE')).map((row) => row.at(-1) ?? null);
    expect(problems.filter((problem) => problem !== null && !/^slot \d|^nothing needs/.test(problem))).toEqual([]);
    await engine.close();
    if (whole) return;
  }
}

test('UNDROP', async () => {
  let want: unknown;
  await crashed(SCRIPT, 'UNDROP TABLE t; UPDATE t SET v = 0 WHERE id = 1', async (engine, at, whole) => {
    const found = await states(engine, 3);
    want ??= found;
    expect([at, found]).toEqual([at, want]);
    const { lastSeq } = engine.status();
    if (whole) expect(lastSeq).toBeGreaterThan(9);
    if (lastSeq < 8) {
      await expect(rows(engine, 'SELECT * FROM t')).rejects.toMatchObject({ code: '42P01' });
      return;
    }
    expect(await rows(engine, 'SELECT count(*), sum(v) FROM t FOR SYSTEM_TIME AS OF SEQ 8')).toEqual(
      await rows(engine, 'SELECT count(*), sum(v) FROM t FOR SYSTEM_TIME AS OF SEQ 5'),
    );
    expect(await rows(engine, 'SELECT count(*) FROM t FOR SYSTEM_TIME ALL WHERE _seq_to = 6')).toEqual(
      await rows(engine, 'SELECT count(*) FROM t FOR SYSTEM_TIME AS OF SEQ 5'),
    );
  });
});

test('DELETE HISTORY', async () => {
  let want: unknown;
  const before = SCRIPT.replace(' DROP TABLE t;', ' UPDATE t SET v = v WHERE false;');
  await crashed(before, 'DELETE HISTORY FROM t BEFORE SEQ 5', async (engine, at, whole) => {
    const found = await states(engine, 5);
    want ??= found;
    expect([at, found]).toEqual([at, want]);
    const [[first]] = (await rows(engine, "SELECT history_from FROM drift.retention WHERE table_name = 't'")) as [
      [string],
    ];
    expect(whole ? ['5'] : ['0', '5']).toContain(first);
    for (const seq of [3, 4]) {
      const read = rows(engine, `SELECT count(*) FROM t FOR SYSTEM_TIME AS OF SEQ ${seq}`);
      if (first === '5') await expect(read).rejects.toMatchObject({ code: '72000' });
      else expect(await read).toEqual([['40']]);
    }
  });
});
