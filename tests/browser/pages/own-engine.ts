/** driftdb-web/engine in a worker of the program's own: on the storages of browsers, with rows at once. */
import { describe, expect, test } from 'vitest';
import { IndexedDbStorage, open, OpfsStorage, type Storage } from '../../../src/entry/engine.ts';
import { removeIndexedDb } from '../../../src/storage/indexed-db.ts';
import { removeOpfs } from '../../../src/storage/opfs.ts';

export function ownEngine(): void {
  describe("an engine in a worker of one's own", () => {
    test('keeps its database on OPFS and on IndexedDB, and has rows without a promise', async () => {
      const places: readonly (readonly [() => Storage, () => Promise<void>])[] = [
        [() => new OpfsStorage('own'), () => removeOpfs('own')],
        [() => new IndexedDbStorage('own'), () => removeIndexedDb('own')],
      ];
      for (const [storage, remove] of places) {
        const first = await open(storage());
        await first.exec("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'one')");
        await first.close();
        const second = await open(storage());
        const statement = second.prepare('SELECT v FROM t WHERE id = $1');
        expect(await statement.get([1])).toEqual({ v: 'one' });
        expect(statement.get([1])).toEqual({ v: 'one' });
        expect(statement.get([2])).toBe(undefined);
        await second.close();
        await remove();
      }
    });
  });
}
