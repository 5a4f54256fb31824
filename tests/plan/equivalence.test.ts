/** Optimised ≡ as bound: random queries give the same rows with the optimizer on and off. */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { openDb, textRows, type Db } from '../database/helper.ts';

const SCHEMA = `
  CREATE TABLE a (id int PRIMARY KEY, x int, y text);
  CREATE TABLE b (id int PRIMARY KEY, a_id int, v numeric);
  CREATE TABLE c (p int, q int, r int, PRIMARY KEY (p, q));
  CREATE INDEX b_a ON b (a_id);
  CREATE INDEX a_yx ON a (y, x);
  INSERT INTO a SELECT i, nullif(i % 7, 3), 'k' || i % 5 FROM generate_series(1, 40) i;
  INSERT INTO b SELECT i, nullif(i % 13, 0), i * 1.5 FROM generate_series(1, 60) i;
  INSERT INTO c SELECT i % 6, i, nullif(i % 9, 4) FROM generate_series(1, 50) i;`;

class Generator {
  readonly #random: Random;
  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.uint32() % items.length] as T;
  }

  #number(): number {
    return this.#random.uint32() % 12;
  }

  /** A condition over `a` and, if joined, `b` and `c`. */
  #condition(joined: boolean, depth = 0): string {
    const simple = [
      `a.id = ${this.#number()}`,
      `a.id > ${this.#number()}`,
      `a.x = ${this.#number()}`,
      `a.y = 'k${this.#number() % 5}'`,
      `a.y = 'k1' AND a.x >= ${this.#number()}`,
      'a.x IS NULL',
      `a.id IN (1, 2, ${this.#number()}, NULL)`,
      `a.id IN (SELECT a_id FROM b i WHERE i.v > ${this.#number()})`,
      `a.x NOT IN (SELECT r FROM c i WHERE i.p = ${this.#number()})`,
      `EXISTS (SELECT 1 FROM c i WHERE i.p = a.x AND i.r > ${this.#number()})`,
      'NOT EXISTS (SELECT 1 FROM b i WHERE i.a_id = a.id)',
      '(SELECT count(*) FROM b i WHERE i.a_id = a.id) > 3',
      '(SELECT max(r) FROM c i WHERE i.p = a.x) >= a.x',
      `a.id = (SELECT min(a_id) FROM b i WHERE i.v > ${this.#number()})`,
    ];
    const both = [
      `b.v < ${this.#number()} * 5`,
      'b.id IS NULL',
      'b.a_id = a.x',
      `c.q = ${this.#number()}`,
      'c.r < b.id',
      'c.p = 2 AND c.q > 10',
    ];
    if (depth < 2 && this.#number() < 4) {
      const kind = this.#pick(['AND', 'OR', 'AND NOT']);
      return `(${this.#condition(joined, depth + 1)}) ${kind} (${this.#condition(joined, depth + 1)})`;
    }
    return this.#pick(joined && this.#number() < 6 ? both : simple);
  }

  query(): string {
    const join = (): string => this.#pick(['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN', 'JOIN']);
    const joined = this.#number() < 8;
    const on = this.#number() < 3 ? ` AND ${this.#pick(['b.v > 20', 'a.id < 20', 'a.x = 2'])}` : '';
    const from = joined ? `a ${join()} b ON b.a_id = a.id${on} ${join()} c ON c.p = b.a_id` : 'a';
    const where = this.#number() < 10 ? ` WHERE ${this.#condition(joined)}` : '';
    const columns = joined ? 'a.id, a.x, b.id, b.v, c.q, c.r' : 'a.id, a.x, a.y';
    switch (this.#number() % 6) {
      case 0:
        return `SELECT a.y, count(*), sum(a.x) FROM ${from}${where} GROUP BY a.y HAVING count(*) > ${this.#number() % 3}`;
      case 1:
        return `SELECT * FROM (SELECT a.y AS k, a.x, rank() OVER (PARTITION BY a.y ORDER BY a.id) AS n FROM ${from}${where}) s WHERE k = 'k2'`;
      case 2:
        return `SELECT ${columns} FROM ${from}${where} ORDER BY ${columns} LIMIT ${this.#number()} OFFSET ${this.#number() % 3}`;
      case 3:
        return `SELECT DISTINCT a.y, (SELECT sum(i.v) FROM b i WHERE i.a_id = a.x) FROM ${from}${where}`;
      case 4:
        return `SELECT * FROM (SELECT id FROM a UNION ALL SELECT a_id FROM b) u WHERE id = ${this.#number()}`;
      default:
        return `SELECT ${columns} FROM ${from}${where}`;
    }
  }
}

async function rowsOf(db: Db, sql: string): Promise<string[]> {
  const rows = textRows(await db.session.execute(sql, [], { text: true }));
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

test('400 random queries give the same rows with the optimizer on and off', async () => {
  const db = await openDb();
  await db.run(SCHEMA);
  const plain: Db = { ...db, session: db.engine.session() };
  await plain.session.script('SET drift.optimizer = off');
  const generator = new Generator(7);
  for (let i = 0; i < 400; i++) {
    const sql = generator.query();
    expect(await rowsOf(db, sql), sql).toEqual(await rowsOf(plain, sql));
  }
  await db.engine.close();
});
