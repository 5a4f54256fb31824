/**
 * Access paths give the rows that a plain scan gives: random conditions over a table with many indexes, with kinds of
 * plans switched off at random, in a transaction with writes of its own and without, now and AS OF.
 */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { openDb, textRows, type Db } from '../database/helper.ts';

const SCHEMA = `
  CREATE TABLE t (id int PRIMARY KEY, a int, b int, c text, d numeric(10,2), e bool, f date);
  CREATE INDEX t_ab ON t (a, b);
  CREATE INDEX t_c ON t (c);
  CREATE INDEX t_bd ON t (b DESC, d);
  CREATE INDEX t_lower ON t (lower(c));
  CREATE INDEX t_sum ON t ((a + b));
  CREATE INDEX t_part ON t (d) WHERE a > 5;
  CREATE INDEX t_open ON t (f) WHERE e;
  CREATE INDEX t_e ON t (e);
  CREATE TABLE u (p int, q int, r text, PRIMARY KEY (p, q));
  CREATE INDEX u_r ON u (r);
  INSERT INTO t SELECT i, nullif(i % 23, 7), (i * 13) % 40, CASE WHEN i % 11 = 0 THEN NULL ELSE chr(65 + i % 26) || 'k' || i % 9 END,
    (i * 7 % 500) / 4.0, CASE i % 5 WHEN 0 THEN true WHEN 1 THEN NULL ELSE false END, date '2020-01-01' + i % 90 FROM generate_series(1, 900) i;
  INSERT INTO u SELECT i % 30, i, 'r' || i % 50 FROM generate_series(1, 400) i;
  DELETE FROM t WHERE id % 17 = 0;
  UPDATE t SET a = a + 1, c = lower(c) WHERE id % 10 = 3;`;

const SWITCHES = [
  'seqscan',
  'indexscan',
  'indexonlyscan',
  'bitmapscan',
  'hashjoin',
  'mergejoin',
  'nestloop',
  'sort',
  'hashagg',
];

class Generator {
  readonly #random: Random;
  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.#random.uint32() % items.length] as T;
  }

  number(limit: number): number {
    return this.#random.uint32() % limit;
  }

  #simple(): string {
    const n = this.number(25);
    return this.pick([
      `a = ${n}`,
      `a = ${n} AND b > ${this.number(40)}`,
      `a BETWEEN ${n} AND ${n + 3}`,
      `b = ${this.number(40)}`,
      `b >= ${this.number(40)} AND b < ${this.number(40)}`,
      `b IN (${n}, ${this.number(40)}, NULL)`,
      `a IN (${n}, ${n + 1}) AND b = ${this.number(40)}`,
      `c LIKE '${this.pick(['A', 'B', 'ak', 'Ck1', '%', 'A_1', ''])}%'`,
      `c = '${this.pick(['Ak1', 'Bk2', 'ck3'])}'`,
      `lower(c) = '${this.pick(['ak0', 'bk1', 'ck2', 'dk3'])}'`,
      `lower(c) LIKE 'b%'`,
      `a + b = ${this.number(60)}`,
      `a > 5 AND d < ${this.number(130)}`,
      `a > 8 AND d = ${this.number(130)}.25`,
      `e AND f = '2020-01-${10 + this.number(19)}'`,
      'e',
      'NOT e',
      'e IS NULL',
      `id = ${this.number(900)}`,
      `id IN (${this.number(900)}, ${this.number(900)}, 17)`,
      `id > ${this.number(900)}`,
      `d > ${this.number(130)}.5 AND a = ANY (ARRAY[6, ${n}])`,
      `c IS NULL`,
    ]);
  }

  condition(depth = 0): string {
    if (depth < 2 && this.number(10) < 5)
      return `(${this.condition(depth + 1)}) ${this.pick(['OR', 'AND', 'OR', 'AND NOT'])} (${this.condition(depth + 1)})`;
    return this.#simple();
  }

  query(past: string): string {
    const columns = this.pick([
      '*',
      'a, b',
      'id, c',
      'count(*), sum(a), min(b), max(d)',
      'b',
      'DISTINCT a',
      'a, b, id',
    ]);
    const plain = !columns.includes('(') && !columns.startsWith('DISTINCT');
    const order =
      plain && this.number(3) === 0
        ? ` ORDER BY ${this.pick(['id', 'a, b, id', 'b DESC, d, id', 'f, id DESC', 'c NULLS FIRST, id'])}`
        : '';
    const limit = order === '' ? '' : this.pick(['', ' LIMIT 7', ' LIMIT 5 OFFSET 3']);
    const table = `t${past}`;
    if (plain && this.number(4) === 0) {
      const on = this.pick(['p = a', 'p = a AND q = b', 'p = b AND r = c', "q = id AND r = 'r3'", 'p = a AND q < b']);
      const kind = this.pick(['JOIN', 'LEFT JOIN', 'FULL JOIN', 'RIGHT JOIN']);
      const on2 = kind === 'FULL JOIN' ? 'p = a' : on;
      return `SELECT id, q FROM ${table} ${kind} u ON ${on2} WHERE ${this.condition()} ORDER BY id, q${limit}`;
    }
    if (this.number(8) === 0)
      return `SELECT ${this.pick(['a', 'b', 'a, b', 'e'])}, count(*), min(d) FROM ${table} WHERE ${this.condition()} GROUP BY 1 ORDER BY 1`.replace(
        /SELECT a, b,(.*)GROUP BY 1 ORDER BY 1/,
        'SELECT a, b,$1GROUP BY 1, 2 ORDER BY 1, 2',
      );
    return `SELECT ${columns} FROM ${table} WHERE ${this.condition()}${order}${limit}`;
  }
}

