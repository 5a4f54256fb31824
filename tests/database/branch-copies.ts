/** What is in a database's files when its process dies, opened again. */
import { MemoryStorage } from '../../src/storage/memory.ts';
import { type Db, openDb } from './helper.ts';

export function copied(storage: MemoryStorage): MemoryStorage {
  const copy = new MemoryStorage();
  for (const name of storage.list()) {
    const file = storage.open(name);
    void copy.open(name).write(0, file.read(0, file.size()) as Uint8Array);
  }
  return copy;
}

export function reopened({ storage }: Db): Promise<Db> {
  return openDb(copied(storage));
}
