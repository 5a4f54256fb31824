/**
 * Golden cases: what is parsed and printed again, in the printer's normal form; and the property that printing loses
 * nothing, over generated expressions.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Expression } from '../ast.ts';
import { parseExpression, parseOne } from './parser.ts';
import { printExpression, printStatement } from './print.ts';

/** The tree without positions. */
function shape(node: unknown): string {
  return JSON.stringify(node, (key, value: unknown) => (key === 'position' || key === 'end' ? undefined : value));
}

function printed(sql: string): string {
  const statement = parseOne(sql);
  switch (statement.kind) {
    case 'query':
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      return printStatement(statement);
    default:
      throw new Error(`not a query: ${statement.kind}`);
  }
}

/** Input, and what it prints as if that differs. */
const EXPRESSIONS: [input: string, output?: string][] = [
  ['1 + 2 * 3'],
  ['(1 + 2) * 3'],
  ['1 - (2 - 3)'],
  ['((1 - 2)) - 3', '1 - 2 - 3'],
  ['2 ^ 3 ^ 4'],
  ['-2 ^ 2'],
  ['-(2)', '-2'],
  ['- - 2', '-(-2)'],
  ['-x'],
  ['- -x', '-(-x)'],
  ['(-2)::integer'],
  ['-2::int', '-2::integer'],
  ['a || b || c'],
  ['a || (b || c)'],
  ['@ a + b', '@ a + b'],
  ['(@ a) + b'],
  ['a != b', 'a <> b'],
  ['not a = b', 'NOT a = b'],
  ['NOT (a AND b)'],
  ['a and b and c or d', 'a AND b AND c OR d'],
  ['a AND (b AND c)'],
  ['a IS NULL'],
  ['a notnull', 'a IS NOT NULL'],
  ['a = b IS NOT TRUE'],
  ['a IS NOT DISTINCT FROM b'],
  ["a LIKE 'x%' ESCAPE '!'"],
  ["a NOT ILIKE 'x'"],
  ["a SIMILAR TO 'x'"],
  ['a BETWEEN 1 AND 2 AND c'],
  ['a NOT BETWEEN SYMMETRIC (1 = 2) AND 3'],
  ['a IN (1, 2)'],
  ['(a, b) IN (SELECT 1, 2)'],
  ['a IN ((SELECT 1), 2)'],
  ['a = ANY (ARRAY[1, 2])'],
  ['a > all (select 1)', 'a > ALL (SELECT 1)'],
  ['a like any (b)', 'a ~~ ANY (b)'],
  ['EXISTS (SELECT 1)'],
  ['((SELECT 1)) + 1', '(SELECT 1) + 1'],
  ['((SELECT 1) UNION (SELECT 2))'],
  ['a.b.c'],
  ['"Select"."a""b"'],
  ['a[1][2 : 3]'],
  ['a[:]', 'a[ : ]'],
  ['(a).b'],
  ['(f(x)).b[1]'],
  ['f(VARIADIC a)'],
  ['f(a := 1, b => 2)', 'f(a => 1, b => 2)'],
  ['count(*)'],
  ['count(DISTINCT a ORDER BY b DESC NULLS LAST) FILTER (WHERE c)'],
  ['percentile_cont(0.5) WITHIN GROUP (ORDER BY a)'],
  ['sum(a) OVER w'],
  ['sum(a) OVER (w ORDER BY b ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE TIES)'],
  ['rank() OVER (PARTITION BY a, b)'],
  ["date '2020-01-01'"],
  ["interval '1' day to second(3)"],
  ["timestamp(3) '2020-01-01'"],
  ['CAST(a AS numeric(8, 2))'],
  ['a::character varying(10)[]', 'a::varchar(10)[]'],
  ['a::char', 'a::char(1)'],
  ['a::timestamp with time zone'],
  ['a::"char"'],
  ['a::double precision'],
  ['a::s.t'],
  ['extract(year from a)', 'EXTRACT(year FROM a)'],
  ['substring(a from 1 for 2)', 'SUBSTRING(a FROM 1 FOR 2)'],
  ['substring(a, 1)'],
  ["position('a' in b)", "POSITION('a' IN b)"],
  ['overlay(a placing b from 1)', 'OVERLAY(a PLACING b FROM 1)'],
  ["trim(both 'x' from a)", "TRIM(FROM a, 'x')"],
  ['trim(leading from a)', 'TRIM(LEADING FROM a)'],
  ["a at time zone 'UTC'", "a AT TIME ZONE 'UTC'"],
  ['(a, b) OVERLAPS (c, d)'],
  ['a COLLATE "C"'],
  ['coalesce(a, b)'],
  ['nullif(a, b)'],
  ['greatest(1, 2)'],
  ['CURRENT_TIMESTAMP(3)'],
  ['case a when 1 then 2 else 3 end', 'CASE a WHEN 1 THEN 2 ELSE 3 END'],
  ['CASE WHEN a THEN b END'],
  ['ROW(1)'],
  ['(1, 2)'],
  ['ARRAY[[1, 2], [3, 4]]'],
  ['ARRAY(SELECT 1)'],
  ["B'01'"],
  ["X'1F'"],
  ['a OPERATOR(pg_catalog.+) b'],
  ['9223372036854775807'],
  ['-2147483648'],
  ["'it''s'"],
  ['left(a, 1)'],
  ['$1'],
];

