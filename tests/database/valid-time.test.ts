/** Valid time: PERIOD FOR, WITHOUT OVERLAPS, FOREIGN KEY … PERIOD, FOR PORTION OF, FOR VALID_TIME, period predicates. */
import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { type Db, openDb } from './helper.ts';

let db: Db;

beforeEach(async () => {
  db = await openDb();
  await db.run(`
    CREATE TABLE price (
      product int NOT NULL, price numeric(8,2), valid_from date, valid_to date,
      PERIOD FOR valid_at (valid_from, valid_to),
      PRIMARY KEY (product, valid_at WITHOUT OVERLAPS));
    INSERT INTO price VALUES (1, 10, '2020-01-01', '2021-01-01'), (1, 12, '2021-01-01', '2022-01-01'), (2, 5, '2020-01-01', 'infinity')`);
});

const all = (): Promise<unknown> =>
  db.rows('SELECT product, price, valid_from, valid_to FROM price ORDER BY product, valid_from');

describe('PERIOD FOR', () => {
  test('makes the columns NOT NULL, and the first come before the second', async () => {
    expect(await db.code("INSERT INTO price VALUES (3, 1, NULL, '2021-01-01')")).toBe('23502');
    expect(await db.code("INSERT INTO price VALUES (3, 1, '2021-01-01', '2021-01-01')")).toBe('23514');
  });

  test('its name is the range, and is not among the columns', async () => {
    expect(await db.rows('SELECT valid_at, lower(valid_at) FROM price p WHERE product = 2')).toEqual([
      ['[2020-01-01,infinity)', '2020-01-01'],
    ]);
    expect(await db.rows('SELECT p.valid_at FROM price p WHERE p.product = 2')).toEqual([['[2020-01-01,infinity)']]);
    expect(await db.rows('SELECT * FROM price WHERE product = 2')).toEqual([['2', '5.00', '2020-01-01', 'infinity']]);
    expect(await db.rows('UPDATE price SET price = 6 WHERE product = 2 RETURNING valid_at, price')).toEqual([
      ['[2020-01-01,infinity)', '6.00'],
    ]);
  });

  test('bad definitions are refused', async () => {
    const code = (columns: string): Promise<string> =>
      db.code(`CREATE TABLE bad (id int, a date, b date, t text, u text, n int, ${columns})`);
    expect(await code('PERIOD FOR p (a, missing)')).toBe('42703');
    expect(await code('PERIOD FOR p (a, a)')).toBe('42701');
    expect(await code('PERIOD FOR p (a, n)')).toBe('42804');
    expect(await code('PERIOD FOR p (t, u)')).toBe('42804');
    expect(await code('PERIOD FOR id (a, b)')).toBe('42701');
    expect(await code('PERIOD FOR p (a, b), PERIOD FOR p (a, b)')).toBe('42710');
    expect(await code('PRIMARY KEY (id, a WITHOUT OVERLAPS)')).toBe('42804');
    expect(await code('PERIOD FOR p (a, b), PRIMARY KEY (p WITHOUT OVERLAPS)')).toBe('42601');
    expect(await code('PERIOD FOR p (a, b), PRIMARY KEY (p WITHOUT OVERLAPS, id)')).toBe('42601');
    expect(await code('PERIOD FOR p (a, b), PRIMARY KEY (id, p WITHOUT OVERLAPS), PRIMARY KEY (id)')).toBe('42P16');
  });

  test('is added to and dropped from a table that is there', async () => {
    await db.run(
      "CREATE TABLE t (id int, a date, b date); INSERT INTO t VALUES (1, '2020-01-01', '2020-02-01'), (1, '2020-01-15', '2020-03-01')",
    );
    expect(await db.code('ALTER TABLE t ADD UNIQUE (id, p WITHOUT OVERLAPS)')).toBe('42703');
    await db.run('ALTER TABLE t ADD PERIOD FOR p (a, b)');
    expect(await db.code('ALTER TABLE t ADD UNIQUE (id, p WITHOUT OVERLAPS)')).toBe('23P01');
    await db.run("UPDATE t SET a = '2020-02-01' WHERE b = '2020-03-01'");
    await db.run('ALTER TABLE t ADD UNIQUE (id, p WITHOUT OVERLAPS)');
    expect(await db.code("INSERT INTO t VALUES (1, '2020-01-31', '2020-02-02')")).toBe('23P01');
    expect(await db.code('ALTER TABLE t DROP PERIOD FOR p')).toBe('2BP01');
    await db.run('ALTER TABLE t DROP CONSTRAINT t_id_p_key; ALTER TABLE t DROP PERIOD FOR p');
    expect(await db.code('ALTER TABLE t DROP PERIOD FOR p')).toBe('42704');
    expect(await db.code('SELECT p FROM t')).toBe('42703');
    await db.run("INSERT INTO t VALUES (2, '2019-02-01', '2020-01-01')");
    await db.run("ALTER TABLE t DROP CONSTRAINT t_p_check; INSERT INTO t VALUES (2, '2020-02-01', '2020-01-01')");
    expect(await db.code('ALTER TABLE t ADD PERIOD FOR p (a, b)')).toBe('23514');
  });
});

