/**
 * Power failures in every kind of work: one workload, so small that each kind of background work is crossed, together with
 * tags, backups, retention, erasure and changes of keys. It runs once, and the disk is copied before every operation
 * that changes it, with what was going on at that moment; the copies go down and are opened, and every state must be
 * the model's. (All copies; but of those in nothing else than a checkpoint, which crash-everywhere.test.ts is about, each
 * third.) The counts by kind of work are printed, and none may be zero.
 */
import { expect, test } from 'vitest';
import type { Host } from '../../src/base/host.ts';
import { collected } from '../../src/client/backup.ts';
import { LocalConnection } from '../../src/client/local.ts';
import type { EngineOptions, SessionApi } from '../../src/database/api.ts';
import { type OpenEngine, openEngine } from '../../src/database/engine.ts';
import { rekey, resumeRekey } from '../../src/database/rekey.ts';
import { EncryptedStorage } from '../../src/storage/encryption/encrypted-storage.ts';
import { SimDisk } from '../../src/storage/sim.ts';
import { testHost, textRows } from '../database/helper.ts';
import { sameInOrder } from './compare.ts';

const TINY: Partial<EngineOptions> = {
  maxLeafRows: 7,
  minClosedRows: 6,
  inlineTiles: 2,
  inlineSplitCells: 0,
  packSizeBytes: 6000,
  cacheBudgetBytes: 16_384,
  logStepBytes: 4096,
};
const FORGOTTEN = 6;
const ERASED = 3;

/** What is not SQL is done beside it. Each line of SQL is a commit, but for DELETE HISTORY. */
const SCRIPT = `CREATE TABLE t (id int PRIMARY KEY, v text)
CREATE INDEX t_v ON t (v)
INSERT INTO t SELECT i, 'first' FROM generate_series(1, 8) i
checkpoint
INSERT INTO t SELECT i, 'second' FROM generate_series(9, 16) i
UPDATE t SET v = v || ' a' WHERE id > 6
UPDATE t SET v = v || ' b' WHERE id > 4
CREATE TAG kept
checkpoint
UPDATE t SET v = v || ' c'
DELETE FROM t WHERE id = 10
backup
UPDATE t SET v = v || ' d' WHERE id < 12
checkpoint
DELETE HISTORY FROM t BEFORE SEQ ${FORGOTTEN}
checkpoint
ERASE FROM t WHERE id = ${ERASED}
UPDATE t SET v = v || ' e' WHERE id > 9
rekey
DELETE FROM t WHERE id < 3
checkpoint`.split('\n');

const KINDS = ['checkpoint', 'key split', 'time split', 'repack', 'retention', 'erasure'];
const WORKS = ['CREATE TAG', 'backup', 'DELETE HISTORY', 'ERASE', 'rekey', 'checkpoint'];

const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);

/** Every look at the clock takes longer than a slice: others get a turn wherever there is a pause. */
function slowHost(seed: number): Host {
  let now = 0;
  return { ...testHost(seed), monotonicMs: () => (now += 10) };
}

function open(disk: SimDisk, seed: number): Promise<OpenEngine> {
  const host = slowHost(seed);
  return openEngine({ storage: new EncryptedStorage(disk.storage(), { key }, host.randomBytes), host, ...TINY });
}

type Rows = (string | null)[][];

interface Moment {
  readonly disk: SimDisk;
  /** Commits acknowledged until then. */
  readonly acknowledged: number;
  /** Whether history was given up: not, begun, or done. */
  readonly forgotten: 'no' | 'begun' | 'done';
  /** What runs, or has ended since the change before. */
  readonly works: readonly string[];
}

async function rowsAt(session: SessionApi, seq: number): Promise<Rows> {
  return textRows(
    await session.execute('SELECT id, v FROM t ORDER BY id', [], { text: true, asOf: { kind: 'seq', seq } }),
  );
}

/** Until background work has nothing to do. */
async function idle(session: SessionApi): Promise<void> {
  const open = `SELECT (SELECT count(*) FROM drift.maintenance WHERE state = 'running')
    + (SELECT count(*) FROM drift.erasures WHERE state <> 'done')`;
  for (let turn = 0; turn < 2000; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (textRows(await session.execute(open, [], { text: true }))[0]?.[0] === '0') return;
  }
  throw new Error('the background does not come to an end');
}

