/**
 * Random SQL on DriftDB and on PostgreSQL (PGlite, in process), compared; and properties of DriftDB alone. Seeds are
 * fixed; `npm run fuzz:sql` goes on from other ones and shrinks what it finds.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Reference } from './sql/engines.ts';
import { Episode, newTally } from './sql/episode.ts';
import { shrink } from './sql/shrink.ts';

const CASES = 5000;
const TESTS = 10;

let reference: Reference;
beforeAll(async () => {
  reference = await Reference.open();
}, 60_000);
afterAll(() => reference.close());

test.each(Array.from({ length: TESTS }, (_, i) => 1 + i * 1000))(
  `${CASES / TESTS} cases from seed %i`,
  async (first) => {
    const tally = newTally();
    for (let seed = first; tally.cases < CASES / TESTS; seed++) await new Episode(seed, reference, tally).run();
    const [failure] = tally.failures;
    if (failure !== undefined) {
      const script = await shrink(failure, reference);
      throw new Error(`seed ${failure.seed}, ${failure.check}: ${failure.what}\n${script.join(';\n')};`);
    }
    expect(tally.past).toBeGreaterThan(tally.cases / 5);
    // Most cases must be answered, or the comparison says little.
    expect(tally.errors + tally.undetermined).toBeLessThan(tally.cases / 3);
  },
);