describe('WITHOUT OVERLAPS', () => {
  test('no two rows of a key overlap, checked at the end of a statement', async () => {
    expect(await db.code("INSERT INTO price VALUES (1, 9, '2021-12-31', '2022-06-01')")).toBe('23P01');
    await db.run("INSERT INTO price VALUES (1, 9, '2022-01-01', '2022-06-01')");
    expect(await db.code('UPDATE price SET valid_to = valid_to + 1 WHERE product = 1 AND price = 10')).toBe('23P01');
    // Each moves into the place of the next one: in the end they do not overlap.
    await db.run('UPDATE price SET valid_from = valid_from + 100, valid_to = valid_to + 100 WHERE product = 1');
    expect(
      await db.code("INSERT INTO price VALUES (7, 1, '2020-01-01', '2020-03-01'), (7, 2, '2020-02-01', '2020-04-01')"),
    ).toBe('23P01');
    expect(await db.code("INSERT INTO price VALUES (NULL, 1, '2020-01-01', '2020-03-01')")).toBe('23502');
  });

  test('with a range column, over a key of text, in one transaction and after opening anew', async () => {
    const storage = new MemoryStorage();
    let own = await openDb(storage);
    await own.run('CREATE TABLE booking (room text, during tstzrange, UNIQUE (room, during WITHOUT OVERLAPS))');
    await own.run(
      "INSERT INTO booking VALUES ('a', '[2024-01-01 10:00Z, 2024-01-01 11:00Z)'), (NULL, '[2024-01-01 10:00Z,)'), (NULL, '[2024-01-01 10:00Z,)')",
    );
    expect(await own.code("INSERT INTO booking VALUES ('a', 'empty')")).toBe('23514');
    await own.run('BEGIN');
    await own.run("INSERT INTO booking VALUES ('a', '[2024-01-01 11:00Z, 2024-01-01 12:00Z)')");
    expect(await own.code("INSERT INTO booking VALUES ('a', '[2024-01-01 11:59Z, 2024-01-01 12:30Z)')")).toBe('23P01');
    await own.run('ROLLBACK');
    await own.engine.close();
    own = await openDb(storage);
    expect(await own.code("INSERT INTO booking VALUES ('a', '[2024-01-01 10:59Z, 2024-01-01 12:30Z)')")).toBe('23P01');
    await own.run("INSERT INTO booking VALUES ('a', '[2024-01-01 11:00Z, 2024-01-01 12:30Z)')");
    await own.engine.close();
  });

  test('a deferred key may overlap until the end of the transaction', async () => {
    await db.run(`CREATE TABLE stay (room int, note text, a date, b date, PERIOD FOR p (a, b),
      CONSTRAINT free PRIMARY KEY (room, p WITHOUT OVERLAPS) INCLUDE (note) DEFERRABLE INITIALLY DEFERRED);
      INSERT INTO stay VALUES (1, 'x', '2020-01-01', '2020-02-01'), (1, 'y', '2020-02-01', '2020-03-01')`);
    expect(await db.rows("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'free'")).toEqual([
      ['PRIMARY KEY (room, p WITHOUT OVERLAPS) INCLUDE (note) DEFERRABLE INITIALLY DEFERRED'],
    ]);
    await db.run("BEGIN; UPDATE stay SET b = '2020-02-15' WHERE note = 'x'");
    expect(await db.code('SET CONSTRAINTS free IMMEDIATE')).toBe('23P01');
    await db.run("ROLLBACK; BEGIN; UPDATE stay SET b = '2020-02-15' WHERE note = 'x'");
    await db.run("UPDATE stay SET a = '2020-02-15' WHERE note = 'y'; COMMIT");
    await db.run("BEGIN; UPDATE stay SET b = '2020-02-16' WHERE note = 'x'");
    expect(await db.code('COMMIT')).toBe('23P01');
    expect(await db.code('ALTER TABLE stay ADD UNIQUE NULLS NOT DISTINCT (note, p WITHOUT OVERLAPS)')).toBe('0A000');
    expect(
      await db.code(
        'CREATE TABLE s2 (room int, a date, b date, PERIOD FOR p (a, b), FOREIGN KEY (room, PERIOD p) REFERENCES stay (room, PERIOD p))',
      ),
    ).toBe('55000');
  });

  test('what a period needs of its columns stays', async () => {
    expect(await db.code('ALTER TABLE price ALTER valid_to TYPE text')).toBe('2BP01');
    await db.run('CREATE TABLE q (a date, b date, PERIOD FOR p (a, b))');
    expect(await db.code('ALTER TABLE q ALTER b DROP NOT NULL')).toBe('2BP01');
    expect(await db.code('ALTER TABLE price RENAME price TO valid_at')).toBe('42701');
    expect(await db.code('ALTER TABLE price ADD valid_at int')).toBe('42701');
    await db.run('CREATE TABLE r (id int, d daterange, UNIQUE (id, d WITHOUT OVERLAPS))');
    expect(await db.code('ALTER TABLE r ALTER d TYPE text')).toBe('42804');
  });

  test('two sessions cannot both commit what overlaps', async () => {
    const other = db.engine.session();
    await db.run("BEGIN ISOLATION LEVEL REPEATABLE READ; INSERT INTO price VALUES (9, 1, '2020-01-01', '2020-03-01')");
    await other.execute("INSERT INTO price VALUES (9, 2, '2020-02-01', '2020-04-01')");
    expect(['23P01', '40001']).toContain(await db.code('COMMIT'));
    expect(await db.rows('SELECT price FROM price WHERE product = 9')).toEqual([['2.00']]);
  });
});

