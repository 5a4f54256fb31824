/**
 * pg15-golden against the list of what is known to be missed (golden/misses.json, shown in docs/corpora.md): nothing else
 * is missed, and nothing stands in the list that is not. A share of the files; all of them, and the list made anew, by
 * `npm run corpora` (CORPORA=all, UPDATE_CORPORA=1). Skipped where the corpora do not lie beside the checkout.
 */
import { describe, expect, test } from 'vitest';
import { grouped, knownIn, recorded, sourceOf, write } from './golden/record.ts';
import { type Counts, files, type Miss, newCounts, score } from './golden/score.ts';

const ALL = process.env['CORPORA'] === 'all';
const UPDATE = process.env['UPDATE_CORPORA'] !== undefined;
const SHARE = 12;
const LEAST = { query: 0.97, statement: 0.97, error: 0.92 } as const;

const chosen = files().filter((_, i) => ALL || UPDATE || i % SHARE === 0);

describe.skipIf(chosen.length === 0)('pg15-golden', () => {
  test('is answered but for the records of the list', { timeout: 3_600_000 }, async () => {
    const counts: Record<string, Counts> = {};
    const misses: Miss[] = [];
    for (const file of chosen) misses.push(...(await score(file, (counts[sourceOf(file)] ??= newCounts()))));
    if (UPDATE) write({ counts, misses: grouped(misses) });
    const list = recorded();
    const found = new Set(misses.map(({ file, line }) => `${file}:${line}`));
    const known = new Set(chosen.flatMap((file) => knownIn(list, file).map((line) => `${file}:${line}`)));
    const unknown = misses.filter(({ file, line }) => !known.has(`${file}:${line}`));
    expect(unknown.map(({ file, line, shown }) => `${file}:${line} ${shown}`)).toEqual([]);
    expect([...known].filter((name) => !found.has(name))).toEqual([]);
    expect(misses.filter(({ cause }) => cause.startsWith('internal error'))).toEqual([]);
  });

  test('each source is answered to the shares that were asked for', () => {
    for (const [source, each] of Object.entries(recorded().counts))
      for (const kind of ['query', 'statement', 'error'] as const) {
        const { right, wrong } = each[kind];
        expect(right / (right + wrong), `${source}, ${kind}`).toBeGreaterThanOrEqual(LEAST[kind]);
      }
  });
});
