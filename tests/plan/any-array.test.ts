/** `= ANY ($1)`: rows by the keys of an array that only the execution knows, and membership as a set. */
import { expect, test } from 'vitest';
import { openDb } from '../database/helper.ts';

test('a key is looked up for each element', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, big bigint UNIQUE, s text);
    INSERT INTO t SELECT i, i * 10, 's' || i FROM generate_series(1, 2000) i;
    PREPARE p(int[]) AS SELECT id FROM t WHERE id = ANY ($1) ORDER BY id;
    PREPARE q(int[]) AS SELECT count(*) FROM t FOR SYSTEM_TIME AS OF SEQ 2 WHERE id = ANY ($1);
    PREPARE v(int[]) AS SELECT count(*) FROM t FOR SYSTEM_TIME ALL WHERE id = ANY ($1);
    PREPARE w(bigint[]) AS SELECT count(*) FROM t WHERE id = ANY ($1)`);
  const plan = (await db.rows("EXPLAIN (COSTS OFF) EXECUTE p('{1}')")).join('\n');
  expect(plan).toContain('Index Scan using t_pkey');
  expect(await db.rows("EXECUTE p('{5,3,3,NULL,99999,1}')")).toEqual([['1'], ['3'], ['5']]);
  expect(await db.rows("EXECUTE p('{}')")).toEqual([]);
  expect(await db.rows('EXECUTE p(NULL)')).toEqual([]);
  expect(await db.rows("EXECUTE p('{{1,2},{3,4}}')")).toEqual([['1'], ['2'], ['3'], ['4']]);
  await db.run('UPDATE t SET s = NULL WHERE id < 4; DELETE FROM t WHERE id = 5');
  expect(await db.rows("EXECUTE q('{3,5}')")).toEqual([['2']]);
  expect(await db.rows("EXECUTE v('{3,5}')")).toEqual([['3']]);
  expect(await db.rows("EXECUTE w('{3,5,9223372036854775807}')")).toEqual([['1']]);
  const many = Array.from({ length: 10_000 }, (_, i) => i).join();
  expect(
    await db.rows(
      `WITH x AS (SELECT '{${many}}'::int[] AS a) SELECT count(*) FROM t WHERE id = ANY ((SELECT a FROM x)::int[])`,
    ),
  ).toEqual([['1999']]);
  await db.run('BEGIN; INSERT INTO t VALUES (5, 1, NULL)');
  expect(await db.rows("EXECUTE p('{4,5,6}')")).toEqual([['4'], ['5'], ['6']]);
  await db.run('ROLLBACK');
});

const TYPES: Readonly<Record<string, string>> = {
  int: 'i',
  bigint: 'i',
  float8: 'i / 4.0',
  numeric: 'i * 1.10',
  text: 'i::text',
  'char(4)': 'i::text',
  date: "'2020-01-01'::date + i",
  interval: "i * interval '1 hour'",
  bytea: 'i::text::bytea',
  uuid: "'00000000-0000-0000-0000-00000000000' || i",
  jsonb: 'to_jsonb(i)',
};

test.each(Object.keys(TYPES))('ANY and ALL over arrays of %s are what OR and AND are', async (type) => {
  const db = await openDb();
  await db.run(
    `CREATE TABLE t (v ${type}); INSERT INTO t SELECT (${TYPES[type]})::${type} FROM generate_series(0, 9) i; INSERT INTO t VALUES (NULL)`,
  );
  const values = (await db.rows('SELECT v FROM t')).map(([v]) => (v === null ? 'NULL' : `'${v}'::${type}`));
  for (const list of [[0, 3, 7], [2, 10], [], [10], [5]].map((some) => some.map((i) => values[i] as string))) {
    const array = `ARRAY[${list.join()}]::${type}[]`;
    const any = list.map((item) => `v = ${item}`).join(' OR ') || 'false';
    const all = list.map((item) => `v <> ${item}`).join(' AND ') || 'true';
    const [first, second] = [
      await db.rows(`SELECT v = ANY (${array}), v <> ALL (${array}) FROM t`),
      await db.rows(`SELECT ${any}, ${all} FROM t`),
    ];
    expect(first, list.join()).toEqual(second);
    expect(await db.rows(`SELECT count(*) FROM t WHERE v = ANY (${array})`)).toEqual(
      await db.rows(`SELECT count(*) FROM t WHERE ${any}`),
    );
  }
});