describe('expressions', () => {
  test.each(EXPRESSIONS)('%s', (input, output = input) => {
    const tree = parseExpression(input);
    expect(printExpression(tree)).toBe(output);
    expect(shape(parseExpression(output))).toBe(shape(tree));
  });
});

const STATEMENTS: [input: string, output?: string][] = [
  ['SELECT'],
  [
    'SELECT DISTINCT ON (a) a, b AS c, t.* FROM t AS t WHERE a > 1 GROUP BY a HAVING count(*) > 1 WINDOW w AS (ORDER BY a)',
  ],
  ['select a b from t c', 'SELECT a AS b FROM t AS c'],
  ['SELECT 1 ORDER BY 1 DESC NULLS FIRST, 2 OFFSET 3 LIMIT 2'],
  ['select 1 fetch first row only', 'SELECT 1 LIMIT 1'],
  ['SELECT 1 ORDER BY 1 FETCH FIRST 3 ROWS WITH TIES'],
  ['SELECT 1 UNION ALL SELECT 2 INTERSECT SELECT 3'],
  ['(SELECT 1 UNION SELECT 2) INTERSECT SELECT 3'],
  ['SELECT 1 EXCEPT (SELECT 2 LIMIT 1)'],
  ['VALUES (1, 2), (3, DEFAULT)'],
  ['TABLE t', 'SELECT * FROM t'],
  ['SELECT * FROM a JOIN b ON true LEFT JOIN c USING (x) AS u CROSS JOIN d NATURAL FULL JOIN e'],
  ['SELECT * FROM a LEFT JOIN (b JOIN c ON 1 = 2) ON 3 = 4'],
  ['SELECT * FROM a LEFT JOIN b JOIN c ON 1 = 2 ON 3 = 4', 'SELECT * FROM a LEFT JOIN (b JOIN c ON 1 = 2) ON 3 = 4'],
  ['SELECT * FROM (a CROSS JOIN b) AS j (x, y)'],
  ['SELECT * FROM ((SELECT 1) AS x CROSS JOIN y)', 'SELECT * FROM (SELECT 1) AS x CROSS JOIN y'],
  ['SELECT * FROM ((SELECT 1) UNION (SELECT 2)) AS x'],
  ['SELECT * FROM t, LATERAL (SELECT t.a) AS s, LATERAL f(t.a) WITH ORDINALITY AS g (x, n)'],
  ['SELECT * FROM f() AS t(a integer, b text)'],
  ['SELECT * FROM ROWS FROM (f(1), g(2)) AS x'],
  ['SELECT * FROM ONLY t TABLESAMPLE bernoulli(10) REPEATABLE (1)'],
  ['SELECT a FROM t GROUP BY GROUPING SETS ((a, b), ROLLUP(c, (d, e)), ()), CUBE(f)'],
  ['WITH RECURSIVE x (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT * FROM x'],
  ['WITH x AS NOT MATERIALIZED (SELECT 1), y AS (DELETE FROM t RETURNING *) SELECT * FROM x, y'],
  [
    'WITH RECURSIVE x AS (SELECT 1) SEARCH DEPTH FIRST BY a, b SET o CYCLE a SET c TO true DEFAULT false USING p SELECT 1',
  ],
  ['SELECT * FROM t FOR UPDATE OF t SKIP LOCKED'],
  ['SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 5 AS a'],
  [
    "select * from t@SEQ:5 a, u@TAG:v1, w@'2020-01-01'",
    "SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 5 AS a, u FOR SYSTEM_TIME AS OF TAG 'v1', w FOR SYSTEM_TIME AS OF '2020-01-01'",
  ],
  ["SELECT * FROM t FOR SYSTEM_TIME AS OF TAG 'x' JOIN u FOR SYSTEM_TIME ALL ON true"],
  [
    "select * from t for system_time as of now() - interval '1 day' x",
    "SELECT * FROM t FOR SYSTEM_TIME AS OF (now() - interval '1 day') AS x",
  ],
  ['SELECT * FROM t FOR SYSTEM_TIME BETWEEN SEQ 1 AND SEQ 2'],
  ["SELECT * FROM t FOR SYSTEM_TIME FROM '2020-01-01' TO '2021-01-01'"],
  ['SELECT * FROM t FOR SYSTEM_TIME CONTAINED IN (SEQ 1, SEQ $1)'],
  ['INSERT INTO t DEFAULT VALUES'],
  ["INSERT INTO s.t AS x (a, b[1], c.d) OVERRIDING SYSTEM VALUE VALUES (1, 'x', DEFAULT) RETURNING *"],
  ['INSERT INTO t SELECT 1 ON CONFLICT DO NOTHING'],
  ['INSERT INTO t (SELECT 1)', 'INSERT INTO t SELECT 1'],
  [
    'INSERT INTO t VALUES (1) ON CONFLICT (a, (lower(b)) COLLATE "C") WHERE c DO UPDATE SET a = excluded.a WHERE t.a > 1',
  ],
  ['INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT k DO NOTHING'],
  ['UPDATE ONLY t AS x SET a = 1, (b, c) = (SELECT 2, 3), d = DEFAULT FROM u WHERE x.a = u.a RETURNING x.a'],
  ['DELETE FROM t USING u WHERE t.a = u.a'],
  ['DELETE FROM t WHERE CURRENT OF c'],
  [
    'MERGE INTO t USING u ON t.a = u.a WHEN MATCHED AND u.b THEN DELETE WHEN MATCHED THEN UPDATE SET b = 1 WHEN NOT MATCHED THEN INSERT (a) VALUES (1) WHEN NOT MATCHED THEN DO NOTHING',
  ],
];

