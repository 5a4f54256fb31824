/**
 * Backups across the worker's border. A backup being made is read step by step, so that it goes no faster than the page takes
 * it; one to restore is pulled from the page in the same way. (Streams cannot be transferred in every browser.)
 */
import type { OpenEngine } from '../src/database/engine.ts';
import { makeBackup } from '../src/database/backup/make.ts';
import type { RestoreSource } from '../src/database/backup/source.ts';

import type { BackupStep, Pull, RestoreRequest } from './protocol.ts';

type Backups = Map<number, AsyncGenerator<Uint8Array, void, undefined>>;
const underWay = new WeakMap<OpenEngine, Backups>();
let last = 0;

export async function backupStep(engine: OpenEngine, step: BackupStep): Promise<number | Uint8Array | null> {
  let backups = underWay.get(engine);
  if (backups === undefined) underWay.set(engine, (backups = new Map()));
  if ('begin' in step) {
    backups.set(++last, makeBackup(await engine.inside(), step.begin));
    return last;
  }
  const number = 'next' in step ? step.next : step.cancel;
  const backup = backups.get(number);
  if (backup === undefined) return null;
  if ('next' in step) {
    const { done, value } = await backup.next();
    if (done !== true) return value;
  } else await backup.return();
  backups.delete(number);
  return null;
}

export function pulled(pull: Pull, { count, ...request }: RestoreRequest): RestoreSource {
  const bytesOf = async function* (backup: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let bytes = await pull(backup); bytes !== null; bytes = await pull(backup)) yield bytes;
  };
  return { ...request, backups: Array.from({ length: count }, (_, backup) => bytesOf(backup)) };
}
