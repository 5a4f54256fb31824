/** What every body gets: a tree, or a DriftError with a position; and a few trees. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DriftError } from '../../base/error.ts';
import { Random } from '../../base/random.ts';
import { parseBody } from './parser.ts';

const GOLDEN = new URL('../../../tests/database/routines/', import.meta.url);
const OPTIONS = { label: 'f', args: ['a', ''], trigger: true };

function bodies(): string[] {
  const texts = readdirSync(GOLDEN).map((name) => readFileSync(new URL(name, GOLDEN), 'utf8'));
  return texts.flatMap((text) => [...text.matchAll(/\$\$(.*?)\$\$/gs)].map((match) => match[1] as string));
}

test('statements become trees', () => {
  const { block, datums } = parseBody(
    'declare x int := 1; begin x := a + 1; if x > $2 then return x; else perform f(x); end if; end',
    OPTIONS,
  );
  expect(block.body.map(({ kind }) => kind)).toEqual(['assign', 'if']);
  expect(datums.filter(({ name }) => name === 'x')).toHaveLength(1);
  expect(block.body[0]).toMatchObject({ line: 1, text: 'x := a + 1' });
});

test('whatever is left out or put in, the error is one of ours', () => {
  const all = bodies();
  expect(all.length).toBeGreaterThan(50);
  const random = new Random(7);
  const pick = <T>(list: readonly T[]): T => list[random.uint32() % list.length] as T;
  let failed = 0;
  for (let i = 0; i < 3000; i++) {
    const tokens = pick(all).split(/(\s+|[();,:=<>]+)/);
    const at = random.uint32() % tokens.length;
    const other = pick(pick(all).split(/\s+/));
    if (i % 3 === 0) tokens.splice(at, 1 + (random.uint32() % 3));
    else if (i % 3 === 1) tokens.splice(at, 0, ` ${other} `);
    else tokens[at] = other;
    try {
      parseBody(tokens.join(''), OPTIONS);
    } catch (error) {
      failed++;
      expect(error, tokens.join('')).toBeInstanceOf(DriftError);
      expect((error as DriftError).code, tokens.join('')).not.toBe('XX000');
    }
  }
  expect(failed).toBeGreaterThan(500);
});