describe('statements', () => {
  test.each(STATEMENTS)('%s', (input, output = input) => {
    expect(printed(input)).toBe(output);
    expect(printed(output)).toBe(output);
  });
});

// ---- generated trees -------------------------------------------------------------------------------------------

const BINARY = ['+', '-', '*', '/', '%', '^', '<', '=', '<>', '>=', '||', '->>', '@>'];
const UNARY = ['-', '+', '~', '@'];

const { expression } = fc.letrec<{ expression: Expression }>((tie) => {
  const e = tie('expression');
  const position = fc.constant(0);
  const negated = fc.boolean();
  return {
    expression: fc.oneof(
      { maxDepth: 5, depthIdentifier: 'e' },
      fc.record({ kind: fc.constant('integer'), value: fc.integer(), position }),
      fc.record({ kind: fc.constant('string'), value: fc.string({ unit: 'grapheme-ascii' }), position }),
      fc.record({ kind: fc.constant('null'), position }),
      fc.record({
        kind: fc.constant('column'),
        names: fc.array(fc.constantFrom('a', 'B', 'select', 'order', 'x y', 'q"', 'time', 'left', 'filter'), {
          minLength: 1,
          maxLength: 3,
        }),
        position,
      }),
      fc.record({
        kind: fc.constant('binary'),
        operator: fc.constantFrom(...BINARY),
        operatorSchema: fc.constant(undefined),
        left: e,
        right: e,
        position,
      }),
      fc
        .record({
          kind: fc.constant('unary'),
          operator: fc.constantFrom(...UNARY),
          operatorSchema: fc.constant(undefined),
          operand: e,
          position,
        })
        // A minus before a constant is part of it.
        .filter((u) => !(u.operator === '-' && u.operand.kind === 'integer' && u.operand.value >= 0)),
      fc.record({
        kind: fc.constantFrom('and', 'or'),
        operands: fc.array(e, { minLength: 2, maxLength: 3 }),
        position,
      }),
      fc.record({ kind: fc.constant('not'), operand: e, position }),
      fc.record({ kind: fc.constant('isNull'), negated, operand: e, position }),
      fc.record({ kind: fc.constant('isDistinct'), negated, left: e, right: e, position }),
      fc.record({
        kind: fc.constant('like'),
        operator: fc.constantFrom('like', 'ilike', 'similar'),
        negated,
        operand: e,
        pattern: e,
        escape: fc.option(e, { nil: undefined }),
        position,
      }),
      fc.record({ kind: fc.constant('between'), negated, symmetric: negated, operand: e, low: e, high: e, position }),
      fc.record({
        kind: fc.constant('inList'),
        negated,
        operand: e,
        list: fc.array(e, { minLength: 1, maxLength: 3 }),
        position,
      }),
      fc.record({
        kind: fc.constant('row'),
        explicit: fc.constant(true),
        fields: fc.array(e, { maxLength: 3 }),
        position,
      }),
      fc.record({
        kind: fc.constant('case'),
        operand: fc.option(e, { nil: undefined }),
        whens: fc.array(fc.record({ when: e, then: e }), { minLength: 1, maxLength: 2 }),
        otherwise: fc.option(e, { nil: undefined }),
        position,
      }),
    ) as fc.Arbitrary<Expression>,
  };
});

test('parsing what was printed gives the tree back', () => {
  fc.assert(
    fc.property(expression, (tree) => {
      expect(shape(parseExpression(printExpression(tree)))).toBe(shape(tree));
    }),
    { numRuns: 2000, seed: 7 },
  );
});
