/** Results are lazy, and yet show the state they were read at, whatever is committed before somebody looks at them. */
import { expect, test } from 'vitest';
import type { Database } from '../../src/client/database.ts';

const ROWS = 3000;

/** `open` makes a new, empty database. */
export function lateResultsSuite(open: () => Promise<Database>): void {
  test('rows that are made late are those of the statement', async () => {
    const db = await open();
    await db.exec(`CREATE TABLE t (id int PRIMARY KEY, v int, s text, n numeric(10,2));
    INSERT INTO t SELECT i, i, 'x' || i, i FROM generate_series(1, ${ROWS}) i`);
    const all = await db.query('SELECT * FROM t');
    const sorted = await db.query('SELECT v, id FROM t ORDER BY v DESC');
    await db.exec(`UPDATE t SET v = -1, s = 'y', n = 0; DELETE FROM t WHERE id < 500`);
    expect(all.rows[6]).toEqual({ id: 7, v: 7, s: 'x7', n: '7.00' });
    expect(all.rows.at(-1)).toEqual({ id: ROWS, v: ROWS, s: `x${ROWS}`, n: `${ROWS}.00` });
    expect(sorted.rows[0]).toEqual({ v: ROWS, id: ROWS });
    expect((await db.query('SELECT max(v) AS v, count(*) AS n FROM t')).rows).toEqual([{ v: -1, n: ROWS - 499 }]);
    await db.close();
  });

  test('a long statement sees one state while others commit', async () => {
    const db = await open();
    await db.exec(`CREATE TABLE t (id int PRIMARY KEY, v int, s text);
    INSERT INTO t SELECT i, i, 'x' || i FROM generate_series(1, 100000) i`);
    let writes = 0;
    const long = db.query('SELECT t.v, t.s, u.v AS w FROM t JOIN t u ON u.v = t.v ORDER BY t.s DESC, t.v');
    let done = false;
    const writing = (async () => {
      while (!done) {
        await db.transaction((tx) => tx.query('UPDATE t SET v = 0, s = $1 WHERE id % 1000 = $2', ['z', writes % 1000]));
        writes++;
      }
    })();
    const { rows } = await long;
    done = true;
    await writing;
    expect(rows.length).toBe(100_000);
    expect(rows.every(({ v, w, s }) => v === w && s === `x${v}`)).toBe(true);
    expect(writes).toBeGreaterThan(0);
    await db.close();
  });

  test('what the caller does to its own bytes and columns does not reach the database', async () => {
    const db = await open();
    await db.exec('CREATE TABLE t (id int PRIMARY KEY, b bytea, a bytea[])');
    const given = Uint8Array.of(1, 2, 3);
    await db.query('INSERT INTO t VALUES (7, $1, $2)', [given, [given]]);
    given.fill(9);
    const look = async (): Promise<unknown> => (await db.query('SELECT * FROM t')).rows;
    const expected = [{ id: 7, b: Uint8Array.of(1, 2, 3), a: [Uint8Array.of(1, 2, 3)] }];
    expect(await look()).toEqual(expected);
    const result = await db.query<{ id: number; b: Uint8Array; a: Uint8Array[] }>('SELECT * FROM t');
    const [ids] = result.columns;
    if (ids?.kind === 'i32') ids.data.fill(0);
    expect(result.rows).toEqual(expected);
    for (const row of result.rows) for (const bytes of [row.b, ...row.a]) bytes.fill(0);
    expect(await look()).toEqual(expected);
    await db.close();
  });
}
