/**
 * Random histories of several sessions, and their check.
 *
 * Each transaction reads and changes a few rows of one table: by key, by predicate, by append and by increment. What it
 * has seen is recorded with the snapshot it was seen at (`drift_seq()`). The order of commits is total, so the states
 * between them are known by replaying what the committed transactions wrote, and a history is checked against them:
 *
 * - every read gives the state at its snapshot with the transaction's own changes; at REPEATABLE READ and SERIALIZABLE
 *   all reads of a transaction have one snapshot, at READ COMMITTED they never go back;
 * - what a change made of a row is made of the newest version before the commit: nothing is lost;
 * - no row was changed by another commit between the snapshot and the commit (REPEATABLE READ and SERIALIZABLE);
 * - of SERIALIZABLE transactions the graph of dependencies (ww, wr, rw, predicates too) has no cycle.
 */
import { Random } from '../../src/base/random.ts';
import type { SessionApi } from '../../src/database/api.ts';
import type { Isolation } from '../../src/txn/transaction.ts';
import type { Db } from '../database/helper.ts';
import { textRows } from '../database/helper.ts';

export const KEYS = 6;

type State = ReadonlyMap<number, string>;

interface Read {
  readonly seq: number;
  /** Rows with `id % modulus = rest`, or one row: `id = rest` for modulus 0. */
  readonly modulus: number;
  readonly rest: number;
  /** Null modulus of values: rows whose text's length is that parity. */
  readonly rows: State;
  /** The transaction's own changes when it read. */
  readonly own: ReadonlyMap<number, string | null>;
}

interface Change {
  readonly id: number;
  /** What was appended; null for a deletion; `=` begins a row anew. */
  readonly append: string | null;
  readonly inserts: boolean;
  /** The row's text afterwards, as RETURNING gave it. */
  readonly after: string | null;
}

export interface Done {
  readonly name: string;
  readonly level: Isolation;
  readonly seq: number | null;
  readonly reads: readonly Read[];
  readonly changes: readonly Change[];
}

export interface History {
  readonly start: State;
  readonly startSeq: number;
  readonly done: readonly Done[];
  readonly end: State;
  readonly failed: Readonly<Record<string, number>>;
}

/** Runs a history: each session some transactions, interleaved by chance. */
export async function runHistory(
  db: Db,
  seed: number,
  how: { readonly sessions: number; readonly transactions: number; readonly level: Isolation | null },
): Promise<History> {
  const start = await stateOf(db);
  const startSeq = Number((await db.rows('SELECT drift_seq()'))[0]?.[0]);
  const done: Done[] = [];
  const failed: Record<string, number> = {};
  const players = Array.from({ length: how.sessions }, async (_, player) => {
    const random = new Random(seed * 64 + player);
    const session = db.engine.session();
    for (let n = 0; n < how.transactions; n++) {
      const name = `${seed}.${player}.${n}`;
      try {
        done.push(await runTransaction(session, name, random, how.level));
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === undefined || !/^(40001|40P01|23505|ROLLBACK)$/.test(code)) throw error;
        failed[code] = (failed[code] ?? 0) + 1;
        await session.rollback();
      }
    }
    await session.close();
  });
  await Promise.all(players);
  return { start, startSeq, done, end: await stateOf(db), failed };
}

const LEVELS: readonly Isolation[] = ['read committed', 'repeatable read', 'serializable'];

async function runTransaction(
  session: SessionApi,
  name: string,
  random: Random,
  only: Isolation | null,
): Promise<Done> {
  const below = (limit: number): number => Math.floor(random.next() * limit);
  const level = only ?? (LEVELS[below(3)] as Isolation);
  const reads: Read[] = [];
  const changes: Change[] = [];
  const own = new Map<number, string | null>();
  await session.begin({ isolation: level, readOnly: below(8) === 0 ? undefined : undefined });
  const steps = 2 + below(3);
  for (let step = 0; step < steps; step++) {
    if (below(3) === 0) await new Promise((resolve) => setImmediate(resolve));
    const id = below(KEYS);
    switch (below(7)) {
      case 0:
      case 1:
        reads.push(await read(session, 0, id, own));
        break;
      case 2:
      case 3:
        reads.push(await read(session, 2 + below(2), below(2), own));
        break;
      case 4: {
        const result = await session.execute('DELETE FROM h WHERE id = $1 RETURNING id', [id], { text: true });
        if (result.rowCount > 0) {
          changes.push({ id, append: null, inserts: false, after: null });
          own.set(id, null);
        }
        break;
      }
      case 5: {
        const result = await session.execute(
          'INSERT INTO h VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING v',
          [id, name],
          { text: true },
        );
        if (result.rowCount > 0) {
          changes.push({ id, append: name, inserts: true, after: name });
          own.set(id, name);
        }
        break;
      }
      default: {
        const append = `,${name}.${step}`;
        const sql = 'UPDATE h SET v = v || $2 WHERE id = $1 RETURNING v';
        const after = textRows(await session.execute(sql, [id, append], { text: true }))[0]?.[0];
        if (after !== undefined) {
          changes.push({ id, append, inserts: false, after });
          own.set(id, after);
        }
      }
    }
  }
  if (below(10) === 0) {
    await session.rollback();
    throw Object.assign(new Error('rolled back'), { code: 'ROLLBACK' });
  }
  return { name, level, seq: await session.commit(), reads, changes };
}

async function read(
  session: SessionApi,
  modulus: number,
  rest: number,
  own: ReadonlyMap<number, string | null>,
): Promise<Read> {
  const where = modulus === 0 ? `id = ${rest}` : `length(v) % ${modulus} = ${rest}`;
  const sql = `SELECT drift_seq(), coalesce((SELECT string_agg(id || ':' || v, ' ' ORDER BY id) FROM h WHERE ${where}), '')`;
  const [row] = textRows(await session.execute(sql, [], { text: true }));
  return { seq: Number(row?.[0]), modulus, rest, rows: parsed(row?.[1] ?? ''), own: new Map(own) };
}

function parsed(text: string): State {
  const rows = new Map<number, string>();
  for (const part of text.split(' ')) {
    const at = part.indexOf(':');
    if (at > 0) rows.set(Number(part.slice(0, at)), part.slice(at + 1));
  }
  return rows;
}

async function stateOf(db: Db): Promise<State> {
  return new Map((await db.rows('SELECT id, v FROM h')).map(([id, v]) => [Number(id), v ?? '']));
}

export function selects({ modulus, rest }: Pick<Read, 'modulus' | 'rest'>, id: number, v: string): boolean {
  return modulus === 0 ? id === rest : v.length % modulus === rest;
}

export type { Change, Read, State };
