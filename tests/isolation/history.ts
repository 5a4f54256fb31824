/**
 * Random histories of several sessions, and what is recorded of them for the check (check-history.ts).
 *
 * Each transaction reads and changes a few rows of one table: by key, by range, by predicate; it appends to texts and
 * adds to numbers, deletes and inserts; it locks, goes back to savepoints, gives up. What it has seen is recorded with
 * the snapshot it was seen at (`drift_seq()`). The order of commits is total, so the states between them are known by
 * replaying what the committed transactions wrote.
 *
 * On a simulated disk the machine may stop at any operation. Then each transaction whose commit was asked for and not
 * answered is looked up in `drift.transactions` after the next opening.
 */
import { Random } from '../../src/base/random.ts';
import type { SessionApi } from '../../src/database/api.ts';
import type { Isolation } from '../../src/txn/transaction.ts';
import type { Db } from '../database/helper.ts';
import { textRows } from '../database/helper.ts';

export const KEYS = 6;
export const SETUP =
  "CREATE TABLE h (id int PRIMARY KEY, v text, n int); CREATE INDEX h_n ON h (n); INSERT INTO h VALUES (0, 'a', 0), (1, 'bb', 1), (2, 'ccc', 2)";

/** A row: its text, a slash, its number. */
export type State = ReadonlyMap<number, string>;

/** Rows of a key, of a range of keys, of a range of numbers, or whose text's length has a rest. */
export interface Where {
  readonly kind: 'key' | 'keys' | 'numbers' | 'length';
  readonly a: number;
  readonly b: number;
}

const CONDITIONS: Readonly<Record<Where['kind'], string>> = {
  key: 'id = $1 AND $2 = 0',
  keys: 'id BETWEEN $1 AND $2',
  numbers: 'n BETWEEN $1 AND $2',
  length: 'length(v) % $1 = $2',
};

export function selects({ kind, a, b }: Where, id: number, row: string): boolean {
  if (kind === 'key') return id === a;
  if (kind === 'keys') return id >= a && id <= b;
  const slash = row.lastIndexOf('/');
  if (kind === 'length') return slash % a === b;
  const n = Number(row.slice(slash + 1));
  return n >= a && n <= b;
}

export interface Read {
  readonly seq: number;
  readonly where: Where;
  readonly rows: State;
  /** The transaction's own changes when it read. */
  readonly own: ReadonlyMap<number, string | null>;
}

export interface Change {
  readonly id: number;
  readonly kind: 'delete' | 'insert' | 'append' | 'add';
  readonly text: string;
  readonly number: number;
  /** The row afterwards, as RETURNING gave it. */
  readonly after: string | null;
}

/** The row after a change. */
export function changed(before: string | undefined, { kind, text, number }: Change): string | null {
  if (kind === 'delete') return null;
  if (kind === 'insert') return `${text}/${number}`;
  const at = before?.lastIndexOf('/') ?? 0;
  const [v, n] = [before?.slice(0, at) ?? '?', Number(before?.slice(at + 1))];
  return kind === 'append' ? `${v}${text}/${n}` : `${v}/${n + number}`;
}

export interface Done {
  readonly name: string;
  readonly level: Isolation;
  /** Null where it changed nothing. */
  seq: number | null;
  readonly reads: readonly Read[];
  readonly changes: readonly Change[];
}

export interface History {
  readonly start: State;
  readonly startSeq: number;
  readonly done: readonly Done[];
  readonly end: State;
  /** How often transactions failed, by SQLSTATE. */
  readonly failed: Readonly<Record<string, number>>;
  /** SERIALIZABLE transactions that were stopped for their dependencies, as if they had committed then. */
  readonly stopped: readonly (Done & { readonly seq: number })[];
}

export interface How {
  readonly sessions: number;
  readonly transactions: number;
  readonly level: Isolation | null;
}

/** A machine that may stop while a history runs, not while the states before and behind it are looked at. */
export interface Crash {
  /** From here on it may. */
  arm(): void;
  /** From here on it does not; says whether it has. */
  disarm(): boolean;
  readonly fired: () => boolean;
  /** Gives the database after a crash. */
  readonly reopen: () => Promise<Db>;
}

