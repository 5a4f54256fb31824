/** Names and types of result columns, and parameters that take their type from where they stand. */
import { expect, test } from 'vitest';
import { typeByOid } from '../../src/sql/types/registry.ts';
import { bindSql } from './fixture.ts';

test.each([
  ["SELECT 1, 2.5, 'a', true, NULL", '?column? int4, ?column? numeric, ?column? text, ?column? bool, ?column? text'],
  ['SELECT id, name AS n, c.city FROM customer c', 'id int4, n text, city text'],
  ['SELECT id::int8, CAST(1 AS text), now()::date FROM customer', 'id int8, text text, now date'],
  ['SELECT count(*), sum(id), avg(id), max(name) FROM customer', 'count int8, sum int8, avg numeric, max text'],
  [
    'SELECT CASE WHEN id = 1 THEN 1 ELSE 2.5 END, coalesce(name, city), nullif(id, 2) FROM customer',
    'case numeric, coalesce text, nullif int4',
  ],
  [
    'SELECT (SELECT max(id) AS top FROM customer), EXISTS (SELECT 1), ARRAY[1, 2]',
    'top int4, exists bool, array _int4',
  ],
  [
    'SELECT * FROM customer JOIN orders USING (id)',
    'id int4, name text, city text, customer_id int4, total numeric, placed timestamptz',
  ],
  ["SELECT 'a' UNION SELECT name FROM customer", '?column? text'],
  ['SELECT 1 AS x UNION ALL SELECT 2.5', 'x numeric'],
  ['SELECT _seq_from, _sys_to FROM customer FOR SYSTEM_TIME ALL', '_seq_from int8, _sys_to timestamptz'],
  ['INSERT INTO orders (customer_id) VALUES (1) RETURNING id, total', 'id int4, total numeric'],
])('%s', (sql, wanted) => {
  const fields = bindSql(sql).fields ?? [];
  expect(fields.map((field) => `${field.name} ${typeByOid(field.type.oid).name}`).join(', ')).toBe(wanted);
});

test.each([
  ['SELECT name FROM customer WHERE id = $1', 'int4'],
  ['SELECT $1', 'text'],
  ['SELECT $1::int8 + $2', 'int8, int8'],
  ['INSERT INTO orders (customer_id, total, placed) VALUES ($1, $2, $3)', 'int4, numeric, timestamptz'],
  ['SELECT * FROM customer WHERE name LIKE $1 LIMIT $2', 'text, int8'],
  ['SELECT * FROM customer WHERE id IN ($1, $2) OR city = $3', 'int4, int4, text'],
])('parameters of %s', (sql, wanted) => {
  expect(
    bindSql(sql)
      .parameterTypes.map((oid) => typeByOid(oid).name)
      .join(', '),
  ).toBe(wanted);
});

test('a plan with a time that depends on the TimeZone is not kept', () => {
  expect(bindSql("SELECT * FROM orders WHERE placed > '2020-01-01 00:00:00'").cacheable).toBe(false);
  expect(bindSql("SELECT * FROM orders WHERE placed > '2020-01-01 00:00:00Z'").cacheable).toBe(true);
  expect(bindSql('SELECT * FROM orders FOR SYSTEM_TIME AS OF SEQ 5').cacheable).toBe(true);
});
