/** Faults at random I/O operations of long workloads (see case.ts); and that a seed says everything. */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import type { OpenEngine } from '../../src/database/engine.ts';
import { SimDisk } from '../../src/storage/sim.ts';
import { backupOf } from './backups.ts';
import { operationsOf, runCase } from './case.ts';
import { SimHost } from './host.ts';
import { FAULTS, newTally, summary } from './tally.ts';
import { Vault } from './vault.ts';
import { workload } from './workload.ts';

test('random faults in long workloads', async () => {
  const tally = newTally();
  for (let seed = 100; seed < 105; seed++) {
    const random = new Random(seed);
    const { all: operations } = await operationsOf(seed, 30);
    for (const fault of FAULTS) await runCase({ seed, commits: 30, fault, at: random.uint32() % operations }, tally);
  }
  console.log(summary(tally));
  expect(tally.cases).toBeGreaterThan(30);
});

/** Runs a whole workload; gives the files' bytes as they are before and after closing. */
async function filesOf(seed: number, asynchronous: number, isEncrypted = false): Promise<string> {
  const disk = new SimDisk(seed, { asynchronous });
  const host = new SimHost(seed);
  const vault = new Vault(disk, host, isEncrypted);
  const open = (): Promise<OpenEngine> => vault.open();
  const states: string[] = [];
  const note = (): void => {
    for (const [name, file] of disk.files) states.push(`${name} ${Buffer.from(file.afterKill()).toString('base64')}`);
  };
  let engine = await open();
  for (const step of workload(seed, 40).steps) {
    if (step.kind === 'checkpoint') await engine.checkpoint();
    else if (step.kind === 'backup') states.push(Buffer.from(await backupOf(engine)).toString('base64'));
    else if (step.kind === 'reopen') {
      await engine.close();
      engine = await open();
    } else if (step.kind === 'commit' || step.kind === 'nothing' || step.kind === 'forget') {
      const session = engine.session();
      await session.script(step.sql).catch((error: unknown) => {
        if (step.kind === 'commit') throw error;
      });
      await session.close();
    }
    host.elapse(5);
  }
  note();
  await engine.close();
  note();
  return states.join('\n');
}

test('the same seed gives the same bytes in every file', async () => {
  for (const seed of [7, 8]) {
    for (const asynchronous of [0, 0.4]) {
      const first = await filesOf(seed, asynchronous);
      expect((await filesOf(seed, asynchronous)) === first).toBe(true);
      expect(first).toContain('pack-');
    }
  }
  expect((await filesOf(7, 0)) === (await filesOf(8, 0))).toBe(false);
  const sealed = await filesOf(9, 0.4, true);
  expect((await filesOf(9, 0.4, true)) === sealed).toBe(true);
  expect(sealed).toContain('KEYS');
});
