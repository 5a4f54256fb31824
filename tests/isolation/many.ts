/**
 * Many random histories, one after another: at each level and mixed, in memory and on a disk that crashes. The same seed
 * gives the same statements; `histories` is what `npm run histories` runs.
 */
import type { EngineOptions, SessionApi } from '../../src/database/api.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { SimDisk } from '../../src/storage/sim.ts';
import { type Db, openDb } from '../database/helper.ts';
import { checkHistory, confirmedStops } from './check-history.ts';
import { type Crash, type History, type How, runHistory, SETUP } from './history.ts';

/** A fresh database after so many: rows grow by what is appended. */
const PER_DATABASE = 40;
const MOST_SESSIONS = 4;

/** Everything small, so that leaves split and checkpoints come between. */
const TINY: Partial<EngineOptions> = {
  maxLeafRows: 4,
  minClosedRows: 3,
  packSizeBytes: 4096,
  cacheBudgetBytes: 16_384,
  logStepBytes: 4096,
};

const KINDS: readonly (How & { readonly crashes?: boolean })[] = [
  { level: 'serializable', sessions: 3, transactions: 2 },
  { level: 'repeatable read', sessions: 3, transactions: 2 },
  { level: 'read committed', sessions: 4, transactions: 2 },
  { level: null, sessions: 4, transactions: 2 },
  { level: null, sessions: 4, transactions: 2, crashes: true },
];

export interface Tally {
  histories: number;
  committed: number;
  failed: Record<string, number>;
  /** Transactions that SERIALIZABLE stopped, and those of them in a cycle. */
  stopped: number;
  confirmed: number;
  /** The first that is wrong, and what is. */
  problem: readonly [seed: number, ...problems: string[]] | null;
}

/** Runs histories of the seeds from `seed` on, until one is wrong or `more` says no. */
export async function manyHistories(
  seed: number,
  more: (tally: Tally) => boolean,
  options: Partial<EngineOptions> = {},
  kinds: readonly (How & { readonly crashes?: boolean })[] = KINDS,
): Promise<Tally> {
  const tally: Tally = { histories: 0, committed: 0, failed: {}, stopped: 0, confirmed: 0, problem: null };
  const stages = kinds.map(() => null as Stage | null);
  for (let n = seed; more(tally) && tally.problem === null; n++) {
    const at = n % kinds.length;
    const kind = kinds[at] as (typeof kinds)[number];
    let stage = stages[at] ?? null;
    if (stage === null || stage.played >= PER_DATABASE) {
      await stage?.close();
      stage = await Stage.open(n, kind.crashes === true, options);
      stages[at] = stage;
    }
    const history = await stage.play(n, kind);
    const problems = checkHistory(history);
    if (problems.length > 0) tally.problem = [n, ...problems];
    tally.histories++;
    tally.committed += history.done.length;
    tally.stopped += history.stopped.length;
    tally.confirmed += confirmedStops(history);
    for (const [code, count] of Object.entries(history.failed)) tally.failed[code] = (tally.failed[code] ?? 0) + count;
  }
  for (const stage of stages) await stage?.close();
  return tally;
}

/** A database that histories are played on. */
class Stage {
  #db: Db;
  /** They remember their plans. */
  #sessions: readonly SessionApi[];
  readonly #disk: SimDisk | null;
  readonly #options: Partial<EngineOptions>;
  played = 0;

  private constructor(db: Db, disk: SimDisk | null, options: Partial<EngineOptions>) {
    this.#db = db;
    this.#sessions = sessionsOf(db);
    this.#disk = disk;
    this.#options = options;
  }

  static async open(seed: number, crashes: boolean, given: Partial<EngineOptions>): Promise<Stage> {
    const disk = crashes ? new SimDisk(seed) : null;
    const options: Partial<EngineOptions> =
      disk === null ? { durability: 'relaxed', ...given } : { storage: disk.storage(), ...TINY, ...given };
    const db = await openDb(new MemoryStorage(), options);
    await db.run(SETUP);
    return new Stage(db, disk, options);
  }

  async play(seed: number, kind: How): Promise<History> {
    const disk = this.#disk;
    this.played++;
    return runHistory(this.#db, this.#sessions, seed, kind, disk === null ? undefined : this.#crashOf(disk, seed));
  }

  #crashOf(disk: SimDisk, seed: number): Crash {
    return {
      arm: () => disk.plan({ kind: 'crash', at: disk.operations + 1 + ((seed * 7919) % 25) }),
      disarm() {
        if (!disk.fired) disk.plan(null);
        return disk.fired;
      },
      fired: () => disk.fired,
      reopen: () => this.#reopen(disk, seed),
    };
  }

  async #reopen(disk: SimDisk, seed: number): Promise<Db> {
    await this.#restart(disk, seed);
    return this.#db;
  }

  async #restart(disk: SimDisk, seed: number): Promise<void> {
    disk.plan(null);
    // Its timers end; to the disk it is nobody any more.
    this.#db.engine.close().catch(() => undefined);
    if (seed % 2 === 0) disk.powerFailure();
    else disk.processKill();
    this.#db = await openDb(new MemoryStorage(), { ...this.#options, storage: disk.storage() });
    this.#sessions = sessionsOf(this.#db);
  }

  async close(): Promise<void> {
    const crashed = this.#disk?.fired === true;
    this.#disk?.plan(null);
    await this.#db.engine.close().catch((error: unknown) => {
      if (!crashed) throw error;
    });
  }
}

function sessionsOf(db: Db): readonly SessionApi[] {
  return Array.from({ length: MOST_SESSIONS }, () => db.engine.session());
}

/** Runs histories for so many minutes; false where one was wrong. */
export async function histories(minutes: number, seed: number, log: (line: string) => void): Promise<boolean> {
  const end = performance.now() + minutes * 60_000;
  let shown = 0;
  const tally = await manyHistories(seed, (so) => {
    if (so.histories >= shown + 10_000) {
      shown = so.histories;
      log(summary(so));
    }
    return performance.now() < end;
  });
  log(summary(tally));
  const [at, ...problems] = tally.problem ?? [];
  if (at !== undefined) log([`history ${at} is wrong (npm run histories -- --seed ${at}):`, ...problems].join('\n  '));
  return tally.problem === null;
}

export function summary({ histories: count, committed, failed, stopped, confirmed }: Tally): string {
  const codes = Object.entries(failed).map(([code, times]) => `${code} ${times}`);
  return `${count} histories, ${committed} transactions committed, ${codes.join(', ')}; ${stopped} stopped by SERIALIZABLE, ${confirmed} of them in a cycle`;
}
