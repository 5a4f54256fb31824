/** Statements and table names are found in an editor's text. */
import { expect, test } from 'vitest';
import { isQuery, mentionedTables, splitStatements, statementAt } from './statements.ts';

test('semicolons in strings, names, comments and dollar quotes end nothing', () => {
  const script = `SELECT ';', ";", E'\\';' -- a;\n, $x$;$x$ /* ; /* ; */ */; SELECT 2;  ; -- end`;
  expect(splitStatements(script).map((statement) => statement.text.length)).toEqual([script.indexOf('; SELECT 2'), 8]);
});

test('a statement knows its place in the text', () => {
  const script = 'SELECT 1;\n\n  SELECT 2;';
  const second = statementAt(script, script.length);
  expect(second).toEqual({ text: 'SELECT 2', from: 13, to: 21 });
  expect(statementAt(script, 3)?.text).toBe('SELECT 1');
});

test.each([
  ['-- note\nSELECT 1', true],
  ["SELECT 'delete'", true],
  ['WITH a AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM a', false],
  ['UPDATE t SET a = 1', false],
  ['SELECT * FROM t FOR UPDATE', true],
])('%s reads only: %s', (sql, expected) => {
  expect(isQuery(sql)).toBe(expected);
});

test('tables are found after FROM and JOIN', () => {
  expect(mentionedTables(`SELECT 'from x' FROM Orders o JOIN "Order ""Items""" i ON true -- from y`)).toEqual([
    'orders',
    'Order "Items"',
  ]);
});
