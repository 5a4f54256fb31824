/** Does the present pay for the past, and what does the past cost? DriftDB only. */
import { type Database, open } from 'driftdb-web';

export interface HistoryFigures {
  readonly rows: number;
  readonly updates: number;
  readonly build_ms: number;
  /** Medians of full scans: the table without history, with history now, and AS OF a share of the history's age. */
  readonly plain_ms: number;
  readonly now_ms: number;
  readonly as_of_ms: Readonly<Record<string, number>>;
  /** Whether every scan gave the sum that arithmetic gives. */
  readonly exact: boolean;
}

declare global {
  /** For the driver. */
  var benchHistory: (rows: number, updates: number, rounds: number) => Promise<HistoryFigures>;
}

/** Each pass over the table is this many commits, so that ages between passes exist. */
const SLICES = 10;
const AGES = [1, 50, 99];
/** A page's clock is coarse. */
const REPEATS = 10;

globalThis.benchHistory = async (rows, updates, rounds) => {
  const db = await open('opfs://history', { durability: 'relaxed' });
  const started = performance.now();
  await build(db, 'plain', rows, updates);
  await build(db, 'item', rows, 0);
  const first = await lastSeq(db);
  for (let update = 1; update <= updates; update++) {
    for (let slice = 0; slice < SLICES; slice++) {
      const [from, to] = [(rows / SLICES) * slice, (rows / SLICES) * (slice + 1)];
      await db.query('UPDATE item SET v = v + 1 WHERE id >= $1 AND id < $2', [from, to]);
    }
  }
  const last = await lastSeq(db);
  const built = performance.now() - started;

  const scan = (source: string): string => `SELECT count(*) AS n, sum(v) AS v, sum(x) AS x FROM ${source}`;
  const seqAt = (age: number): number => first + Math.round(((last - first) * age) / 100);
  const scans: Record<string, string> = { plain: scan('plain'), now: scan('item') };
  for (const age of AGES) scans[age] = scan(`item FOR SYSTEM_TIME AS OF SEQ ${seqAt(age)}`);
  const times = new Map<string, number[]>(Object.keys(scans).map((name) => [name, []]));
  const sums = new Map<string, number>();
  // The first round warms up and does not count.
  for (let round = 0; round <= rounds; round++) {
    for (const [name, sql] of Object.entries(scans)) {
      const from = performance.now();
      for (let i = 0; i < REPEATS; i++) {
        const { rows: answer } = await db.query<{ v: number | string }>(sql);
        sums.set(name, Number(answer[0]?.v));
      }
      if (round > 0) times.get(name)?.push((performance.now() - from) / REPEATS);
    }
  }
  await db.close();

  const median = (name: string): number => times.get(name)?.toSorted((a, b) => a - b)[rounds >> 1] ?? Number.NaN;
  // Every row begins at 0, and each commit adds 1 to a tenth of them.
  const expected = (commits: number): number => (rows / SLICES) * commits;
  return {
    rows,
    updates,
    build_ms: built,
    plain_ms: median('plain'),
    now_ms: median('now'),
    as_of_ms: Object.fromEntries(AGES.map((age) => [`${age} %`, median(String(age))])),
    exact:
      sums.get('plain') === expected(last - first) &&
      sums.get('now') === expected(last - first) &&
      AGES.every((age) => sums.get(String(age)) === expected(seqAt(age) - first)),
  };
};

async function build(db: Database, table: string, rows: number, v: number): Promise<void> {
  await db.exec(`
    CREATE TABLE ${table} (id int PRIMARY KEY, v int NOT NULL, x double precision, name text);
    INSERT INTO ${table} SELECT i, ${v}, i / 4.0, 'row ' || (i % 1000) FROM generate_series(0, ${rows - 1}) AS g(i);
  `);
}

async function lastSeq(db: Database): Promise<number> {
  const { rows } = await db.query<{ seq: number }>('SELECT max(seq) AS seq FROM drift.transactions');
  return rows[0]?.seq ?? 0;
}
