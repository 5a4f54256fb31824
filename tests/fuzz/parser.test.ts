/**
 * The parser on texts that nobody wrote: it answers every one with trees or with a DriftError that has a position, prints
 * what it read so that it reads the same again, and takes time in proportion to the text.
 */
import { describe, expect, test } from 'vitest';
import { DriftError } from '../../src/base/error.ts';
import type { PreparableStatement, Statement } from '../../src/sql/ast-statement.ts';
import { parse } from '../../src/sql/parser/parser.ts';
import { printStatement } from '../../src/sql/parser/print.ts';
import { mutant, seeds, SHAPES, soup } from './parser/inputs.ts';
import { Choices } from './sql/choices.ts';

const INPUTS = 100_000;

/** The statements of a text, or null where it was refused in the proper way. */
function read(sql: string): readonly Statement[] | null {
  try {
    return parse(sql);
  } catch (error) {
    if (!(error instanceof DriftError))
      throw new Error(`${String(error)} from ${JSON.stringify(sql)}`, { cause: error });
    const { position, code } = error;
    if (position === undefined || position < 1 || position > sql.length + 1 || code.startsWith('XX'))
      throw new Error(`${code} ${error.message} at ${position} from ${JSON.stringify(sql)}`, { cause: error });
    return null;
  }
}

function isPreparable(statement: Statement): statement is PreparableStatement {
  return ['query', 'insert', 'update', 'delete', 'merge'].includes(statement.kind);
}

const withoutPositions = (tree: unknown): string =>
  JSON.stringify(tree, (key, value: unknown) => (key === 'position' || key === 'end' ? undefined : value));

function printsBack(statement: PreparableStatement, sql: string): void {
  const printed = printStatement(statement);
  const [again] = read(printed) ?? [];
  if (again === undefined || withoutPositions(again) !== withoutPositions(statement))
    throw new Error(`${JSON.stringify(sql)} prints as ${JSON.stringify(printed)}`);
}

describe('inputs', () => {
  const texts = seeds();

  test.each(Array.from({ length: 10 }, (_, i) => i))('a tenth of them, seed %i', (seed) => {
    const c = new Choices(seed);
    let parsed = 0;
    for (let i = 0; i < INPUTS / 10; i++) {
      const sql = c.chance(0.25) ? soup(c) : mutant(c, texts);
      const statements = read(sql);
      if (statements === null) continue;
      parsed++;
      for (const statement of statements) if (isPreparable(statement)) printsBack(statement, sql);
    }
    // Mutants must get somewhere, or little is tested.
    expect(parsed).toBeGreaterThan(INPUTS / 10 / 10);
  });
});

/** The least of several times, in milliseconds: others may use the machine too. */
function leastMs(sql: string): number {
  let least = Infinity;
  for (let i = 0; i < 7; i++) {
    const start = performance.now();
    read(sql);
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

describe('time is linear', () => {
  test.each(Object.keys(SHAPES))('%s', (name) => {
    const shape = SHAPES[name] as (n: number) => string;
    const [small, large] = [shape(3_000), shape(24_000)];
    leastMs(small);
    let ratio = Infinity;
    // Eight times the text; quadratic work would take 64 times as long, in every attempt.
    for (let attempt = 0; attempt < 4 && ratio >= 24; attempt++)
      ratio = Math.min(ratio, leastMs(large) / Math.max(leastMs(small), 0.25));
    expect(ratio).toBeLessThan(24);
  });
});

test('a megabyte of INSERT is read fast', () => {
  const rows = Array.from(
    { length: 22_000 },
    (_, i) => `(${i}, 'name ${i}', ${i * 1.25}, true, NULL, '2024-01-${(i % 28) + 1}')`,
  );
  const sql = `INSERT INTO t (a, b, c, d, e, f) VALUES ${rows.join(', ')}`;
  expect(sql.length).toBeGreaterThan(1 << 20);
  leastMs(sql);
  // A fraction of what it does on an idle machine (docs/testing.md).
  expect(sql.length / leastMs(sql) / 1000).toBeGreaterThan(4);
});
