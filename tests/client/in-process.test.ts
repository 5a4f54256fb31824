/** The public API in process, on Node. */
import { describe, expect, test } from 'vitest';
import { open } from '../../src/entry/node.ts';
import { databaseSuite } from './database-suite.ts';
import { lateResultsSuite } from './late-results-suite.ts';
import { valuesSuite } from './values-suite.ts';

describe('in process', () => {
  databaseSuite('memory', (options) => open('memory://', options));
  valuesSuite(() => open('memory://'));
  lateResultsSuite(() => open('memory://'));
});

test.each(['opfs://x', 'http://x', 'x', 'file://', ''])('"%s" is no address', async (url) => {
  await expect(open(url)).rejects.toMatchObject({ code: '08001' });
});