describe('foreign keys with PERIOD', () => {
  beforeEach(() =>
    db.run(`CREATE TABLE sale (product int, a date, b date, PERIOD FOR at (a, b),
      FOREIGN KEY (product, PERIOD at) REFERENCES price (product, PERIOD valid_at))`),
  );

  test('the periods of parents together cover the child', async () => {
    await db.run("INSERT INTO sale VALUES (1, '2020-06-01', '2021-06-01'), (NULL, '1990-01-01', '1991-01-01')");
    expect(await db.code("INSERT INTO sale VALUES (1, '2020-06-01', '2022-01-02')")).toBe('23503');
    expect(await db.code("INSERT INTO sale VALUES (3, '2020-06-01', '2020-06-02')")).toBe('23503');
    expect(await db.code('DELETE FROM price WHERE product = 1 AND price = 10')).toBe('23503');
    expect(await db.code("UPDATE price SET valid_to = '2020-12-31' WHERE product = 1 AND price = 10")).toBe('23503');
    await db.run("UPDATE price SET valid_from = '2020-05-31' WHERE product = 1 AND price = 10");
    await db.run('DELETE FROM sale; DELETE FROM price WHERE product = 1');
  });

  test('what does not fit is refused', async () => {
    const code = (key: string): Promise<string> =>
      db.code(`CREATE TABLE bad (product int, a date, b date, PERIOD FOR at (a, b), FOREIGN KEY ${key})`);
    expect(await code('(product, PERIOD at) REFERENCES price (product, valid_at)')).toBe('42601');
    expect(await code('(product, PERIOD at) REFERENCES price ON DELETE CASCADE')).toBe('0A000');
    expect(await code('(product) REFERENCES price')).toBe('42830');
    await db.run('CREATE TABLE plain (product int PRIMARY KEY)');
    expect(await code('(product, PERIOD at) REFERENCES plain')).toBe('42830');
    await db.run(
      "CREATE TABLE loose (product int, a date, b date, PERIOD FOR at (a, b)); INSERT INTO loose VALUES (1, '2019-01-01', '2020-02-01')",
    );
    expect(await db.code('ALTER TABLE loose ADD FOREIGN KEY (product, PERIOD at) REFERENCES price')).toBe('23503');
  });
});

