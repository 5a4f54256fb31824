/**
 * Power failures while an encrypted database works and its keys change: the script below is crashed at its k-th I/O
 * operation, for every k. After each crash exactly one outer key opens the database, the new one where its change was
 * acknowledged; every state is as it was; a change of data keys that was cut off comes to its end in the next opening,
 * and once more where that one crashes, too.
 */
import { expect, test } from 'vitest';
import type { EngineOptions } from '../../src/database/api.ts';
import { type OpenEngine, openEngine } from '../../src/database/engine.ts';
import { rekey, resumeRekey } from '../../src/database/rekey.ts';
import { EncryptedStorage } from '../../src/storage/encryption/encrypted-storage.ts';
import type { Keyring } from '../../src/storage/encryption/keyring.ts';
import { SimDisk } from '../../src/storage/sim.ts';
import { testHost, textRows } from '../database/helper.ts';

const TINY: Partial<EngineOptions> = {
  maxLeafRows: 4,
  minClosedRows: 3,
  inlineTiles: 2,
  packSizeBytes: 2048,
  logStepBytes: 4096,
};
const [before, after] = [await newKey(), await newKey()];
let openings = 0;

function newKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

async function open(
  disk: SimDisk,
  key: CryptoKey,
): Promise<{ engine: OpenEngine; keyring: () => Keyring | undefined }> {
  const host = testHost(++openings);
  const storage = new EncryptedStorage(disk.storage(), { key }, host.randomBytes);
  return { engine: await openEngine({ storage, host, ...TINY }), keyring: () => storage.cipher };
}

type Step = string;
const STEPS: readonly Step[] = [
  'CREATE TABLE t (id int PRIMARY KEY, v text)',
  "INSERT INTO t SELECT i, 'a' || i FROM generate_series(1, 9) i",
  'checkpoint',
  "UPDATE t SET v = v || 'b' WHERE id > 4",
  'outer',
  "UPDATE t SET v = v || 'c' WHERE id < 7",
  'data',
  'DELETE FROM t WHERE id = 3',
  'data',
];
const COMMITS = STEPS.filter((step) => / /.test(step)).length;

async function states(engine: OpenEngine): Promise<string[]> {
  const session = engine.session();
  const found: string[] = [];
  const { lastSeq } = engine.status();
  for (let seq = 2; seq <= lastSeq; seq++) {
    const asOf = { kind: 'seq', seq } as const;
    found.push(
      JSON.stringify(textRows(await session.execute('SELECT * FROM t ORDER BY id', [], { text: true, asOf }))),
    );
  }
  await session.close();
  return found;
}

interface Acknowledged {
  commits: number;
  outer: boolean;
}

async function runUntilFault(disk: SimDisk): Promise<Acknowledged> {
  const done: Acknowledged = { commits: 0, outer: false };
  try {
    const { engine } = await open(disk, before);
    const session = engine.session();
    for (const step of STEPS) {
      if (step === 'checkpoint') await engine.checkpoint();
      else if (step === 'data') await rekey(await engine.inside(), { dataKeys: true });
      else if (step === 'outer') {
        await rekey(await engine.inside(), { key: after });
        done.outer = true;
      } else {
        await session.execute(step);
        done.commits++;
      }
    }
    await engine.close();
  } catch {
    // The machine went down.
  }
  return done;
}

async function openEither(disk: SimDisk, done: Acknowledged): Promise<Awaited<ReturnType<typeof open>>> {
  const opened: Awaited<ReturnType<typeof open>>[] = [];
  for (const key of [before, after]) {
    try {
      const db = await open(disk, key);
      if (done.outer && key === before) throw new Error('the key before opens the database');
      opened.push(db);
      // While nothing was written for good, any key makes the database anew.
      break;
    } catch (error) {
      expect(error).toMatchObject({ code: '28P01' });
    }
  }
  expect(opened.length).toBe(1);
  return opened[0] as Awaited<ReturnType<typeof open>>;
}

async function finishRekey(engine: OpenEngine): Promise<void> {
  await resumeRekey(await engine.inside());
}

test('a crash at every I/O operation of a change of keys leaves the database whole, and one key', async () => {
  const whole = new SimDisk(1);
  await runUntilFault(whole);
  const reference = await states((await open(whole, after)).engine);
  expect(reference.length).toBe(COMMITS - 1);
  const step = process.env['EVERY'] === undefined ? 1 : Number(process.env['EVERY']);
  let crashes = 0;
  let resumed = 0;
  for (let k = 0; ; k += step) {
    const disk = new SimDisk(k + 1);
    disk.plan({ kind: 'crash', at: k });
    const done = await runUntilFault(disk);
    if (!disk.fired) break;
    crashes++;
    disk.powerFailure();
    const db = await openEither(disk, done);
    const wasChanging = db.keyring()?.hasOldKeys === true;
    const found = await states(db.engine);
    expect([k, found]).toEqual([k, reference.slice(0, found.length)]);
    expect(db.engine.status().lastSeq).toBeGreaterThanOrEqual(done.commits);
    if (!wasChanging) continue;
    resumed++;
    // Cut off again, now and then, before it comes to its end.
    if (k % 3 === 0) {
      disk.plan({ kind: 'crash', at: disk.operations + (k % 17) });
      await finishRekey(db.engine).catch(() => undefined);
      disk.powerFailure();
      disk.plan(null);
      const again = await openEither(disk, { ...done, outer: true });
      await finishRekey(again.engine);
      expect(again.keyring()?.hasOldKeys).toBe(false);
      expect(await states(again.engine)).toEqual(found);
      continue;
    }
    await finishRekey(db.engine);
    expect(db.keyring()?.hasOldKeys).toBe(false);
    expect(await states(db.engine)).toEqual(found);
  }
  console.log(`${crashes} crashes, ${resumed} changes of data keys resumed`);
  expect(resumed).toBeGreaterThan(10);
});
