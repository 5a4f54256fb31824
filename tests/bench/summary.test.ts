/** What the benchmark makes of its samples: whose figure counts, beside whom, and what it says of a goal. */
import { expect, test } from 'vitest';
import { slowerThan } from '../../bench/runner/recorded.mjs';
import { reportOf } from '../../bench/runner/html.mjs';
import { same, summarize } from '../../bench/runner/summary.mjs';

const CONTESTANTS = [
  { name: 'driftdb', package: 'driftdb', npm: 'driftdb-web', durability: 'full', title: '', version: '1' },
  { name: 'driftdb-memory', package: 'driftdb', npm: 'driftdb-web', durability: 'none', title: '', version: '1' },
  { name: 'sqlite', package: 'sqlite', npm: 'sqlite', durability: 'full', title: '', version: '1' },
  { name: 'sqlite-memory', package: 'sqlite', npm: 'sqlite', durability: 'none', title: '', version: '1' },
  { name: 'pglite', package: 'pglite', npm: 'pglite', durability: 'full', title: '', version: '1' },
];

interface Measured {
  readonly entries: Readonly<Record<string, object>>;
  readonly goals: readonly object[];
}

function measured(commits: boolean, samples: Record<string, [number[], string]>): Measured {
  const { results } = summaryOf(commits, samples);
  return results[0] as unknown as Measured;
}

function summaryOf(commits: boolean, samples: Record<string, [number[], string]>): ReturnType<typeof summarize> {
  const records = Object.entries(samples).map(([contestant, [times, answer]]) => ({
    workload: 'W2',
    heading: 'Durable insert',
    measure: 'insert',
    title: 'insert',
    where: 'worker',
    per: 'ms',
    commits,
    limit: { of: 'commit' },
    contestant,
    samples: times,
    answers: times.map(() => answer),
    figures: {},
    error: undefined,
  }));
  const run = { date: '', chromium: '', cpu: '', scale: 1, rounds: 1, memory: {}, bytes: {} };
  return summarize({ ...run, limits: { commit: 0.25 }, contestants: CONTESTANTS, records });
}

test('a commit is compared with commits of its durability, a read with all', () => {
  const samples: Record<string, [number[], string]> = {
    driftdb: [[1, 3, 2], 'x'],
    sqlite: [[4], 'x'],
    'sqlite-memory': [[1], 'x'],
  };
  const durable = measured(true, samples);
  expect(durable.entries['driftdb']).toMatchObject({ median: 2, bestPeer: 'sqlite', ratio: 0.5, toLimit: 8 });
  expect(durable.goals).toEqual([{ against: 'best', atMost: 1 / 1.5, ratio: 0.5, met: true }]);
  expect(measured(false, samples).entries['driftdb']).toMatchObject({ bestPeer: 'sqlite-memory', ratio: 2 });
});

test('a wrong answer is a failure, not a time', () => {
  const { entries } = measured(true, {
    driftdb: [[2], '10 0.3333333'],
    sqlite: [[1], '11 0.3333333'],
    pglite: [[4], '10 0.33333331'],
  });
  expect(entries['sqlite']).toEqual({ error: 'answers 11 0.3333333, most answer 10 0.3333333' });
  expect(entries['driftdb']).toMatchObject({ bestPeer: 'pglite', ratio: 0.5 });
  expect(same('1.0000001 a', '1 a')).toBe(true);
  expect(same('1 a', '1 b')).toBe(false);
  expect(same('1 2', '1')).toBe(false);
  expect(same('NULL', '0')).toBe(false);
});

test('the report shows figures and failures', () => {
  const html = reportOf(summaryOf(true, { driftdb: [[2], '1'], pglite: [[4], '1'], sqlite: [[1], '<2>'] }));
  expect(html).toContain('0.500 × pglite');
  expect(html).toContain('failed: answers &lt;2>');
  expect(html).not.toMatch(/(?:src|href)=/);
});

test('what got slower since a recorded run', () => {
  const before = { ratios: { a: 1, b: 1, c: 1 } };
  expect(slowerThan(before, { ratios: { a: 1.2, b: 1.3, d: 9 } })).toEqual([{ name: 'b', before: 1, after: 1.3 }]);
});
