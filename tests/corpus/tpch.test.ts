/**
 * TPC-H at scale factor 0.01: the 22 queries give PostgreSQL 15's answers. Data, queries and answers stay in the shared
 * corpora beside the checkout, whose terms forbid to copy them; skipped where they are not.
 */
import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Database, open } from '../../src/entry/node.ts';
import { load, ROOT } from './tpch-data.ts';

const MOST_MS = 2000;

describe.skipIf(!existsSync(ROOT))('TPC-H', () => {
  let db: Database;

  beforeAll(async () => {
    db = await open('memory://');
    await load(db);
    return () => db.close();
  }, 120_000);

  const names = Array.from({ length: 22 }, (_, i) => `q${String(i + 1).padStart(2, '0')}`);

  const check = async (name: string): Promise<void> => {
    const start = performance.now();
    const result = await db.query(readFileSync(`${ROOT}queries/${name}.sql`, 'utf8'), [], {
      text: true,
      rowMode: 'array',
    });
    expect(performance.now() - start).toBeLessThan(MOST_MS);
    const rows = (result.rows as unknown as (string | null)[][]).map((row) =>
      row.map((value) => value ?? '').join('|'),
    );
    const found = [result.fields.map((field) => field.name).join('|'), ...rows];
    expect(found).toEqual(readFileSync(`${ROOT}answers/${name}.csv`, 'utf8').replace(/\n$/, '').split('\n'));
  };

  test.each(names)('%s', check);

  describe('after ANALYZE', () => {
    beforeAll(async () => {
      await db.query('ANALYZE');
    }, 30_000);
    test.each(names)('%s', check);
  });
});