/** Runs a history: each session some transactions, interleaved by chance. */
export async function runHistory(
  db: Db,
  sessions: readonly SessionApi[],
  seed: number,
  how: How,
  crash?: Crash,
): Promise<History> {
  const start = await stateOf(db);
  const startSeq = await newest(db);
  crash?.arm();
  const done: Done[] = [];
  const stopped: (Done & { readonly seq: number })[] = [];
  const unanswered: Done[] = [];
  const failed: Record<string, number> = {};
  const play = async (player: number): Promise<void> => {
    const random = new Random(seed * 64 + player);
    const session = sessions[player] as SessionApi;
    for (let n = 0; n < how.transactions; n++) {
      const run = new Run(session, `${seed}.${player}.${n}`, random, how.level);
      try {
        await run.steps();
        done.push(await run.commit());
      } catch (error) {
        const { code, message } = error as { readonly code?: string; readonly message: string };
        // Before anything else, for others may wait for it.
        await session.rollback().catch(() => undefined);
        if (crash?.fired() === true) {
          if (run.committing) unanswered.push(run.done(null));
          return;
        }
        if (code === undefined || !/^(40001|40P01|23505|ROLLBACK)$/.test(code)) throw error;
        failed[code] = (failed[code] ?? 0) + 1;
        if (message.includes('dependencies'))
          stopped.push({ ...run.done(null), seq: db.engine.status().lastSeq + 0.5 });
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: how.sessions }, (_, player) => play(player)));
  const crashed = crash?.disarm() === true;
  for (const end of ends) if (end.status === 'rejected' && !crashed) throw end.reason;
  let now = db;
  if (crash !== undefined && crashed) {
    now = await crash.reopen();
    for (const one of unanswered) if (await isCommitted(now, one)) done.push(one);
    failed['crash'] = 1;
  }
  return { start, startSeq, done, end: await stateOf(now), failed, stopped };
}

async function isCommitted(db: Db, one: Done): Promise<boolean> {
  if (one.changes.length === 0) return true;
  const [row] = await db.rows(`SELECT seq FROM drift.transactions WHERE message = '${one.name}'`);
  if (row !== undefined) one.seq = Number(row[0]);
  return row !== undefined;
}

const LEVELS: readonly Isolation[] = ['read committed', 'repeatable read', 'serializable'];

const NOW = "v || '/' || n";

/** One transaction, and what it has seen and done. */
class Run {
  readonly #session: SessionApi;
  readonly #name: string;
  readonly #random: Random;
  readonly #level: Isolation;
  readonly #reads: Read[] = [];
  #changes: Change[] = [];
  #own = new Map<number, string | null>();
  committing = false;

  constructor(session: SessionApi, name: string, random: Random, only: Isolation | null) {
    this.#session = session;
    this.#name = name;
    this.#random = random;
    this.#level = only ?? (LEVELS[this.#below(3)] as Isolation);
  }

