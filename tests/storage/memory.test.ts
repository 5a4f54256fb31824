/** MemoryStorage against the contract. */
import { MemoryStorage } from '../../src/storage/memory.ts';
import { storageConformance } from './conformance.ts';

storageConformance('memory', () => {
  const storage = new MemoryStorage();
  // A memory database is its storage object: two openings use the same one.
  return { open: () => new SecondOpening(storage), destroy: () => undefined };
});

/** Closing an opening that was refused must not end the ownership of the one that has it. */
class SecondOpening {
  readonly medium = 'memory';
  readonly #storage: MemoryStorage;
  #owns = false;
  constructor(storage: MemoryStorage) {
    this.#storage = storage;
  }
  acquire(): void {
    this.#storage.acquire();
    this.#owns = true;
  }
  list(): readonly string[] {
    return this.#storage.list();
  }
  open(name: string): ReturnType<MemoryStorage['open']> {
    return this.#storage.open(name);
  }
  remove(name: string): void {
    this.#storage.remove(name);
  }
  close(): void {
    if (this.#owns) this.#storage.close();
    this.#owns = false;
  }
}