async function rowsOf(db: Db, sql: string): Promise<string[]> {
  const rows = textRows(await db.session.execute(sql, [], { text: true })).map((row) => JSON.stringify(row));
  return sql.includes('ORDER BY') ? rows : rows.toSorted();
}

async function compare(seed: number, count: number, prepare: string, past: string): Promise<void> {
  const db = await openDb();
  await db.run(SCHEMA);
  await db.run('ANALYZE');
  await db.run(prepare);
  const generator = new Generator(seed);
  for (let i = 0; i < count; i++) {
    const off = SWITCHES.filter(() => generator.number(3) === 0);
    await db.session.script(
      SWITCHES.map((name) => `SET enable_${name} = ${off.includes(name) ? 'off' : 'on'}`).join(';'),
    );
    const sql = generator.query(past);
    const planned = await rowsOf(db, sql);
    // The same session, for it alone sees what its transaction has written.
    await db.run('SET drift.optimizer = off');
    expect(planned, `${sql}\nwithout ${off.join(', ')}`).toEqual(await rowsOf(db, sql));
    await db.run('RESET drift.optimizer');
  }
  await db.engine.close();
}

test('committed rows', () => compare(11, 300, '', ''));

test('rows AS OF an earlier moment', () => compare(12, 100, '', ' FOR SYSTEM_TIME AS OF SEQ 13'));

test('rows with writes of the transaction', () =>
  compare(
    13,
    150,
    "BEGIN; UPDATE t SET a = 6, d = 20.25 WHERE id % 7 = 1; DELETE FROM t WHERE id % 13 = 2; INSERT INTO t VALUES (5000, 9, 3, 'Ak1', 1.25, true, '2020-01-15'), (5001, NULL, 30, NULL, NULL, NULL, NULL)",
    '',
  ));

test('ranges whose bounds pass each other are empty, in any order and by any path', async () => {
  const db = await openDb();
  await db.run(SCHEMA);
  for (const where of [
    'a > 5 AND a < 3',
    'a BETWEEN 9 AND 2',
    'a > 4 AND a < 4',
    'a = 3 AND b > 9 AND b <= 9',
    'id > 7 AND id < 2',
  ])
    for (const order of ['', ' ORDER BY a', ' ORDER BY a DESC', ' ORDER BY id', ' ORDER BY id DESC'])
      for (const off of ['seqscan', 'indexscan', 'indexonlyscan']) {
        await db.run(`RESET ALL; SET enable_${off} = off`);
        expect(await db.rows(`SELECT * FROM t WHERE ${where}${order}`)).toEqual([]);
        expect(
          await db.rows(`SELECT a FROM t WHERE ${where} OR ${where}${order === ' ORDER BY id' ? '' : order}`),
        ).toEqual([]);
      }
  await db.engine.close();
});
