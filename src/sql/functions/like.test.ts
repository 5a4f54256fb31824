/** LIKE against a matcher that tries every choice, and on what would take a backtracking matcher for ever. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LikePattern } from './like.ts';

/** The definition, character by character. */
function matches(text: readonly string[], pattern: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return text.length === 0;
  if (head === '%') return matches(text, rest) || (text.length > 0 && matches(text.slice(1), pattern));
  if (text.length === 0) return false;
  if (head === '_') return matches(text.slice(1), rest);
  return text[0] === head && matches(text.slice(1), rest);
}

test('as defined', () => {
  const text = fc.array(fc.constantFrom('a', 'b', '𝒳', 'é'), { maxLength: 8 });
  const pattern = fc.array(fc.constantFrom('a', 'b', '𝒳', '_', '%', '%'), { maxLength: 7 });
  fc.assert(
    fc.property(text, pattern, (t, p) => {
      expect(new LikePattern(p.join(''), false).test(t.join(''))).toBe(matches(t, p));
    }),
    { numRuns: 3000 },
  );
});

test.each([
  ['a%b', 'ab', true],
  ['\\%', '%', true],
  ['\\_x', 'ax', false],
  ['a\\\\', 'a\\', true],
  ['', '', true],
  ['%', '', true],
  ['_', '', false],
  ['ab%ba', 'aba', false],
])('%j on %j', (pattern, text, expected) => {
  expect(new LikePattern(pattern, false).test(text)).toBe(expected);
});

test('letters of either case', () => {
  expect(new LikePattern('É%z', true).test('éAZ')).toBe(true);
});

test('long and branching patterns take no longer than their length', () => {
  expect(new LikePattern('x'.repeat(400_000), false).test('x')).toBe(false);
  expect(new LikePattern(`${'%a'.repeat(30)}%b`, false).test('a'.repeat(20_000))).toBe(false);
  expect(new LikePattern(`${'%_a'.repeat(30)}%b`, false).test('a'.repeat(20_000))).toBe(false);
});

test('an escape at the end', () => {
  expect(() => new LikePattern('a\\', false)).toThrow('LIKE pattern must not end with escape character');
});
