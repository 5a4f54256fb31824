/** Long texts give the trees and the errors that they give in one go, with pauses all the way. */
import { describe, expect, test } from 'vitest';
import { DriftError } from '../../base/error.ts';
import { PAUSE } from '../../base/task.ts';
import type { Statement } from '../ast-statement.ts';
import { statements, statementsInSlices } from './parser.ts';

const ROWS = 6000;

function rows(row: (i: number) => string = (i) => `(${i}, 'name ${i}', -${i}.5, NULL)`): string {
  return Array.from({ length: ROWS }, (_, i) => row(i)).join(', ');
}

/** What comes one by one, and the error that ends it. */
function outcome(read: Iterable<Statement | typeof PAUSE>): { readonly all: string[]; readonly pauses: number } {
  const all: string[] = [];
  let pauses = 0;
  try {
    for (const statement of read)
      if (statement === PAUSE) pauses++;
      else all.push(JSON.stringify(statement));
  } catch (error) {
    if (!(error instanceof DriftError)) throw error;
    all.push(`${error.code} ${error.message} at ${error.position}`);
  }
  return { all, pauses };
}

const deep = (levels: number): string => `${'('.repeat(levels)}1${')'.repeat(levels)}`;

const TEXTS: Readonly<Record<string, string>> = {
  'rows of constants': `INSERT INTO t VALUES ${rows()}`,
  'with columns and what follows': `INSERT INTO t (values, b) VALUES ${rows()} ON CONFLICT DO NOTHING RETURNING *;`,
  expressions: `INSERT INTO t VALUES ${rows((i) => `(${i} + 1, (SELECT max(a) FROM t), 'a' || E'\\n', CASE WHEN true THEN ${i} END)`)}`,
  'several lists': `WITH a AS (VALUES ${rows()}), b(x) AS (VALUES (1), (2)) SELECT * FROM a, b, (VALUES ${rows()}) c`,
  'a list in a row': `INSERT INTO t VALUES ${rows((i) => `(${i}, ARRAY(VALUES (1), (2)))`)}`,
  script: `CREATE TABLE t (a int); INSERT INTO t VALUES ${rows()}; SELECT 1; INSERT INTO t VALUES ${rows()}; SELECT 2`,
  'small statements': Array.from({ length: ROWS }, (_, i) => `INSERT INTO t VALUES (${i}, 'a;b');`).join('\n'),
  'lines of COPY': `COPY t FROM STDIN;\n${"values (1, 'x\n".repeat(8000)}\\.\nSELECT 1; VALUES ${rows()}`,
  'no rows': `INSERT INTO t VALUES ; ${rows()}`,
  'a column of that name': `SELECT values, values + 1 FROM t; /* ${'x'.repeat(70_000)} */ VALUES ${rows()}`,
  'a string and a comment over many pieces': `VALUES ('${"it''s ".repeat(30_000)}'), (1) /* ${'*'.repeat(90_000)} */, (2)`,
  hints: `/*+ SeqScan(t) */ SELECT 1; INSERT INTO t VALUES ${rows()}`,
  'an error in the last row': `INSERT INTO t VALUES ${rows()}, (1, 2`,
  'an error in a row': `INSERT INTO t VALUES ${rows((i) => (i === 5000 ? '(1, )' : `(${i}, 'name ${i}')`))}`,
  'an error before the rows': `INSERT INTO INTO t VALUES ${rows()}`,
  'an error behind the rows': `SELECT 1; INSERT INTO t VALUES ${rows()} FROM x; SELECT 2`,
  'an unterminated string': `INSERT INTO t VALUES ${rows()}, ('abc`,
  'a bad number before good rows': `SELECT 12abc; INSERT INTO t VALUES ${rows()}`,
  'deep enough': `INSERT INTO t VALUES ${rows((i) => (i === 5000 ? `(${deep(280)})` : `(${i}, 'name ${i}')`))}`,
  'too deep': `INSERT INTO t VALUES ${rows((i) => (i === 5000 ? `(${deep(700)})` : `(${i}, 'name ${i}')`))}`,
  'a zero at the end': `INSERT INTO t VALUES ${rows()}, ${rows()} -- \0`,
  'half a pair': `INSERT INTO t VALUES ${rows()}, ${rows()}, ('\ud83d')`,
  'pairs over all borders': `INSERT INTO t VALUES ${rows((i) => `('${'x'.repeat(i % 3)}😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀')`)}`,
};

describe('a long text reads as it does in one go', () => {
  test.each(Object.entries(TEXTS))('%s', (_, text) => {
    expect(text.length).toBeGreaterThan(65_536);
    const { all, pauses } = outcome(statementsInSlices(text));
    expect(all).toEqual(outcome(statements(text)).all);
    expect(pauses).toBeGreaterThan(0);
  });
});

test('pauses come every few hundred rows', () => {
  const { pauses } = outcome(statementsInSlices(`INSERT INTO t VALUES ${rows()}`));
  expect(pauses).toBeGreaterThan(ROWS / 300);
});

test('what is short has no pauses', () => {
  expect(outcome(statementsInSlices('SELECT 1; VALUES (1), (2)')).pauses).toBe(0);
});
