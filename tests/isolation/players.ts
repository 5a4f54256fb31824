/**
 * Several sessions of one database, each a player: runs statements of them in a given order and tells which wait.
 *
 * A statement that waits for a lock is looked at again after each later step of another player, which may have ended it.
 */
import type { ResultSet, SessionApi } from '../../src/database/api.ts';
import { Session } from '../../src/database/session.ts';
import { type Db, openDb, textRows } from '../database/helper.ts';

/** Turns for which nothing changes any more; turns after which nothing will (a statement that sleeps). */
const STILL = 3;
const MOST_TURNS = 5000;

export interface Outcome {
  readonly command?: string | undefined;
  readonly affected?: number | undefined;
  readonly rows?: readonly (readonly (string | null)[])[] | undefined;
  readonly error?: string | undefined;
  readonly message?: string | undefined;
}

interface Pending {
  readonly step: number;
  readonly end: Promise<Outcome>;
  outcome: Outcome | null;
}

export class Players {
  readonly db: Db;
  readonly #sessions = new Map<string, SessionApi>();
  readonly #waiting = new Map<string, Pending>();
  #steps = 0;

  constructor(db: Db) {
    this.db = db;
  }

  static async open(setup: string): Promise<Players> {
    const db = await openDb();
    await db.run(setup);
    return new Players(db);
  }

  session(name: string): SessionApi {
    let session = this.#sessions.get(name);
    if (session === undefined) this.#sessions.set(name, (session = this.db.engine.session()));
    return session;
  }

  /** Runs a statement as far as it comes; null when it waits. `freed`: statements that waited and ended meanwhile. */
  async step(
    player: string,
    sql: string,
  ): Promise<{ readonly outcome: Outcome | null; readonly freed: readonly (readonly [string, number, Outcome])[] }> {
    const step = ++this.#steps;
    const pending: Pending = { step, end: outcomeOf(this.session(player), sql), outcome: null };
    void pending.end.then((outcome) => (pending.outcome = outcome));
    await this.#settle([...this.#waiting, [player, pending]]);
    const freed: [string, number, Outcome][] = [];
    for (const [name, { step: at, outcome }] of [...this.#waiting]) {
      if (outcome === null) continue;
      freed.push([name, at, outcome]);
      this.#waiting.delete(name);
    }
    if (pending.outcome === null) this.#waiting.set(player, pending);
    return { outcome: pending.outcome, freed };
  }

  get waiting(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  /** Until each statement has ended or waits for others, and does so still some turns later. */
  async #settle(statements: readonly (readonly [string, Pending])[]): Promise<void> {
    for (let turn = 0, still = 0; still < STILL && turn < MOST_TURNS; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      still = statements.every(([name, { outcome }]) => outcome !== null || this.#waits(name)) ? still + 1 : 0;
    }
  }

  #waits(player: string): boolean {
    const session = this.session(player);
    return session instanceof Session && session.party.wait !== null;
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) void session.close();
    await this.db.engine.close();
  }
}

async function outcomeOf(session: SessionApi, sql: string): Promise<Outcome> {
  try {
    const result: ResultSet = await session.execute(sql, [], { text: true });
    return {
      command: result.command,
      affected: result.affectedRows ?? undefined,
      rows: result.fields.length > 0 ? textRows(result) : undefined,
    };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { error: code ?? 'XX000', message };
  }
}