describe('FOR PORTION OF', () => {
  test('UPDATE changes a row for a part of its period', async () => {
    const updated = await db.session.execute(
      "UPDATE price FOR PORTION OF valid_at FROM '2020-03-01' TO '2021-02-01' SET price = price * 2 WHERE product = 1 RETURNING price, valid_from, valid_to",
    );
    expect(updated.affectedRows).toBe(2);
    expect(await all()).toEqual([
      ['1', '10.00', '2020-01-01', '2020-03-01'],
      ['1', '20.00', '2020-03-01', '2021-01-01'],
      ['1', '24.00', '2021-01-01', '2021-02-01'],
      ['1', '12.00', '2021-02-01', '2022-01-01'],
      ['2', '5.00', '2020-01-01', 'infinity'],
    ]);
  });

  test('DELETE leaves what is before and behind', async () => {
    await db.run(
      "DELETE FROM price FOR PORTION OF valid_at FROM '2020-03-01' TO '2020-04-01' AS p WHERE p.price < 11 AND p.product = 1",
    );
    expect(await db.rows('SELECT valid_from, valid_to FROM price WHERE price = 10 ORDER BY 1')).toEqual([
      ['2020-01-01', '2020-03-01'],
      ['2020-04-01', '2021-01-01'],
    ]);
    await db.run("DELETE FROM price FOR PORTION OF valid_at FROM '2020-06-01' TO NULL");
    expect(await all()).toEqual([
      ['1', '10.00', '2020-01-01', '2020-03-01'],
      ['1', '10.00', '2020-04-01', '2020-06-01'],
      ['2', '5.00', '2020-01-01', '2020-06-01'],
    ]);
  });

  test('parameters, identity and generated columns, range columns, a plain primary key', async () => {
    await db.run(`CREATE TABLE job (id int GENERATED ALWAYS AS IDENTITY, name text, during int4range, size int GENERATED ALWAYS AS (upper(during) - lower(during)) STORED,
      UNIQUE (id, during WITHOUT OVERLAPS));
      INSERT INTO job (name, during) VALUES ('a', '[1,10)')`);
    await db.rows('UPDATE job FOR PORTION OF during FROM $1 TO $2 SET name = $3', [3, 5, 'x']);
    expect(await db.rows('SELECT id, name, during, size FROM job ORDER BY during')).toEqual([
      ['1', 'a', '[1,3)', '2'],
      ['1', 'x', '[3,5)', '2'],
      ['1', 'a', '[5,10)', '5'],
    ]);
    await db.run(`CREATE TABLE k (id int, a timestamptz, b timestamptz, v int, PERIOD FOR p (a, b), PRIMARY KEY (id, a));
      INSERT INTO k VALUES (1, '2024-01-01Z', '2025-01-01Z', 1)`);
    await db.run("UPDATE k FOR PORTION OF p FROM '2024-06-01Z' TO '2030-01-01Z' SET v = v + 1, id = id");
    expect(await db.rows("SELECT id, v, a AT TIME ZONE 'UTC' FROM k ORDER BY a")).toEqual([
      ['1', '1', '2024-01-01 00:00:00'],
      ['1', '2', '2024-06-01 00:00:00'],
    ]);
  });

  test('what cannot be is refused, and nothing changes', async () => {
    const before = await all();
    const portion = "FOR PORTION OF valid_at FROM '2020-03-01' TO '2020-04-01'";
    expect(await db.code(`UPDATE price ${portion} SET valid_to = '2020-04-01'`)).toBe('42P10');
    expect(await db.code(`UPDATE price ${portion} SET price = 1 FROM price p`)).toBe('0A000');
    expect(await db.code("UPDATE price FOR PORTION OF nothing FROM '2020-03-01' TO '2020-04-01' SET price = 1")).toBe(
      '42703',
    );
    expect(await db.code('UPDATE price FOR PORTION OF price FROM 1 TO 2 SET price = 1')).toBe('42804');
    expect(await db.code("UPDATE price FOR PORTION OF valid_at FROM '2020-04-01' TO '2020-03-01' SET price = 1")).toBe(
      '22000',
    );
    expect(await all()).toEqual(before);
  });
});

