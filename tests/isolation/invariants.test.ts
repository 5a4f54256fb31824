/**
 * What must hold whatever happens: the money in a bank, and counters that count what was acknowledged, under 64 sessions
 * at once, some of whose statements are cancelled and some of which end in the middle.
 */
import { expect, test } from 'vitest';
import { Cancellation } from '../../src/base/cancel.ts';
import { Random } from '../../src/base/random.ts';
import type { SessionApi } from '../../src/database/api.ts';
import type { Isolation } from '../../src/txn/transaction.ts';
import { openDb, textRows } from '../database/helper.ts';

const SESSIONS = 64;
const ACCOUNTS = 8;
const TRANSFERS = 6;
const LEVELS: readonly Isolation[] = ['read committed', 'repeatable read', 'serializable'];
/** Conflicts that are tried again, and what interrupts: a cancelled statement, a session that was ended. */
const AGAIN = /^(40001|40P01)$/;
const INTERRUPTED = /^(57014|57P01|08003)$/;

/** Runs work again until it meets nobody; false where it was interrupted. */
async function withRetries(session: SessionApi, isolation: Isolation, work: () => Promise<void>): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    try {
      await session.begin({ isolation });
      await work();
      await session.commit();
      return true;
    } catch (error) {
      const { code = '' } = error as { readonly code?: string };
      await session.rollback().catch(() => undefined);
      if (INTERRUPTED.test(code)) return false;
      if (!AGAIN.test(code)) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(64, 2 ** attempt)));
    }
  }
}

test.each(LEVELS)(
  '%s: no money is made or lost, and every reader sees all of it',
  { timeout: 300_000 },
  async (level) => {
    const db = await openDb(undefined, { durability: 'relaxed' });
    await db.run(`CREATE TABLE account (id int PRIMARY KEY, n int CHECK (n >= 0));
    INSERT INTO account SELECT i, 100 FROM generate_series(1, ${ACCOUNTS}) i;
    CREATE TABLE counter (id int PRIMARY KEY, n int); INSERT INTO counter VALUES (1, 0)`);
    let acknowledged = 0;
    let interrupted = 0;
    const reader = db.engine.session();
    let reading = true;
    const watch = async (): Promise<void> => {
      while (reading) {
        expect(textRows(await reader.execute('SELECT sum(n) FROM account', [], { text: true }))).toEqual([['800']]);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const player = async (n: number): Promise<void> => {
      const random = new Random(n);
      const below = (limit: number): number => Math.floor(random.next() * limit);
      let session = db.engine.session();
      for (let i = 0; i < TRANSFERS; i++) {
        const [from, to, amount] = [1 + below(ACCOUNTS), 1 + below(ACCOUNTS), 1 + below(30)];
        const cancellation = new Cancellation();
        const ends = below(12) === 0;
        const cancels = below(12) === 0;
        let counts = false;
        const done = await withRetries(session, level, async () => {
          counts = false;
          const rows = await session.execute('SELECT n FROM account WHERE id = $1', [from], { text: true });
          if (Number(textRows(rows)[0]?.[0]) < amount) return;
          if (ends) void session.close();
          if (cancels) setTimeout(() => cancellation.cancel(), below(3));
          // At READ COMMITTED the row may have changed since: the condition is looked at again.
          const taken = await session.execute(
            'UPDATE account SET n = n - $2 WHERE id = $1 AND n >= $2',
            [from, amount],
            { cancellation },
          );
          if (taken.affectedRows === 1)
            await session.execute('UPDATE account SET n = n + $2 WHERE id = $1', [to, amount]);
          await session.execute('UPDATE counter SET n = n + 1 WHERE id = 1');
          counts = true;
        });
        if (done) acknowledged += counts ? 1 : 0;
        else {
          interrupted++;
          session.close().catch(() => undefined);
          session = db.engine.session();
        }
      }
      await session.close();
    };
    const watching = watch();
    await Promise.all(Array.from({ length: SESSIONS }, (_, n) => player(n)));
    reading = false;
    await watching;
    await reader.close();
    expect(interrupted).toBeGreaterThan(0);
    expect(await db.rows('SELECT sum(n), min(n) >= 0 FROM account')).toEqual([['800', 't']]);
    const [row] = await db.rows('SELECT n FROM counter');
    // A commit that was interrupted may have happened.
    expect(Number(row?.[0])).toBeGreaterThanOrEqual(acknowledged);
    expect(Number(row?.[0])).toBeLessThanOrEqual(acknowledged + interrupted);
    // Nothing is held by anybody any more.
    expect(await db.rows('SELECT count(*) FROM drift.locks')).toEqual([['0']]);
    await db.engine.close();
  },
);
