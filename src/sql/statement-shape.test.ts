/** What statements of one shape have in common, and which constants may differ. */
import { expect, test } from 'vitest';
import { Lexer } from './lexer.ts';
import { parseOne } from './parser/parser.ts';
import { printStatement } from './parser/print.ts';
import { lifted, shapeOf } from './statement-shape.ts';

function shape(sql: string): ReturnType<typeof shapeOf> {
  const lexer = new Lexer(sql);
  lexer.readRun();
  return shapeOf(lexer);
}

/** The statement with parameters, and the constants for which they stand. */
function general(sql: string): [string, ...unknown[]] | null {
  const found = shape(sql);
  const general = found === null ? null : lifted(parseOne(sql), found);
  if (found === null || general === null) return null;
  return [printStatement(general.statement), ...general.places.map((at) => found.constants[at]?.value)];
}

test.each([
  ['UPDATE t SET b = 58207 WHERE a = 2', 'UPDATE t SET b = -7 WHERE a = 12'],
  ["INSERT INTO t VALUES (1, 'a', 2.5)", "INSERT INTO t VALUES (-7, 'it''s', -1e3)"],
  ["INSERT INTO t VALUES ('a')", "INSERT INTO t VALUES (E'\\n')"],
])('%s is of the shape of %s', (one, other) => {
  expect(shape(one)?.text).toBe(shape(other)?.text);
});

test.each([
  ['SELECT a FROM t WHERE a = 1', 'SELECT a FROM t WHERE a = 1.0'],
  ['SELECT a FROM t WHERE a = 1', "SELECT a FROM t WHERE a = '1'"],
  ['SELECT a FROM t WHERE a = 1', 'SELECT a FROM t WHERE a = 3000000000'],
  ['SELECT a FROM t WHERE a = 1', 'SELECT a  FROM t WHERE a = 1'],
  ['SELECT a FROM t WHERE a - 1 = 1', 'SELECT a FROM t WHERE a -1 = 1'],
])('%s is of another shape than %s', (one, other) => {
  expect(shape(one)).not.toBeNull();
  expect(shape(one)?.text).not.toBe(shape(other)?.text);
});

test.each([
  ["INSERT INTO t VALUES (1, 'a', -2, - 3)", null],
  ["INSERT INTO t VALUES (1, 'a''b', -2)", ['INSERT INTO t VALUES ($1, $2, $3)', 1, "a'b", -2]],
  ['UPDATE t SET a = a + 1, b = 9223372036854775808 WHERE id = 5 AND 3 > c', null],
  [
    'UPDATE t SET a = a + 1, b = 1.50 WHERE id = 5 AND 3 > c',
    ['UPDATE t SET a = a + $1, b = $2 WHERE id = $3 AND $4 > c', 1, '1.50', 5, 3],
  ],
  ['DELETE FROM t WHERE a = -5::int OR f(1) = 2', ['DELETE FROM t WHERE a = -5::integer OR f(1) = 2']],
  ["SELECT 'x', 1 FROM t WHERE a = 7 ORDER BY 2 LIMIT 3", ["SELECT 'x', 1 FROM t WHERE a = $1 ORDER BY 2 LIMIT 3", 7]],
  [
    "SELECT 1 FROM t WHERE d = date '2024-01-01' AND e = 4",
    ["SELECT 1 FROM t WHERE d = date '2024-01-01' AND e = $1", 4],
  ],
  ['TABLE t', null],
])('constants that may differ: %s', (sql, wanted) => {
  const found = general(sql);
  if (wanted === null) expect(found).toBeNull();
  else expect([found?.[0].replaceAll(/\s+/g, ' '), ...(found?.slice(1) ?? [])]).toEqual(wanted);
});
