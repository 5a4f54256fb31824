/** OpfsStorage on doubles of the origin private file system: today's, and that of Safari before 16.4. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openEngine } from '../../src/database/engine.ts';
import { OpfsStorage } from '../../src/storage/opfs.ts';
import { testHost, textRows } from '../database/helper.ts';
import { storageConformance } from './conformance.ts';
import { DoubleDirectory } from './opfs-double.ts';

for (const isOldSafari of [false, true]) {
  describe(isOldSafari ? 'handles that give promises' : 'synchronous handles', () => {
    let root = new DoubleDirectory(isOldSafari);
    beforeAll(() => {
      vi.stubGlobal('navigator', { storage: { getDirectory: () => Promise.resolve(root) } });
      vi.stubGlobal('FileSystemSyncAccessHandle', Object);
    });
    afterAll(() => vi.unstubAllGlobals());

    storageConformance(isOldSafari ? 'opfs of old Safari' : 'opfs double', () => {
      root = new DoubleDirectory(isOldSafari);
      return { open: () => new OpfsStorage('a/b'), destroy: () => undefined };
    });

    it('a database commits, checkpoints, closes and opens again', async () => {
      root = new DoubleDirectory(isOldSafari);
      for (const round of [1, 2, 3]) {
        const engine = await openEngine({
          storage: new OpfsStorage('shop'),
          host: testHost(round),
          packSizeBytes: 4096,
        });
        const session = engine.session();
        if (round === 1) await session.script('CREATE TABLE t (id int PRIMARY KEY, v text)');
        await session.script(`INSERT INTO t SELECT i + ${round * 1000}, 'row ' || i FROM generate_series(1, 300) i`);
        await engine.checkpoint();
        await session.script(`UPDATE t SET v = 'round ${round}' WHERE id = 1001`);
        const rows = textRows(
          await session.execute("SELECT count(*), min(v) FROM t WHERE id = 1001 OR v LIKE 'row%'", [], { text: true }),
        );
        expect(rows).toEqual([[String(round * 300), `round ${round}`]]);
        await engine.close();
      }
      const directory = await root.getDirectoryHandle('shop');
      expect([...directory.files.values()].filter((file) => file.isOpen)).toEqual([]);
      expect([...directory.files.values()].some((file) => file.flushes > 0)).toBe(true);
    });
  });
}
