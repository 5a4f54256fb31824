/** The public API in process, on Node. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { open } from '../../src/entry/node.ts';
import { copySuite } from './copy-suite.ts';
import { databaseSuite } from './database-suite.ts';
import { lateResultsSuite } from './late-results-suite.ts';
import { valuesSuite } from './values-suite.ts';

describe('on files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'drift-client-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  let databases = 0;
  databaseSuite('node', (options) => open(`file://${directory}/${++databases} %25`, options));
  copySuite(() => open(`file://${directory}/${++databases}`));
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

test.each(['opfs://x', 'http://x', 'x', 'file://', ''])('"%s" is no address', async (url) => {
  await expect(open(url)).rejects.toMatchObject({ code: '08001' });
});
