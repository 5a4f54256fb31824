/** The public API in process, on Node. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, test } from 'vitest';
import { open } from '../../src/entry/node.ts';
import { changesSuite } from './changes-suite.ts';
import { copySuite } from './copy-suite.ts';
import { databaseSuite } from './database-suite.ts';
import { functionSuite } from './function-suite.ts';
import { migrateSuite } from './migrate-suite.ts';
import { lateResultsSuite } from './late-results-suite.ts';
import { streamSuite } from './stream-suite.ts';
import { branchSuite } from './branch-suite.ts';
import { undoSuite } from './undo-suite.ts';
import { valuesSuite } from './values-suite.ts';

describe('on files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'drift-client-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  let databases = 0;
  databaseSuite('node', (options) => open(`file://${directory}/${++databases} %25`, options));
  functionSuite(() => open(`file://${directory}/${++databases}`));
  changesSuite(() => open(`file://${directory}/${++databases}`));
  undoSuite(() => open(`file://${directory}/${++databases}`));
  branchSuite(() => open(`file://${directory}/${++databases}`));
  streamSuite(() => open(`file://${directory}/${++databases}`));
  copySuite(() => open(`file://${directory}/${++databases}`));
  migrateSuite(() => open(`file://${directory}/${++databases}`));
});

test('a file database stays, and has one opener', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'drift-client-'));
  const url = pathToFileURL(join(directory, 'a b%c')).href;
  const first = await open(url);
  await first.exec('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
  await expect(open(url)).rejects.toMatchObject({ code: '55006' });
  await first.close();
  expect(existsSync(join(directory, 'a b%c'))).toBe(true);
  const second = await open(url, { durability: 'relaxed' });
  await second.query('INSERT INTO t VALUES (2)');
  expect((await second.query('SELECT count(*) AS n FROM t')).rows).toEqual([{ n: 2 }]);
  await second.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('in process', () => {
  databaseSuite('memory', (options) => open('memory://', options));
  valuesSuite(() => open('memory://'));
  lateResultsSuite(() => open('memory://'));
});

test('a stream of 1,000,000 rows takes no more memory than one of few', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const db = await open('memory://');
  // What other tests left may go meanwhile: only what comes counts.
  let [rows, rise, least] = [0, 0, Infinity];
  for await (const _ of db.stream(
    "SELECT g, 'a text that is long enough to be seen ' || g FROM generate_series(1, 1000000) g",
  )) {
    if (++rows % 100_000 !== 0) continue;
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    least = Math.min(least, heapUsed + arrayBuffers);
    rise = Math.max(rise, heapUsed + arrayBuffers - least);
  }
  expect(rows).toBe(1_000_000);
  expect(rise).toBeLessThan(16 * 1024 * 1024);
  await db.close();
});

test.each(['opfs://x', 'http://x', 'x', 'file://', ''])('"%s" is no address', async (url) => {
  await expect(open(url)).rejects.toMatchObject({ code: '08001' });
});

test('functions in JavaScript are registered, and replaced', async () => {
  const db = await open();
  const value = async (sql: string): Promise<unknown> => (await db.query<{ v: unknown }>(sql)).rows[0]?.v;
  await db.createFunction('twice', { args: ['float8'], returns: 'float8', strict: true }, (x: number) => x * 2);
  expect(await value('SELECT twice(21) AS v')).toBe(42);
  await db.createFunction('twice', { args: ['float8'], returns: 'float8', strict: true }, (x: number) => x + x + 1);
  expect(await value('SELECT twice(21) AS v')).toBe(43);
  await db.createFunction('twice', { args: ['text'], returns: 'text' }, (x: string) => x + x);
  expect(await value("SELECT twice('ab'::text) AS v")).toBe('abab');
  expect(await value('SELECT twice(NULL::float8) AS v')).toBe(null);
  await db.exec('CREATE TABLE t (id int PRIMARY KEY, v float8 CHECK (twice(v) < 100)); INSERT INTO t VALUES (1, 2)');
  await expect(db.query('INSERT INTO t VALUES (2, 60)')).rejects.toMatchObject({ code: '23514' });
  await expect(db.createFunction('f', { args: ['nothing'], returns: 'int' }, () => 1)).rejects.toMatchObject({
    code: '42704',
  });
  await db.close();
});
