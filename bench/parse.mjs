/**
 * `npm run bench -- parse`: how fast the parser reads a megabyte of `INSERT … VALUES` of 22,000 rows of six constants.
 *
 * The best of many runs, and the mean over processor time, in MB/s; trees are built, nothing is bound.
 */
import { withBundled } from '../scripts/bundled.mjs';

export const parse = () =>
  withBundled('src/sql/parser/parser.ts', ({ parse }) => {
    const rows = Array.from(
      { length: 22_000 },
      (_, i) => `(${i}, 'name ${i}', ${i * 1.25}, true, NULL, '2024-01-${(i % 28) + 1}')`,
    );
    const sql = `INSERT INTO t (a, b, c, d, e, f) VALUES ${rows.join(', ')}`;
    let best = Infinity;
    const before = process.cpuUsage();
    for (let i = 0; i < 40; i++) {
      const start = performance.now();
      parse(sql);
      best = Math.min(best, performance.now() - start);
    }
    const { user } = process.cpuUsage(before);
    console.log(
      `best ${(sql.length / best / 1000).toFixed(0)} MB/s, mean ${((sql.length * 40) / user).toFixed(0)} MB/s`,
    );
  });
