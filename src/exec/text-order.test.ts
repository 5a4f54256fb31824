/** rankTexts against the platform's sort: scripts, prefixes, equal texts, sizes on both sides of each limit. */
import { describe, expect, test } from 'vitest';
import { runSync } from '../base/task.ts';
import { UNPACED } from './pacer.ts';
import { rankTexts } from './text-order.ts';

/** Ranks by the platform's sort. */
function expected(data: readonly string[]): number[] {
  const sorted = [...new Set(data)].sort();
  const ranks = new Map(sorted.map((text, rank) => [text, rank]));
  return data.map((text) => ranks.get(text) as number);
}

function check(data: readonly string[]): void {
  expect(Array.from(runSync(rankTexts(data, data.length, UNPACED)))).toEqual(expected(data));
}

/** Numbers that look random: a multiplicative generator. */
function numbers(count: number, below: number): number[] {
  let state = 48_271;
  return Array.from({ length: count }, () => (state = (state * 48_271) % 2_147_483_647) % below);
}

describe('rankTexts', () => {
  test.each<[string, (n: number, i: number) => string]>([
    ['numbers', (n) => String(n)],
    ['numbered names with much in common', (n) => `Customer number ${n % 1000}/${n}`],
    ['few texts', (n) => `colour ${n % 5}`],
    ['one text', () => 'the same'],
    ['texts that begin others', (n) => 'abcdefghijklmnopqrstuvwxyz'.slice(0, n % 27)],
    ['empty texts', (n) => (n % 3 === 0 ? '' : 'x')],
    ['other scripts', (n) => ['жук', 'Ünal', 'zoë', '日本', '\u{1F600}', 'ÿ', 'Ā', 'abc'][n % 8] + String(n % 100)],
    ['a wide character far behind', (n) => `a text of many characters ${n % 50} ${n % 7 === 0 ? 'Ж' : 'z'}`],
    ['control characters', (n) => `a${String.fromCharCode(n % 4)}${n % 3 === 0 ? '' : '\0'}`],
  ])('%s', (_, make) => {
    for (const count of [0, 1, 2, 12, 13, 300, 20_000]) check(numbers(count, 1_000_000).map(make));
  });

  test('pauses while it sorts many', () => {
    const data = numbers(50_000, 1_000_000).map((n) => `name ${n}`);
    let pauses = 0;
    const pacer = {
      due: () => true,
      *pause() {
        pauses++;
        yield* [];
      },
    };
    runSync(rankTexts(data, data.length, pacer));
    expect(pauses).toBeGreaterThan(30);
  });
});
