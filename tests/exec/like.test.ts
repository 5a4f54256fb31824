/** LIKE over columns that are scanned again and again, while rows come, change and go: against what JavaScript says. */
import { expect, test } from 'vitest';
import { openDb } from '../database/helper.ts';

test('LIKE finds what includes finds, also in a column that has grown since it was searched as one', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, s text);
    INSERT INTO t SELECT i, 'name ' || i * 7 FROM generate_series(1, 3000) i`);
  const texts = new Map(Array.from({ length: 3000 }, (_, i) => [i + 1, `name ${(i + 1) * 7}`]));
  const check = async (needle: string): Promise<void> => {
    const expected = [...texts.values()].filter((text) => text.includes(needle)).length;
    expect(await db.rows(`SELECT count(*) FROM t WHERE s LIKE '%${needle}%'`)).toEqual([[String(expected)]]);
  };
  for (let step = 0; step < 6; step++) {
    for (const needle of ['77', 'e 1', 'none', '77', '9', 'name', 'x']) await check(needle);
    const id = 5000 + step;
    texts.set(id, `x ${step}77`);
    await db.run(`INSERT INTO t VALUES (${id}, 'x ${step}77')`);
    await check('77');
    if (step === 2) {
      texts.set(10, '77 again');
      await db.run("UPDATE t SET s = '77 again' WHERE id = 10");
    }
    if (step === 3) {
      texts.delete(11);
      await db.run('DELETE FROM t WHERE id = 11');
    }
  }
  await db.engine.close();
});
