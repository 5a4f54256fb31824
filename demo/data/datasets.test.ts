/** Every data set replayed on the engine, and every statement that the console offers run at moments of its history. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { open } from '../../src/entry/node.ts';
import { countRows, NO_COMMITS, readCommits, readTables, rowHistoryQuery } from '../catalog.ts';
import type { Database } from '../database.ts';
import { queryText } from '../database.ts';
import { isQuery, splitStatements } from '../sql/statements.ts';
import { DATA_SETS, OWN } from './datasets.ts';
import { replay } from './step.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

beforeAll(async () => {
  await import('./prepare.mjs');
  // Vite gives a data set's file as an address; the test reads the file behind it.
  vi.stubGlobal('fetch', async (url: string) => {
    const name = url.slice(url.lastIndexOf('/') + 1).replace(/\?.*$/, '');
    return new Response(await readFile(`${ROOT}demo/public/data/${name}`));
  });
});

afterAll(() => {
  vi.unstubAllGlobals();
});

describe.each(DATA_SETS.map((dataSet) => [dataSet.title, dataSet] as const))('%s', (_, dataSet) => {
  let database: Database;

  test('each step is one commit at its true time', async () => {
    database = await open('memory://');
    const steps = await dataSet.steps();
    await replay(database, steps, () => undefined);
    const commits = await readCommits(database, NO_COMMITS);
    expect(commits.at).toEqual(steps.map((step) => step.at));
    expect(commits.message).toEqual(steps.map((step) => step.message));
    expect(commits.author).toEqual(steps.map((step) => step.author));
    expect(commits.tables[0]).not.toBe('');
  });

  test('the schema browser finds tables, keys and counts, then as now', async () => {
    const { seq } = await readCommits(database, NO_COMMITS);
    const now = await countRows(database, await readTables(database));
    expect(now.every((table) => table.key.length > 0 && (table.rowCount ?? 0) > 0)).toBe(true);
    const first = database.asOf({ seq: seq[0] ?? 0 });
    const then = await countRows(first, await readTables(first));
    expect(then.length).toBeGreaterThan(0);
    expect(sum(then)).toBeLessThanOrEqual(sum(now));
  });

  test.each(dataSet.examples.map((example) => [example.title, example] as const))('example: %s', async (_, { sql }) => {
    const { seq } = await readCommits(database, NO_COMMITS);
    for (const statement of splitStatements(sql)) {
      const now = await queryText(database, statement.text);
      expect(now.rows.length).toBeGreaterThan(0);
      expect(isQuery(statement.text)).toBe(true);
      const middle = seq[seq.length >> 1] ?? 0;
      await queryText(database.asOf({ seq: middle }), statement.text);
      const { rows } = await queryText(database, `EXPLAIN (ANALYZE, FORMAT JSON) ${statement.text}`);
      const plan: unknown = JSON.parse(rows.map((row) => row[0]).join('\n'));
      expect(plan).toMatchObject([{ Plan: { 'Node Type': expect.any(String), 'Actual Rows': expect.any(Number) } }]);
    }
  });

  test('a row has its history', async () => {
    for (const table of await readTables(database)) {
      const { rows } = await queryText(database, `SELECT ${table.key.join(', ')} FROM ${table.name} LIMIT 1`);
      const versions = await queryText(database, rowHistoryQuery(table), [...(rows[0] ?? [])]);
      expect(versions.rows.length).toBeGreaterThan(0);
      expect(versions.rows.at(-1)?.[1] ?? null).toBe(null);
    }
  });
});

test('the example of the empty database makes its table', async () => {
  const database = await open('memory://');
  const results = [];
  for (const statement of splitStatements(OWN.examples[0]?.sql ?? ''))
    results.push(await queryText(database, statement.text));
  expect(results.at(-1)?.rows).toEqual([['1', 'everything is remembered']]);
});

function sum(tables: readonly { readonly rowCount: number | null }[]): number {
  return tables.reduce((total, table) => total + (table.rowCount ?? 0), 0);
}