describe('reading', () => {
  test('FOR VALID_TIME', async () => {
    const prices = (time: string): Promise<unknown> =>
      db.rows(`SELECT price FROM price FOR VALID_TIME ${time} AS p WHERE product = 1 ORDER BY 1`);
    expect(await prices("AS OF '2020-12-31'")).toEqual([['10.00']]);
    expect(await prices("AS OF DATE '2021-01-01'")).toEqual([['12.00']]);
    expect(await prices("AS OF DATE '2022-01-01'")).toEqual([]);
    expect(await prices("FROM '2020-01-01' TO '2021-01-01'")).toEqual([['10.00']]);
    expect(await prices("BETWEEN '2020-01-01' AND '2021-01-01'")).toEqual([['10.00'], ['12.00']]);
    expect(await prices("CONTAINED IN ('2020-06-01', '2022-01-01')")).toEqual([['12.00']]);
    expect(await prices('ALL')).toEqual([['10.00'], ['12.00']]);
    expect(await db.rows('SELECT sum(p.price) FROM price FOR VALID_TIME AS OF $1 p', ['2020-02-02'])).toEqual([
      ['15.00'],
    ]);
    expect(await db.code('SELECT * FROM (SELECT 1) FOR VALID_TIME ALL')).toBe('42601');
    await db.run('CREATE TABLE plain (id int); CREATE VIEW v AS SELECT * FROM price');
    expect(await db.code("SELECT * FROM plain FOR VALID_TIME AS OF '2020-01-01'")).toBe('42809');
    expect(await db.code("SELECT * FROM v FOR VALID_TIME AS OF '2020-01-01'")).toBe('42809');
  });

  test('views and routines keep it', async () => {
    await db.run(`CREATE VIEW before AS SELECT product, price FROM price FOR VALID_TIME AS OF '2020-12-31' AS p;
      CREATE VIEW meets AS SELECT a.price FROM price a JOIN price b ON a.product = b.product AND a.valid_at IMMEDIATELY PRECEDES b.valid_at;
      CREATE FUNCTION cut(d date) RETURNS void LANGUAGE sql AS 'DELETE FROM price FOR PORTION OF valid_at FROM $1 TO NULL'`);
    expect(await db.rows('SELECT * FROM before ORDER BY 1')).toEqual([
      ['1', '10.00'],
      ['2', '5.00'],
    ]);
    expect(await db.rows('SELECT * FROM meets')).toEqual([['10.00']]);
    await db.run("SELECT cut('2020-06-01')");
    expect(await db.rows('SELECT max(valid_to) FROM price')).toEqual([['2020-06-01']]);
  });

  test('both times at once: what was known when, of when', async () => {
    await db.run(
      "CREATE TAG first; UPDATE price FOR PORTION OF valid_at FROM '2020-03-01' TO '2020-04-01' SET price = 99 WHERE product = 1",
    );
    const read = (system: string): Promise<unknown> =>
      db.rows(`SELECT price FROM price ${system} FOR VALID_TIME AS OF '2020-03-15' WHERE product = 1`);
    expect(await read('')).toEqual([['99.00']]);
    expect(await read('FOR SYSTEM_TIME AS OF TAG first')).toEqual([['10.00']]);
    expect(
      await db.rows(
        "SELECT price FROM price FOR VALID_TIME AS OF '2020-03-15' FOR SYSTEM_TIME AS OF TAG first WHERE product = 1",
      ),
    ).toEqual([['10.00']]);
  });

  test('predicates of periods', async () => {
    const is = async (condition: string): Promise<string | null | undefined> =>
      (await db.rows(`SELECT ${condition} FROM price WHERE price = 10`))[0]?.[0];
    const period = (a: string, b: string): string => `PERIOD (DATE '${a}', DATE '${b}')`;
    const year = period('2020-01-01', '2021-01-01');
    expect(await is(`valid_at EQUALS ${year}`)).toBe('t');
    expect(await is(`valid_at OVERLAPS ${period('2020-12-31', '2022-01-01')}`)).toBe('t');
    expect(await is(`valid_at OVERLAPS ${period('2021-01-01', '2022-01-01')}`)).toBe('f');
    expect(await is("valid_at CONTAINS DATE '2020-12-31'")).toBe('t');
    expect(await is("valid_at CONTAINS DATE '2021-01-01'")).toBe('f');
    expect(await is(`valid_at CONTAINS ${period('2020-02-01', '2020-03-01')} AND true`)).toBe('t');
    expect(await is(`valid_at PRECEDES ${period('2021-02-01', '2022-01-01')}`)).toBe('t');
    expect(await is(`valid_at IMMEDIATELY PRECEDES ${period('2021-02-01', '2022-01-01')}`)).toBe('f');
    expect(await is(`valid_at IMMEDIATELY PRECEDES ${period('2021-01-01', '2022-01-01')}`)).toBe('t');
    expect(await is(`${period('2021-01-01', '2022-01-01')} IMMEDIATELY SUCCEEDS valid_at`)).toBe('t');
    expect(await is(`NOT ${period('2021-01-01', '2022-01-01')} SUCCEEDS valid_at`)).toBe('f');
    // The words are names where no operand follows.
    expect(await db.rows('SELECT 1 contains, 2 equals FROM price precedes WHERE precedes.price = 10')).toEqual([
      ['1', '2'],
    ]);
    expect(
      await db.rows("SELECT (DATE '2020-01-01', DATE '2020-02-01') OVERLAPS (DATE '2020-01-31', DATE '2020-03-01')"),
    ).toEqual([['t']]);
  });
});