  done(seq: number | null): Done {
    return { name: this.#name, level: this.#level, seq, reads: this.#reads, changes: this.#changes };
  }

  async steps(): Promise<void> {
    await this.#session.begin({ isolation: this.#level, message: this.#name });
    const steps = 2 + this.#below(3);
    for (let step = 0; step < steps; step++) {
      if (this.#below(3) === 0) await new Promise((resolve) => setImmediate(resolve));
      if (this.#below(8) === 0) await this.#savepoint(step);
      else await this.#step(step);
    }
  }

  async commit(): Promise<Done> {
    if (this.#below(10) === 0) throw Object.assign(new Error('rolled back'), { code: 'ROLLBACK' });
    this.committing = true;
    return this.done(await this.#session.commit());
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }

  async #savepoint(step: number): Promise<void> {
    const [changes, own] = [this.#changes.slice(), new Map(this.#own)];
    await this.#session.execute('SAVEPOINT s');
    await this.#step(step + 10);
    if (this.#below(2) === 0) return void (await this.#session.execute('RELEASE SAVEPOINT s'));
    await this.#step(step + 20);
    await this.#session.execute('ROLLBACK TO SAVEPOINT s');
    this.#changes = changes;
    this.#own = own;
  }

  #where(): Where {
    const a = this.#below(KEYS);
    switch (this.#below(4)) {
      case 0:
        return { kind: 'length', a: 2 + this.#below(2), b: this.#below(2) };
      case 1:
        return { kind: 'keys', a, b: a + this.#below(3) };
      case 2:
        return { kind: 'numbers', a: a * 3, b: a * 3 + this.#below(6) };
      default:
        return { kind: 'key', a, b: 0 };
    }
  }

  async #step(step: number): Promise<void> {
    const id = this.#below(KEYS);
    switch (this.#below(9)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return this.#read(this.#where());
      case 4:
        return this.#lock(this.#where());
      case 5:
        return this.#change({ kind: 'key', a: id, b: 0 }, 'delete', 'DELETE FROM h', '', 0);
      case 6:
        return this.#insert(id);
      case 7: {
        const text = `,${this.#name}.${step}`;
        return this.#change({ kind: 'key', a: id, b: 0 }, 'append', `UPDATE h SET v = v || $3`, text, 0);
      }
      default:
        return this.#change(this.#where(), 'add', `UPDATE h SET n = n + $3`, '', 1 + this.#below(3));
    }
  }

  async #read(where: Where): Promise<void> {
    const sql = `SELECT drift_seq(), coalesce((SELECT string_agg(id || ':' || ${NOW}, ' ' ORDER BY id) FROM h WHERE ${CONDITIONS[where.kind]}), '')`;
    const [row] = textRows(await this.#session.execute(sql, [where.a, where.b], { text: true }));
    this.#note(Number(row?.[0]), where, parsed(row?.[1] ?? ''));
  }

  /** At READ COMMITTED locked rows are newer than the snapshot. */
  async #lock(where: Where): Promise<void> {
    const strength = ['UPDATE', 'NO KEY UPDATE', 'SHARE', 'KEY SHARE'][this.#below(4)] ?? 'SHARE';
    const sql = `SELECT id, ${NOW}, drift_seq() FROM h WHERE ${CONDITIONS[where.kind]} FOR ${strength}`;
    const rows = textRows(await this.#session.execute(sql, [where.a, where.b], { text: true }));
    const seq = rows[0]?.[2];
    if (this.#level === 'read committed' || seq === undefined) return;
    this.#note(Number(seq), where, new Map(rows.map(([id, v]) => [Number(id), v ?? ''])));
  }

  async #insert(id: number): Promise<void> {
    const sql = 'INSERT INTO h VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id';
    const result = await this.#session.execute(sql, [id, this.#name, id], { text: true });
    if (result.rowCount > 0)
      this.#changed({ id, kind: 'insert', text: this.#name, number: id, after: `${this.#name}/${id}` });
  }

  async #change(where: Where, kind: Change['kind'], verb: string, text: string, number: number): Promise<void> {
    const given = kind === 'delete' ? [] : [kind === 'append' ? text : number];
    const sql = `${verb} WHERE ${CONDITIONS[where.kind]} RETURNING id, ${NOW}`;
    const rows = textRows(await this.#session.execute(sql, [where.a, where.b, ...given], { text: true }));
    for (const [id, now] of rows)
      this.#changed({ id: Number(id), kind, text, number, after: kind === 'delete' ? null : (now ?? null) });
  }

  #changed(change: Change): void {
    this.#changes.push(change);
    this.#own.set(change.id, change.after);
  }

  #note(seq: number, where: Where, rows: State): void {
    this.#reads.push({ seq, where, rows, own: new Map(this.#own) });
  }
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
  return new Map((await db.rows(`SELECT id, ${NOW} FROM h`)).map(([id, v]) => [Number(id), v ?? '']));
}

async function newest(db: Db): Promise<number> {
  return Number((await db.rows('SELECT drift_seq()'))[0]?.[0]);
}
