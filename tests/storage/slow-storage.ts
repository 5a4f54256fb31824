/** A memory storage that answers every call a turn later, as IndexedDB or encryption would. */
import { MemoryStorage } from '../../src/storage/memory.ts';
import type { StorageFile } from '../../src/storage/storage.ts';

export class SlowStorage extends MemoryStorage {
  override open(name: string): StorageFile {
    const file = super.open(name);
    const later = <T>(work: () => T): Promise<Awaited<T>> =>
      new Promise((resolve, reject) => {
        setImmediate(() => {
          try {
            resolve(work() as Awaited<T>);
          } catch (error) {
            reject(error as Error);
          }
        });
      });
    return {
      name,
      size: () => file.size(),
      read: (offset, length) => later(() => file.read(offset, length)),
      write: (offset, bytes) => later(() => file.write(offset, bytes)),
      truncate: (size) => later(() => file.truncate(size)),
      flush: () => later(() => file.flush()),
      close: () => file.close(),
    };
  }
}