describe('definitions', () => {
  test('are shown, copied, renamed and dropped', async () => {
    await db.run(`CREATE TABLE sale (product int, at daterange, a date, b date, PERIOD FOR p (a, b),
        FOREIGN KEY (product, PERIOD p) REFERENCES price);
      CREATE TABLE copy (LIKE price INCLUDING ALL)`);
    const shown = (table: string): Promise<unknown> =>
      db.rows(
        `SELECT contype, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '${table}'::regclass ORDER BY conname`,
      );
    expect(await shown('sale')).toEqual([
      ['c', 'CHECK ((a < b))'],
      ['f', 'FOREIGN KEY (product, PERIOD p) REFERENCES price(product, PERIOD valid_at)'],
    ]);
    expect(await shown('copy')).toEqual([
      ['p', 'PRIMARY KEY (product, valid_at WITHOUT OVERLAPS)'],
      ['c', 'CHECK ((valid_from < valid_to))'],
    ]);
    await db.run('INSERT INTO copy SELECT * FROM price; ALTER TABLE copy RENAME COLUMN valid_from TO since');
    expect(await db.rows('SELECT valid_at FROM copy WHERE product = 2')).toEqual([['[2020-01-01,infinity)']]);
    expect(await db.code("INSERT INTO copy VALUES (2, 1, '2020-01-01', '2020-01-02')")).toBe('23P01');
    expect(await db.code('ALTER TABLE copy ADD COLUMN valid_at int')).toBe('42701');
    await db.run("ALTER TABLE copy DROP COLUMN since CASCADE; INSERT INTO copy VALUES (2, 1, '2020-01-02')");
    expect(await db.code('SELECT valid_at FROM copy')).toBe('42703');
  });
});
