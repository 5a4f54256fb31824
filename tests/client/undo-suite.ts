/** db.undo and db.redo: steps by author and label, as a reader of the history sees them. */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import type { Database } from '../../src/client/database.ts';

async function board(open: () => Promise<Database>): Promise<Database> {
  const db = await open();
  await db.exec(
    "CREATE TABLE card (id int PRIMARY KEY, title text, x int); INSERT INTO card VALUES (1, 'a', 0), (2, 'b', 0)",
  );
  return db;
}

async function cards(db: Database): Promise<string> {
  const { rows } = await db.query<{ s: string }>(
    "SELECT string_agg(concat(id, title, x), ' ' ORDER BY id) AS s FROM card",
  );
  return rows[0]?.s ?? '';
}

const move = (db: Database, id: number, x: number, author: string, label?: string): Promise<unknown> =>
  db.transaction((tx) => tx.query('UPDATE card SET x = $2 WHERE id = $1', [id, x]), {
    author,
    metadata: label === undefined ? undefined : { label },
  });

export function undoSuite(open: () => Promise<Database>): void {
  test('back and forth through the steps of all', async () => {
    const db = await board(open);
    await move(db, 1, 1, 'ada');
    await move(db, 1, 2, 'bob');
    expect(await db.undo()).toEqual([4]);
    expect(await cards(db)).toBe('1a1 2b0');
    expect(await db.undo()).toEqual([3]);
    expect(await cards(db)).toBe('1a0 2b0');
    expect(await db.redo()).toEqual([6]);
    expect(await db.redo()).toEqual([5]);
    expect(await cards(db)).toBe('1a2 2b0');
    expect(await db.redo()).toEqual([]);
    expect(await db.undo()).toEqual([8]);
    expect(await cards(db)).toBe('1a1 2b0');
    // A new step, and nothing can be redone.
    await move(db, 2, 9, 'ada');
    expect(await db.redo()).toEqual([]);
    for (let i = 0; i < 3; i++) await db.undo();
    // The rows themselves; the definition is no step.
    expect(await cards(db)).toBe('');
    expect(await db.undo()).toEqual([]);
    const { rows } = await db.query('SELECT message FROM drift.transactions WHERE seq = 5');
    expect(rows).toEqual([{ message: 'undo 4' }]);
    await db.close();
  });

  test('each author has steps of his own; commits of one label are one step', async () => {
    const db = await board(open);
    for (const x of [1, 2, 3]) await move(db, 1, x, 'ada', 'drag');
    await move(db, 2, 5, "o'bob \\");
    await move(db, 1, 4, 'ada', 'drag');
    await move(db, 1, 7, 'ada', 'drop');
    expect(await db.undo({ author: 'ada' })).toEqual([8]);
    expect(await db.undo({ author: 'ada' })).toEqual([3, 4, 5, 7]);
    expect(await cards(db)).toBe('1a0 2b5');
    expect(await db.undo({ author: 'ada' })).toEqual([]);
    expect(await db.redo({ author: 'ada' })).toEqual([10]);
    expect(await cards(db)).toBe('1a4 2b5');
    expect(await db.undo({ author: "o'bob \\" })).toEqual([6]);
    expect(await cards(db)).toBe('1a4 2b0');
    expect(await db.undo({ label: 'drag' })).toEqual([11]);
    expect(await cards(db)).toBe('1a0 2b0');
    expect(await db.redo({ label: 'drag' })).toEqual([13]);
    expect(await cards(db)).toBe('1a4 2b0');
    const { rows } = await db.query('SELECT author, metadata FROM drift.transactions WHERE seq = 10');
    expect(rows).toEqual([{ author: 'ada', metadata: { label: 'drag', undo: [3, 4, 5, 7] } }]);
    await db.close();
  });

  test('random steps, undone and redone, are those of a list with a cursor', async () => {
    const db = await board(open);
    const random = new Random(11);
    const states = [await cards(db)];
    let at = 0;
    for (let i = 0; i < 60; i++) {
      const roll = random.uint32() % 8;
      if (roll < 3) {
        const id = 1 + (random.uint32() % 4);
        const sql = [
          'DELETE FROM card WHERE id = $1',
          'UPDATE card SET x = x + $1, title = title',
          'INSERT INTO card VALUES ($1)',
        ];
        const result = await db.query(sql[random.uint32() % 3] ?? '', [id]).catch(() => null);
        if (result === null || result.affectedRows === 0) continue;
        states.splice(++at, Infinity, await cards(db));
      } else if (roll < 6) {
        if (at === 0) continue;
        await db.undo();
        at--;
      } else {
        const redone = await db.redo();
        expect(redone.length > 0).toBe(at + 1 < states.length);
        if (redone.length > 0) at++;
      }
      expect([i, await cards(db)]).toEqual([i, states[at]]);
    }
    await db.close();
  });

  test('what others have changed since is a conflict', async () => {
    const db = await board(open);
    await db.transaction((tx) => tx.query('UPDATE card SET x = 3'), { author: 'ada' });
    await move(db, 2, 8, 'bob');
    await expect(db.undo({ author: 'ada' })).rejects.toMatchObject({ code: '55000' });
    expect(await cards(db)).toBe('1a3 2b8');
    expect(await db.undo({ author: 'ada', conflicts: 'skip' })).toEqual([3]);
    expect(await cards(db)).toBe('1a0 2b8');
    await db.transaction((tx) => tx.query('UPDATE card SET x = 4'), { author: 'ada' });
    await move(db, 2, 9, 'bob');
    expect(await db.undo({ author: 'ada', conflicts: 'cascade' })).toEqual([6, 7]);
    expect(await cards(db)).toBe('1a0 2b8');
    await db.close();
  });
}
