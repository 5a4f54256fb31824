/**
 * Properties that need no second database to know the right answer.
 *
 * NoREC (Rigger and Su 2020): the rows that WHERE p lets through are as many as those for which p, in the select list
 * and so out of the optimizer's reach, is true. TLP (same authors): rows where p is true, false and null together are
 * all rows. And an index changes nothing but the time, in the past and inside a transaction too.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { type Db, openDb } from '../database/helper.ts';
import { Generator } from './random-query.ts';

const SEEDS = [1, 2, 3];
const QUERIES = 40;

function sorted(rows: (string | null)[][]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

describe.each(SEEDS)('seed %i', (seed) => {
  const random = new Generator(seed);
  let plain: Db;
  let indexed: Db;

  const both = async (sql: string): Promise<void> => {
    await plain.run(sql);
    await indexed.run(sql);
  };

  /** Changes both databases alike. */
  const change = async (): Promise<void> => {
    const where = random.condition(['t0']);
    await both(
      random.pick([
        `UPDATE t0 SET a = a + 1, c = ${random.value('c')} WHERE ${where}`,
        `UPDATE t0 SET d = ${random.value('d')}, g = g + 1 WHERE ${where} AND id % 3 = 0`,
        `DELETE FROM t0 WHERE ${where} AND id % 4 = 0`,
        `INSERT INTO t0 VALUES ${random.row(300 + random.int(1000))} ON CONFLICT (id) DO UPDATE SET b = excluded.b`,
      ]),
    );
  };

  beforeAll(async () => {
    plain = await openDb(undefined, { maxLeafRows: 64, minClosedRows: 16 });
    indexed = await openDb(undefined, { maxLeafRows: 64, minClosedRows: 16 });
    for (const table of ['t0', 't1']) {
      await both(random.table(table));
      await indexed.run(random.indexes(table));
      const rows = Array.from({ length: table === 't0' ? 300 : 60 }, (_, id) => random.row(id));
      await both(`INSERT INTO ${table} VALUES ${rows.join(', ')}`);
    }
    // The indexed database has more commits: a tag names the same state in both.
    await both('CREATE TAG before');
    for (let i = 0; i < 12; i++) await change();
  });

  test('NoREC: WHERE lets through the rows for which the condition is true', async () => {
    for (let i = 0; i < QUERIES; i++) {
      const condition = random.condition(['t0']);
      const [filtered] = await indexed.rows(`SELECT count(*) FROM t0 WHERE ${condition}`);
      const [counted] = await indexed.rows(
        `SELECT count(*) FILTER (WHERE p) FROM (SELECT (${condition}) IS TRUE AS p FROM t0) AS x`,
      );
      expect(filtered, condition).toEqual(counted);
    }
  });

  test('TLP: true, false and null make up all rows, of joins too', async () => {
    const joins = [
      'FROM t0',
      'FROM t0 JOIN t1 ON t0.a = t1.a',
      'FROM t0 LEFT JOIN t1 ON t0.id = t1.id AND t1.f',
      'FROM t0 RIGHT JOIN t1 ON t0.b = t1.b',
      'FROM t0 FULL JOIN t1 ON t0.id = t1.id',
    ];
    for (let i = 0; i < QUERIES; i++) {
      const join = random.pick(joins);
      const aliases = join === 'FROM t0' ? ['t0'] : ['t0', 't1'];
      const condition = random.condition(aliases);
      const select = `SELECT ${aliases.map((alias) => `${alias}.*`).join(', ')} ${join} WHERE`;
      const all = await indexed.rows(`${select} true`);
      const parts = await indexed.rows(
        `${select} (${condition}) UNION ALL ${select} NOT (${condition}) UNION ALL ${select} (${condition}) IS NULL`,
      );
      expect(sorted(parts), `${join} WHERE ${condition}`).toEqual(sorted(all));
    }
  });

  test('TLP of aggregates and DISTINCT', async () => {
    for (let i = 0; i < QUERIES / 2; i++) {
      const condition = random.condition(['t0']);
      const parts = ['', 'NOT ', ''].map((not, k) => `${not}(${condition})${k === 2 ? ' IS NULL' : ''}`);
      const whole = await indexed.rows('SELECT count(*), sum(a), min(d), max(g), sum(b) FROM t0');
      const partial = parts.map(
        (part) => `SELECT count(*) AS n, sum(a) AS a, min(d) AS d, max(g) AS g, sum(b) AS b FROM t0 WHERE ${part}`,
      );
      const summed = await indexed.rows(
        `SELECT sum(n), sum(a), min(d), max(g), sum(b) FROM (${partial.join(' UNION ALL ')}) AS x`,
      );
      expect(summed, condition).toEqual(whole);
      const distinct = await indexed.rows('SELECT DISTINCT c, f FROM t0');
      const united = await indexed.rows(
        parts.map((part) => `SELECT DISTINCT c, f FROM t0 WHERE ${part}`).join(' UNION '),
      );
      expect(sorted(united), condition).toEqual(sorted(distinct));
    }
  });

  test('an index changes nothing, now, in the past and among own writes', async () => {
    for (const mode of ['now', 'past', 'own writes']) {
      if (mode === 'own writes') {
        await both('BEGIN');
        for (let i = 0; i < 6; i++) await change();
      }
      const time = mode === 'past' ? " FOR SYSTEM_TIME AS OF TAG 'before'" : '';
      for (let i = 0; i < QUERIES / 2; i++) {
        const condition = random.condition(['t0'], 1);
        const order = random.pick(['id', 'a, id', 'c DESC, id', 'g NULLS FIRST, id DESC', 'b DESC, id', 'd, id']);
        const limit = random.pick(['', ' LIMIT 5', ' LIMIT 20 OFFSET 3']);
        const sql = `SELECT * FROM t0${time} WHERE ${condition} ORDER BY ${order}${limit}`;
        expect(await indexed.rows(sql), `${mode}: ${sql}`).toEqual(await plain.rows(sql));
        const join = `SELECT t0.id, t1.id FROM t0${time} JOIN t1 ON t0.${random.pick(['a', 'b', 'c', 'd', 'g'])} = t1.${random.pick(['a', 'b', 'c', 'd', 'g'])}`;
        const outcome = async (db: Db): Promise<unknown> =>
          db.rows(join).then(sorted, (error: { code: string }) => error.code);
        if (mode !== 'own writes') expect(await outcome(indexed), join).toEqual(await outcome(plain));
      }
      if (mode === 'own writes') await both('ROLLBACK');
    }
  });
});
