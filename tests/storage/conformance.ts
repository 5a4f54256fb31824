/**
 * The conformance suite of `Storage`: what the contract (src/storage/storage.ts) promises, run against every medium.
 *
 * A medium hands in a function that makes fresh places; two storages of one place are two openings of one database.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Storage } from '../../src/storage/storage.ts';

export interface Place {
  /** Makes a storage of this place; not acquired yet. */
  open(): Storage;
  /** Removes the place and all that is in it. */
  destroy(): void | Promise<void>;
}

export function storageConformance(name: string, makePlace: () => Place | Promise<Place>): void {
  describe(`storage conformance: ${name}`, () => {
    const cleanups: (() => void | Promise<void>)[] = [];
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    });

    async function place(): Promise<Place> {
      const made = await makePlace();
      cleanups.push(() => made.destroy());
      return made;
    }

    async function acquired(from: Place): Promise<Storage> {
      const storage = from.open();
      await storage.acquire();
      cleanups.push(() => storage.close());
      return storage;
    }

    it('begins empty', async () => {
      const storage = await acquired(await place());
      expect(await storage.list()).toEqual([]);
    });

    it('creates a file by opening it, and lists it', async () => {
      const storage = await acquired(await place());
      const file = await storage.open('log-1');
      expect(file.name).toBe('log-1');
      expect(file.size()).toBe(0);
      await storage.open('pack-1');
      expect([...(await storage.list())].sort()).toEqual(['log-1', 'pack-1']);
    });

    it('gives the same handle when a file is opened twice, even at once', async () => {
      const storage = await acquired(await place());
      const [a, b] = await Promise.all([storage.open('a'), storage.open('a')]);
      expect(a).toBe(b);
      expect(await storage.open('a')).toBe(a);
    });

    it('shows writes to later reads at once', async () => {
      const storage = await acquired(await place());
      const file = await storage.open('a');
      await file.write(0, bytes(1, 2, 3, 4));
      await file.write(2, bytes(9, 9, 9));
      expect(file.size()).toBe(5);
      expect([...(await file.read(0, 5))]).toEqual([1, 2, 9, 9, 9]);
    });

    it('reads fewer bytes where the file ends, and none behind it', async () => {
      const storage = await acquired(await place());
      const file = await storage.open('a');
      await file.write(0, bytes(1, 2, 3));
      expect([...(await file.read(1, 100))]).toEqual([2, 3]);
      expect((await file.read(3, 1)).length).toBe(0);
      expect((await file.read(1000, 10)).length).toBe(0);
      expect((await file.read(0, 0)).length).toBe(0);
    });

    it('fills a gap that a write leaves with zeros', async () => {
      const storage = await acquired(await place());
      const file = await storage.open('a');
      await file.write(0, bytes(7));
      await file.write(5, bytes(8));
      expect([...(await file.read(0, 6))]).toEqual([7, 0, 0, 0, 0, 8]);
    });

    it('truncates, and what grows back is zero', async () => {
      const storage = await acquired(await place());
      const file = await storage.open('a');
      await file.write(0, bytes(1, 2, 3, 4, 5, 6));
      await file.truncate(2);
      expect(file.size()).toBe(2);
      await file.truncate(4);
      expect([...(await file.read(0, 10))]).toEqual([1, 2, 0, 0]);
      await file.write(5, bytes(9));
      expect([...(await file.read(0, 10))]).toEqual([1, 2, 0, 0, 0, 9]);
    });

    it('writes exactly the bytes of a view into a bigger buffer, and keeps none of it', async () => {
      const storage = await acquired(await place());
      const file = await storage.open('a');
      const buffer = bytes(0, 1, 2, 3, 4, 5);
      await file.write(0, buffer.subarray(2, 4));
      buffer.fill(77);
      expect([...(await file.read(0, 10))]).toEqual([2, 3]);
    });

    it("hands out bytes that are the reader's own", async () => {
      const storage = await acquired(await place());
      const file = await storage.open('a');
      await file.write(0, bytes(1, 2, 3));
      const first = await file.read(0, 3);
      first.fill(0);
      const second = await file.read(0, 3);
      await file.write(0, bytes(5, 5, 5));
      expect([...second]).toEqual([1, 2, 3]);
    });

    it('keeps megabytes, at odd offsets', async () => {
      const storage = await acquired(await place());
      const file = await storage.open('a');
      const big = new Uint8Array(3_000_017);
      for (let i = 0; i < big.length; i++) big[i] = (i * 31 + (i >> 8)) & 255;
      await file.write(13, big);
      await file.flush();
      expect(file.size()).toBe(big.length + 13);
      expect(sameBytes(await file.read(13, big.length), big)).toBe(true);
      expect(sameBytes(await file.read(1_000_013, 77), big.subarray(1_000_000, 1_000_077))).toBe(true);
    });

    it('finds everything again after close and open', async () => {
      const where = await place();
      const first = where.open();
      await first.acquire();
      const file = await first.open('a');
      await file.write(0, bytes(1, 2, 3));
      await file.flush();
      await first.close();
      const storage = await acquired(where);
      expect(await storage.list()).toEqual(['a']);
      const again = await storage.open('a');
      expect(again.size()).toBe(3);
      expect([...(await again.read(0, 3))]).toEqual([1, 2, 3]);
    });

    it('opens a file anew after its handle was closed', async () => {
      const storage = await acquired(await place());
      const file = await storage.open('a');
      await file.write(0, bytes(1));
      await file.close();
      const again = await storage.open('a');
      expect([...(await again.read(0, 1))]).toEqual([1]);
    });

    it('removes files, open or not, and does not mind a missing one', async () => {
      const storage = await acquired(await place());
      await (await storage.open('a')).write(0, bytes(1, 2));
      const b = await storage.open('b');
      await b.close();
      await storage.remove('a');
      await storage.remove('b');
      await storage.remove('never');
      expect(await storage.list()).toEqual([]);
      const again = await storage.open('a');
      expect(again.size()).toBe(0);
    });

    it('has one owner: a second gets 55006 until the first has closed', async () => {
      const where = await place();
      const first = await acquired(where);
      const second = where.open();
      await expect(attempt(() => second.acquire())).rejects.toMatchObject({ code: '55006' });
      await second.close();
      await expect(attempt(() => where.open().acquire())).rejects.toMatchObject({ code: '55006' });
      await first.close();
      const third = where.open();
      await third.acquire();
      await third.close();
    });
  });
}

async function attempt(action: () => unknown): Promise<void> {
  await action();
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

/** Compares without the cost of a matcher on millions of elements. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
