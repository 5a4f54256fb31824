/**
 * SQLite's sqllogictest, as label `postgresql`, from the shared corpora beside the checkout; skipped where they are not.
 * Of the larger files all statements and a share of the queries; with CORPORA=all (`npm run corpora`) everything. What
 * PostgreSQL answers otherwise is listed, with the reason, in slt/left-out.json.
 */
import { describe, expect, test } from 'vitest';
import { files, LEFT_OUT, runFile } from './slt/run.ts';

const ALL = process.env['CORPORA'] === 'all';

/** Every how manyth query of a file runs. */
function stepOf(file: string): number {
  if (ALL || file.startsWith('evidence/')) return 1;
  return file.startsWith('index/') || file.startsWith('random/') ? 40 : 4;
}

/** Files of `index/` have thousands of statements between their queries; one of each kind will do. */
const chosen = files().filter(
  (file) => ALL || /view|evidence/.test(file) || !/slt_good_(?:[1-9]|\d\d)\d*\.test$/.test(file),
);

describe.skipIf(chosen.length === 0)('sqllogictest', () => {
  test.each(chosen)('%s', { timeout: 600_000 }, async (file) => {
    const { misses, queries, statements } = await runFile(file, stepOf(file));
    expect(misses).toEqual([]);
    expect(queries + statements).toBeGreaterThan(4);
  });

  test('what is left out has a reason', () => {
    for (const { reason, code, lines, values } of LEFT_OUT) {
      expect(reason.length).toBeGreaterThan(10);
      expect((code === undefined) === (values !== undefined)).toBe(true);
      for (const file of Object.keys(lines ?? values ?? {})) expect(files()).toContain(file);
    }
  });
});
