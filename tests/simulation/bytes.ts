/** Looks for what was erased in the bytes of all files, where nothing is sealed. */
import type { SessionApi } from '../../src/database/api.ts';
import type { SimDisk } from '../../src/storage/sim.ts';
import { textRows } from '../database/helper.ts';
import type { SimHost } from './host.ts';
import type { Erasure, World } from './world.ts';

const TURNS = 2000;

/** Waits until the database has come to the end of what a crash cut off. */
export async function untilErased(session: SessionApi, host: SimHost): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) {
    const rest = await session.execute("SELECT seq FROM drift.erasures WHERE state <> 'done'", [], { text: true });
    if (textRows(rest).length === 0) return;
    host.elapse(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('an erasure that a crash cut off does not come to its end');
}

/** Throws where a file holds what these have erased. */
export function refuseErased(disk: SimDisk, erasures: readonly Erasure[], worlds: readonly World[]): void {
  for (const { secret, table } of erasures) {
    if (isElsewhere(worlds, secret, table)) continue;
    for (const [name, file] of disk.files)
      if (Buffer.from(file.live).includes(secret)) throw new Error(`${name} holds ${secret}, which was erased`);
  }
}

/** A table that got a key took its rows with it: they are in two tables, of which one was erased from. */
function isElsewhere(worlds: readonly World[], secret: string, table: number): boolean {
  return worlds.some(({ tables }) =>
    [...tables.values()].some(
      ({ id, rows }) => id !== table && [...rows.values()].some((row) => row[1]?.startsWith(secret) === true),
    ),
  );
}
