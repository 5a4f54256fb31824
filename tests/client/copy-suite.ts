/** copyFrom and copyTo, the same in process and through the worker's protocol. */
import { expect, test } from 'vitest';
import type { Database } from '../../src/client/database.ts';

export function copySuite(open: () => Promise<Database>): void {
  test('copies streams of text, bytes and rows in', async () => {
    const db = await open();
    await db.exec('CREATE TABLE t (id int PRIMARY KEY, a text, j jsonb, x int[], d date)');
    const bytes = new TextEncoder().encode('1,"é ""q"""\n2,\n');
    async function* halves(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < bytes.length; i++) yield Promise.resolve(bytes.slice(i, i + 1));
    }
    expect(await db.copyFrom('t', halves(), { format: 'csv', columns: ['id', 'a'] })).toBe(2);
    expect(await db.copyFrom('t', '3\tx\t[1]\t{1,2}\t2024-02-29\n')).toBe(1);
    expect(await db.copyFrom('public.t', [[4, null, { k: [1] }, [3], new Date('2020-01-02')]])).toBe(1);
    expect(
      await db.copyFrom('"t"', [
        { id: 5, a: 'five' },
        { a: 'six', id: 6 },
      ]),
    ).toBe(2);
    expect(
      await db.copyFrom('t', new Blob(['id\n7\n8\n']).stream(), { header: 'match', columns: ['id'], where: 'id > 7' }),
    ).toBe(1);
    const { rows } = await db.query('SELECT id, a, j::text, x, d::text FROM t ORDER BY id', [], { rowMode: 'array' });
    expect(rows).toEqual([
      [1, 'é "q"', null, null, null],
      [2, null, null, null, null],
      [3, 'x', '[1]', [1, 2], '2024-02-29'],
      [4, null, '{"k": [1]}', [3], '2020-01-02'],
      [5, 'five', null, null, null],
      [6, 'six', null, null, null],
      [8, null, null, null, null],
    ]);
    await db.close();
  });

  test('all or nothing, and the source is told', async () => {
    const db = await open();
    await db.exec('CREATE TABLE t (id int PRIMARY KEY)');
    let ended = false;
    async function* source(): AsyncGenerator<string> {
      try {
        for (let i = 0; ; i++) yield await Promise.resolve(i === 3 ? 'x\n'.repeat(300_000) : `${i}\n`);
      } finally {
        ended = true;
      }
    }
    await expect(db.copyFrom('t', source())).rejects.toMatchObject({ code: '22P02' });
    expect(ended).toBe(true);
    await expect(db.copyFrom('t; DROP TABLE t', '')).rejects.toMatchObject({ code: '42602' });
    await expect(
      db.transaction(async (tx) => {
        await tx.copyFrom('t', '1\n2\n');
        expect((await tx.query('SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 2 }]);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect((await db.query('SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 0 }]);
    await db.close();
  });

  test('copies out as fast as it is read, of any moment', async () => {
    const db = await open();
    await db.exec(
      'CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, NULL FROM generate_series(1, 10000) i',
    );
    const reader = db.copyTo('t', { header: true }).getReader();
    const first = await reader.read();
    expect(first.value?.startsWith('id\tv\n1\t\\N\n')).toBe(true);
    expect(first.value?.length).toBeLessThan(40_000);
    await reader.cancel();
    await db.exec('DELETE FROM t WHERE id > 2');
    const read = async (stream: ReadableStream<string>): Promise<string> => {
      let text = '';
      for (const parts = stream.getReader(); ;) {
        const part = await parts.read();
        if (part.done) return text;
        text += part.value;
      }
    };
    expect(await read(db.copyTo('SELECT id, v FROM t ORDER BY id DESC', { format: 'csv', forceQuote: '*' }))).toBe(
      '"2",\n"1",\n',
    );
    expect((await read(db.copyTo('t', { asOf: { seq: 2 }, columns: ['id'] }))).split('\n').length).toBe(10_001);
    await expect(read(db.copyTo('nope'))).rejects.toMatchObject({ code: '42P01' });
    expect(await read(db.copyTo('t', { null: '-' }))).toBe('1\t-\n2\t-\n');
    await db.close();
  });
}
