/** DriftDB's engine in the bench's own worker (`driftdb-web/engine`), on OPFS and in memory. */
import { MemoryStorage, open } from '../../src/entry/engine.ts';
import { OpfsStorage } from '../../src/storage/opfs.ts';
import type { Open } from '../harness/engine.ts';
import { engineOf, optionsOf } from './driftdb-calls.ts';

export const openEngine: Open = async (mode, database) => {
  const storage = mode === 'memory' ? new MemoryStorage() : new OpfsStorage(database);
  return engineOf(await open(storage, await optionsOf(mode)));
};
