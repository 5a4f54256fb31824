/**
 * What is measured, the same for every engine and in the same SQL: times of the main thread, from the call to the last
 * value read. A workload gives milliseconds (an operation's mean where there are many, for a page's clock is coarse), and
 * what was answered, so that the driver can compare the engines' answers.
 */
import type { Bench, Engine, Row } from './engine.ts';

export interface Measure {
  readonly ms: number;
  readonly answer: string;
  /** Of a cold start: until the page's program runs, until the database is open, until the first answer. */
  readonly parts?: Readonly<Record<string, number>>;
}

declare global {
  /** For the driver. */
  var bench: {
    open(name: string): Promise<void>;
    close(): Promise<void>;
    prepare(rows: number): Promise<void>;
    run(workload: string, size: number): Promise<Measure>;
    /** Opens and asks; the time counts from the navigation. */
    cold(name: string): Promise<Measure>;
  };
}

const FILTER = 'SELECT count(*) AS n, sum(amount) AS total FROM big WHERE qty < 25 AND amount > 500';
const GROUP =
  'SELECT category, count(*) AS n, sum(amount) AS total, max(qty) AS most FROM big GROUP BY category ORDER BY category';

type Workload = (engine: Engine, size: number) => Promise<Measure>;

const workloads: Readonly<Record<string, Workload>> = {
  /** `size` inserts of one row, each a durable commit of its own. */
  insert: async (engine, size) => {
    await engine.exec('DROP TABLE IF EXISTS log; CREATE TABLE log (id int PRIMARY KEY, at text, level int)');
    const started = performance.now();
    for (let i = 0; i < size; i++) {
      await engine.query('INSERT INTO log VALUES ($1, $2, $3)', [i, `event ${i}`, i % 5]);
    }
    const ms = (performance.now() - started) / size;
    return { ms, answer: digest(await engine.query('SELECT count(*) AS n FROM log')) };
  },

  /** `size` rows from the page in one transaction, 1,000 rows a statement. */
  bulk: async (engine, size) => {
    await engine.exec(
      'DROP TABLE IF EXISTS item; CREATE TABLE item (id int PRIMARY KEY, name text, price double precision, stock int)',
    );
    const statements: string[] = [];
    for (let from = 0; from < size; from += 1000) {
      const rows: string[] = [];
      for (let i = from; i < Math.min(from + 1000, size); i++)
        rows.push(`(${i}, 'item number ${i}', ${((i * 7919) % 100_000) / 100}, ${i % 100})`);
      statements.push(`INSERT INTO item VALUES ${rows.join(', ')}`);
    }
    const started = performance.now();
    await engine.exec('BEGIN');
    for (const statement of statements) await engine.exec(statement);
    await engine.exec('COMMIT');
    const ms = performance.now() - started;
    return { ms, answer: digest(await engine.query('SELECT count(*) AS n, sum(price) AS total FROM item')) };
  },

  /** `size` reads of one row by primary key, one after another. */
  point: async (engine, size) => {
    let sum = 0;
    const started = performance.now();
    for (let i = 0; i < size; i++) {
      const rows = await engine.query('SELECT name, price, stock FROM item WHERE id = $1', [(i * 7919) % 100_000]);
      sum += Number(rows[0]?.['stock']);
    }
    return { ms: (performance.now() - started) / size, answer: String(sum) };
  },

  filter: (engine) => asked(engine, FILTER),
  group: (engine) => asked(engine, GROUP),

  /** `size` rows of five columns as objects, every value read. */
  transfer: async (engine, size) => {
    const started = performance.now();
    const rows = await engine.query('SELECT id, parity, category, amount, qty FROM big WHERE id <= $1', [size]);
    let sum = 0;
    for (const row of rows) {
      sum += (row['id'] as number) + (row['parity'] as number) + (row['amount'] as number) + (row['qty'] as number);
      sum += (row['category'] as string).length;
    }
    return { ms: performance.now() - started, answer: `${rows.length} ${sum.toFixed(2)}` };
  },
};

/** Registers the page's engine for the driver. */
export function start({ open, numbers }: Bench): void {
  let engine: Engine | undefined;
  const opened = (): Engine => {
    if (engine === undefined) throw new Error('the engine is not open');
    return engine;
  };
  globalThis.bench = {
    open: async (name) => {
      engine = await open(name);
    },
    close: async () => {
      await opened().close();
      engine = undefined;
    },
    prepare: async (rows) => {
      await opened().exec(
        `CREATE TABLE big (id int PRIMARY KEY, parity int, category text, amount double precision, qty int)`,
      );
      await opened().exec(
        `INSERT INTO big SELECT i, i % 2, 'category ' || (i % 20), ((i * 31) % 100000) / 100.0, (i * 7) % 50 ` +
          `FROM ${numbers(rows)}`,
      );
    },
    run: (workload, size) => {
      const run = workloads[workload];
      if (run === undefined) throw new Error(`no workload ${workload}`);
      return run(opened(), size);
    },
    cold: async (name) => {
      const loaded = performance.now();
      engine = await open(name);
      const isOpen = performance.now();
      const rows = await engine.query('SELECT name, price, stock FROM item WHERE id = $1', [4711]);
      const ms = performance.now();
      return { ms, answer: digest(rows), parts: { load: loaded, open: isOpen - loaded, query: ms - isOpen } };
    },
  };
}

async function asked(engine: Engine, sql: string): Promise<Measure> {
  const started = performance.now();
  const rows = await engine.query(sql);
  return { ms: performance.now() - started, answer: digest(rows) };
}

/** Rows as text that is the same for every engine: numbers to nine digits, for sums of floats differ by their order. */
function digest(rows: readonly Row[]): string {
  return rows
    .map((row) =>
      Object.values(row)
        .map((value) => (Number.isNaN(Number(value)) ? String(value) : Number(Number(value).toPrecision(9))))
        .join(' '),
    )
    .join('; ');
}
