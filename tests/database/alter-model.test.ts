/**
 * A table whose schema changes at random: each state stays what it was when it was the newest, through ALTERs, checkpoints
 * and crashes; history as tables agrees with it; a reverted commit leaves what was before; proofs hold.
 */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { reopened } from './branch-copies.ts';
import { type Db, openDb } from './helper.ts';

const OPTIONS = { maxLeafRows: 12, minClosedRows: 6, checkpointLogBytes: 1e9, bulkRows: 3 };
const KEYS = 20;
const SEEDS = Number(process.env['ALTER_SEEDS'] ?? 3);

interface State {
  readonly columns: string;
  readonly rows: (string | null)[][];
}

async function stateOf(db: Db, time = ''): Promise<State> {
  const names = await db.rows(`SELECT DISTINCT jsonb_object_keys(to_jsonb(t)) FROM t ${time} ORDER BY 1`);
  return { columns: names.map(([name]) => name).join(), rows: await db.rows(`SELECT t.* FROM t ${time} ORDER BY id`) };
}

/** Columns besides the key, by name. */
class Walk {
  readonly #random: Random;
  readonly #columns: string[] = ['a'];
  #made = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  below(limit: number): number {
    return this.#random.uint32() % limit;
  }

  #pick(): string {
    return this.#columns[this.below(this.#columns.length)] as string;
  }

  /** A change of rows: one commit, or none. */
  change(): string {
    const [id, n, column] = [this.below(KEYS), this.below(50), this.#pick()];
    return [
      `INSERT INTO t (id, ${column}) VALUES (${id}, ${n}) ON CONFLICT (id) DO UPDATE SET ${column} = ${n + 1}`,
      `UPDATE t SET ${column} = ${column} + 1 WHERE id % 3 = ${n % 3}`,
      `UPDATE t SET ${column} = ${n} WHERE id = ${id}`,
      `DELETE FROM t WHERE id BETWEEN ${id} AND ${id + 1}`,
    ][this.below(4)] as string;
  }

  alter(): string {
    const column = this.#pick();
    const at = this.#columns.indexOf(column);
    const made = `c${++this.#made}`;
    switch (this.below(7)) {
      case 0:
      case 1:
        this.#columns.push(made);
        return `ALTER TABLE t ADD COLUMN ${made} int DEFAULT ${this.below(9)}`;
      case 2:
        if (this.#columns.length === 1) return 'ALTER TABLE t ALTER COLUMN id SET NOT NULL';
        this.#columns.splice(at, 1);
        return `ALTER TABLE t DROP COLUMN ${column} CASCADE`;
      case 3:
        this.#columns[at] = made;
        return `ALTER TABLE t RENAME COLUMN ${column} TO ${made}`;
      case 4:
        return `DROP INDEX IF EXISTS e; ALTER TABLE t ALTER COLUMN ${column} TYPE ${this.below(2) === 0 ? 'bigint' : 'numeric'}`;
      case 5:
        return `DROP INDEX IF EXISTS e; CREATE INDEX e ON t ((${column} * 2))`;
      default:
        return `DROP INDEX IF EXISTS e; DROP INDEX IF EXISTS p; CREATE INDEX p ON t (${column})`;
    }
  }
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed + 1))(
  'every state stays as it was, seed %i',
  async (seed) => {
    const walk = new Walk(new Random(seed));
    let db = await openDb(new MemoryStorage(), OPTIONS);
    await db.run(`SELECT drift_enable_proofs(); CREATE TABLE t (id int PRIMARY KEY, a int);
    INSERT INTO t SELECT i, i FROM generate_series(0, ${KEYS - 1}) i`);
    const states = new Map<number, State>();
    const newest = async (): Promise<number> =>
      Number((await db.rows('SELECT max(seq) FROM drift.transactions'))[0]?.[0] ?? 0);
    for (let step = 0; step < 45; step++) {
      const before = await newest();
      const was = await stateOf(db);
      const what = walk.below(12);
      if (what < 7) {
        await db.run(walk.change());
        const seq = await newest();
        if (what === 0 && seq > before) {
          await db.run(`REVERT TRANSACTION ${seq}`);
          expect(await stateOf(db), `commit ${seq} reverted`).toEqual(was);
        }
      } else if (what < 10) await db.run(walk.alter());
      else if (what === 10) await db.run('CHECKPOINT');
      else db = await reopened(db);
      const seq = await newest();
      if (seq === before && what < 10) continue;
      states.set(seq, await stateOf(db));
      if (what >= 10) expect(states.get(seq), `step ${step}`).toEqual(was);
    }
    for (const [seq, state] of states)
      expect(await stateOf(db, `FOR SYSTEM_TIME AS OF SEQ ${seq}`), `state ${seq}`).toEqual(state);
    // The net changes between two moments are the rows that differ by what both schemas have.
    const counts = await db.rows(
      `SELECT (SELECT count(*) FROM table_diff('t', 3) WHERE diff_type = 'added')
          - (SELECT count(*) FROM table_diff('t', 3) WHERE diff_type = 'removed')
          - (SELECT count(*) FROM t) + (SELECT count(*) FROM t FOR SYSTEM_TIME AS OF SEQ 3)`,
    );
    expect(counts).toEqual([['0']]);
    expect(await db.rows("SELECT drift_verify() ->> 'problems'")).toEqual([['[]']]);
    expect((await db.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null)).toEqual([]);
  },
);
