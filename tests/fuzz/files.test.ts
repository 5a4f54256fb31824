/** A share of `npm run fuzz:files`: mutated files are read right, or refused. */
import { expect, test } from 'vitest';
import { fuzzFiles, summary } from './files/main.ts';

test('readers meet changed logs, manifests, segments and backups', async () => {
  const tally = await fuzzFiles({ seed: 1, mutations: 2000, seconds: 12, log: (line) => console.log(line) });
  console.log(summary(tally));
  expect(tally.failures).toEqual([]);
  expect(tally.mutations).toBeGreaterThan(100);
});