/** Runs the script; returns the disk before each of its changes, and the rows after each commit as they were then. */
async function run(): Promise<{ readonly moments: Moment[]; readonly states: Rows[] }> {
  const disk = new SimDisk(7);
  const engine = await open(disk, 1);
  const { core } = await engine.inside();
  const moments: Moment[] = [];
  const states: Rows[] = [];
  let forgotten: Moment['forgotten'] = 'no';
  let step = '';
  let seen = 0;
  disk.beforeChange = () => {
    const entries = core.store.work.entries();
    const lately = entries.filter(({ state }, i) => state === 'running' || (i >= seen && state === 'done'));
    const works = [...new Set([step, ...lately.map(({ kind }) => kind)])];
    seen = entries.length;
    moments.push({ disk: disk.copy(moments.length), acknowledged: states.length, forgotten, works });
  };
  const session = engine.session();
  for (const line of SCRIPT) {
    step = WORKS.find((work) => line.startsWith(work)) ?? 'statement';
    if (line === 'checkpoint') await engine.checkpoint();
    else if (line === 'rekey') await rekey(await engine.inside(), { dataKeys: true });
    else if (line === 'backup') await collected(() => new LocalConnection(engine).backup({}));
    else if (step === 'DELETE HISTORY') {
      forgotten = 'begun';
      await session.execute(line);
      forgotten = 'done';
    } else {
      await session.execute(line);
      states.push(await rowsAt(session, states.length + 1));
      // Splits go on beside the commits that follow.
      continue;
    }
    await idle(session);
  }
  step = 'closing';
  await engine.close();
  return { moments, states };
}

/** The states as a database with so many commits shows them. */
function withoutErased(states: readonly Rows[], found: number): readonly Rows[] {
  const isErased = found >= ERASURE_SEQ;
  return isErased ? states.map((rows) => rows.filter(([id]) => id !== String(ERASED))) : states;
}

const ERASURE_SEQ = SCRIPT.slice(0, SCRIPT.findIndex((line) => line.startsWith('ERASE')) + 1).filter(
  (line) => / /.test(line) && !line.startsWith('DELETE HISTORY'),
).length;

async function verify({ disk, forgotten }: Moment, states: readonly Rows[], checks: boolean): Promise<number> {
  const engine = await open(disk, 2);
  const session = engine.session();
  const { lastSeq } = engine.status();
  await resumeRekey(await engine.inside());
  await idle(session);
  const wanted = withoutErased(states, lastSeq);
  for (let seq = 1; seq <= lastSeq; seq++) {
    const rows = await rowsAt(session, seq).catch((error: unknown) => {
      if ((error as { code?: string }).code !== '72000') throw error;
      return null;
    });
    if (rows === null || forgotten === 'done') {
      const mayBeGone = forgotten !== 'no' && seq < FORGOTTEN;
      if (mayBeGone !== (rows === null)) throw new Error(`state ${seq} is ${rows === null ? 'refused' : 'there'}`);
    }
    if (rows !== null) sameInOrder(`AS OF ${seq}`, rows, wanted[seq - 1] as Rows);
  }
  const checked = !checks ? [] : textRows(await session.execute('CHECK DATABASE', [], { text: true }));
  const isLeft = (row: (string | null)[]): boolean => row[0] === 'MANIFEST' || row[4] === 'nothing needs this file';
  expect(checked.filter((row) => row.at(-1) !== null && !isLeft(row))).toEqual([]);
  await engine.close();
  return lastSeq;
}

test('a power failure before any change of the disk, in every kind of work', async () => {
  const { moments, states } = await run();
  const met = new Map<string, number>();
  let compared = 0;
  let crashes = 0;
  for (const [at, moment] of moments.entries()) {
    if (moment.works.every((work) => work === 'checkpoint') && at % 3 !== 0) continue;
    crashes++;
    moment.disk.powerFailure();
    try {
      const found = await verify(moment, states, at % 8 === 0);
      expect([moment.acknowledged, moment.acknowledged + 1]).toContain(found);
      compared += found;
    } catch (error) {
      throw new Error(`crash before change ${at} (${moment.works.join(', ')}): ${String(error)}`, { cause: error });
    }
    for (const work of moment.works) met.set(work, (met.get(work) ?? 0) + 1);
  }
  const counts = [...met].map(([work, count]) => `${work} ${count}`).join(', ');
  console.log(`${crashes} crashes, ${compared} states compared; crashes in: ${counts}`);
  for (const work of [...KINDS, ...WORKS]) expect(met.get(work) ?? 0, work).toBeGreaterThan(0);
});
