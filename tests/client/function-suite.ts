/** Functions in JavaScript from a module, the same in process and through the worker's protocol. */
import { expect, test } from 'vitest';
import type { Database } from '../../src/client/database.ts';

const MODULE = `export default ({ createFunction }) => {
  createFunction('slug', { args: ['text'], returns: 'text', strict: true, volatility: 'immutable' },
    (text) => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'));
  createFunction('product', { args: ['int'], returns: 'numeric', strict: true },
    { init: () => 1n, step: (state, value) => state * BigInt(value), final: (state) => state });
  createFunction('words', { args: ['text'], returns: 'setof text' }, (text) => text.split(' '));
  createFunction('letters', { args: { text: 'text', repeated: 'boolean' }, returns: { letter: 'text', count: 'int' } },
    function* (text, repeated) {
      const counts = new Map();
      for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
      for (const [letter, count] of counts) if (!repeated || count > 1) yield { letter, count };
    });
  createFunction('shape', { args: ['jsonb', 'int[]', 'date', 'bigint', 'numeric'], returns: 'text' },
    (...args) => args.map((arg) => (arg instanceof Date ? arg.toISOString() : JSON.stringify(arg, (_, v) => typeof v === 'bigint' ? v + 'n' : v))).join(' '));
  createFunction('fails', { returns: 'int' }, () => { throw new RangeError('no'); });
  createFunction('later', { returns: 'int' }, async () => 1);
};`;

export function functionSuite(open: () => Promise<Database>): void {
  test('runs functions of a module', async () => {
    const db = await open();
    await db.loadFunctions(`data:text/javascript,${encodeURIComponent(MODULE)}`);
    const rows = async (sql: string): Promise<unknown[]> => (await db.query(sql, [], { rowMode: 'array' })).rows;
    await db.exec(
      "CREATE TABLE t (id int PRIMARY KEY, title text); INSERT INTO t VALUES (2, 'Hello, World'), (3, NULL)",
    );
    expect(await rows('SELECT slug(title) FROM t ORDER BY id')).toEqual([['hello-world'], [null]]);
    expect(await rows("SELECT id FROM t WHERE slug(title) = 'hello-world'")).toEqual([[2]]);
    expect(await rows('SELECT product(i) FROM generate_series(1, 25) i')).toEqual([['15511210043330985984000000']]);
    expect(await rows('SELECT id, product(id) OVER (ORDER BY id) FROM t')).toEqual([
      [2, '2'],
      [3, '6'],
    ]);
    expect(await rows("SELECT * FROM words('a b c')")).toEqual([['a'], ['b'], ['c']]);
    expect(await rows("SELECT l.count, letter FROM letters('abab c', repeated => true) l")).toEqual([
      [2, 'a'],
      [2, 'b'],
    ]);
    expect(await rows(`SELECT shape('{"a": [1]}', '{1,2}', '2024-02-29', 9007199254740993, 1.50)`)).toEqual([
      ['{"a":[1]} [1,2] 2024-02-29T00:00:00.000Z "9007199254740993n" "1.50"'],
    ]);
    await expect(db.query('SELECT fails()')).rejects.toMatchObject({ code: '38000', message: /no/ });
    await expect(db.query('SELECT later()')).rejects.toMatchObject({ code: '0A000' });
    await expect(db.query("SELECT slug(1, 'x')")).rejects.toMatchObject({ code: '42883' });
    await expect(db.loadFunctions('data:text/javascript,export const a = 1')).rejects.toMatchObject({ code: '22023' });
    await db.close();
  });
}
