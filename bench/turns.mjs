/**
 * How long statements over very many rows keep the thread: the turns of each, from one chance for others to the next, and how
 * long a cancellation waits. Collections of garbage are told apart, for no engine decides when they come.
 *
 *     npm run bench -- turns [--rows N] [--rounds N] [--workloads NAME,…]
 *
 * `turn` is the longest in processor time less collections, of the round in which it was shortest (another program's turn may
 * come between; what counts is that it can be done), `p99` of all rounds; `cancel` the longest way from a cancellation at one of
 * several moments to the answer, best of three, collections included.
 */
import { withBundled } from '../scripts/bundled.mjs';

/** Turns after which a statement is cancelled, as shares of all of its turns. */
const MOMENTS = [0.02, 0.2, 0.4, 0.6, 0.8, 0.95];

export const turns = ({ rows = 1_000_000, rounds = 3, workloads } = {}) =>
  withBundled('bench/harness/turns.ts', async (parts) => {
    const table = {};
    for (const [name, { before = '', sql, copy }] of Object.entries(statementsOver(rows))) {
      if (workloads !== undefined && !workloads.split(',').some((wanted) => name.startsWith(wanted))) continue;
      const found = [];
      for (let round = 0; round < rounds; round++) found.push(await measured(parts, rows, { before, sql, copy, name }));
      table[name] = summary(found);
      console.log(name, JSON.stringify(table[name]));
    }
    console.table(table);
  });

/** One database a statement: what was done before leaves no work for the background. */
async function measured({ openEngine, MemoryStorage, measuredTurns, Cancellation }, rows, { before, sql, copy }) {
  const turns = measuredTurns();
  const engine = await openEngine({ storage: new MemoryStorage(), host: turns.host });
  const session = engine.session();
  await session.script(setUp(rows));
  if (before !== '') await session.script(before);
  const run = async (options) => (copy === undefined ? session.script(sql, options) : copied(session, sql, copy));
  const stops = [];
  globalThis.turnsBegin?.();
  turns.begin();
  const start = performance.now();
  await run({});
  const ms = performance.now() - start;
  const lengths = await turns.withoutGarbage();
  globalThis.turnsEnd?.(await turns.spans());
  const raw = (await turns.spans()).map(({ ms }) => ms);
  await session.script('ROLLBACK').catch(() => undefined);
  if (copy === undefined && globalThis.turnsEnd === undefined)
    for (const share of MOMENTS) {
      const cancellation = new Cancellation();
      turns.begin({ turn: Math.max(1, Math.round(share * lengths.length)), call: () => cancellation.cancel() });
      const failed = await session.script(sql, { cancellation }).then(
        () => null,
        ({ code }) => code,
      );
      const waited = turns.sinceMs();
      if (failed === '57014') stops.push(waited);
      await session.script('ROLLBACK').catch(() => undefined);
      if (failed !== '57014') break;
    }
  await engine.close();
  return { ms, lengths, raw, stops };
}

/** COPY FROM STDIN in pieces of 64 KB, as a client sends a file. */
async function copied(session, sql, lines) {
  await session.script('BEGIN');
  await session.copy({ sql });
  for (const piece of lines()) await session.copy({ data: piece });
  await session.copy({ end: true });
  await session.script('COMMIT');
}

function summary(rounds) {
  const longest = ({ lengths }) => Math.max(...lengths);
  const best = rounds.reduce((a, b) => (longest(b) < longest(a) ? b : a));
  const all = rounds.flatMap(({ lengths }) => lengths).toSorted((a, b) => a - b);
  const stops = rounds.map((round) => Math.max(...round.stops, 0)).filter((stop) => stop > 0);
  const told = (value) => Math.round(value * 10) / 10;
  return {
    'time, ms': Math.round(best.ms),
    turns: best.lengths.length,
    'turn, ms': told(longest(best)),
    'p99, ms': told(all[Math.floor(all.length * 0.99)]),
    'with garbage, ms': told(Math.min(...rounds.map(({ raw }) => Math.max(...raw)))),
    'cancel, ms': stops.length === 0 ? '' : told(Math.min(...stops)),
  };
}

const setUp = (rows) => `CREATE TABLE big (id int PRIMARY KEY, a int, f float8, t text, g int);
  INSERT INTO big SELECT i, i * 7919::bigint % 1000003, i * 0.37, 'text' || (i * 7919::bigint % 1000003), i % 100
  FROM generate_series(1, ${rows}) i`;

const statementsOver = (rows) => ({
  'INSERT … SELECT': { before: 'CREATE TABLE sink (LIKE big)', sql: 'INSERT INTO sink SELECT * FROM big' },
  'INSERT … SELECT, indexes': {
    before: 'CREATE TABLE sink (LIKE big INCLUDING ALL, UNIQUE (a), UNIQUE (t))',
    sql: 'INSERT INTO sink SELECT * FROM big',
  },
  'INSERT … ON CONFLICT': {
    sql: 'INSERT INTO big SELECT id, -a, f, t, g FROM big ON CONFLICT (id) DO UPDATE SET a = excluded.a',
  },
  'CREATE TABLE AS': { sql: 'CREATE TABLE copy AS SELECT * FROM big' },
  'CREATE INDEX (int)': { sql: 'CREATE INDEX ON big (a)' },
  'CREATE INDEX (text)': { sql: 'CREATE INDEX ON big (t)' },
  'CREATE UNIQUE INDEX (2)': { sql: 'CREATE UNIQUE INDEX ON big (t, a)' },
  UPDATE: { sql: 'UPDATE big SET f = f + 1' },
  'UPDATE of all columns': { sql: "UPDATE big SET a = a + 1, f = -f, t = t || 'x', g = 0" },
  'UPDATE of an index': { before: 'CREATE INDEX ON big (a)', sql: 'UPDATE big SET a = a + 1' },
  'UPDATE of the key': { sql: 'UPDATE big SET id = id + 1' },
  'UPDATE in BEGIN, COMMIT': { sql: 'BEGIN; UPDATE big SET f = f + 1; COMMIT' },
  'UPDATE in BEGIN, ROLLBACK': { sql: 'BEGIN; UPDATE big SET f = f + 1; ROLLBACK' },
  'UPDATE … FROM': { sql: 'UPDATE big SET f = b.a FROM big b WHERE b.id = big.id' },
  'UPDATE after FOR UPDATE': { sql: 'BEGIN; SELECT id FROM big FOR UPDATE; UPDATE big SET f = f + 1; COMMIT' },
  DELETE: { sql: 'DELETE FROM big' },
  'DELETE of a half': { sql: 'DELETE FROM big WHERE id % 2 = 0' },
  'DELETE … USING': { sql: 'DELETE FROM big USING big b WHERE b.a = big.a AND b.g < 50' },
  TRUNCATE: { sql: 'TRUNCATE big' },
  'DROP TABLE': { sql: 'DROP TABLE big' },
  MERGE: {
    sql: `MERGE INTO big USING (SELECT id + ${rows / 2} AS id, a FROM big) s ON big.id = s.id
      WHEN MATCHED THEN UPDATE SET f = s.a WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.a, 0, 'new', 1)`,
  },
  'ADD COLUMN DEFAULT': { sql: 'ALTER TABLE big ADD COLUMN n int DEFAULT 5' },
  'ADD COLUMN, volatile': { sql: 'ALTER TABLE big ADD COLUMN n float8 DEFAULT random()' },
  'ADD COLUMN GENERATED': { sql: 'ALTER TABLE big ADD COLUMN n int GENERATED ALWAYS AS (a + 1) STORED' },
  'DROP COLUMN': { sql: 'ALTER TABLE big DROP COLUMN t' },
  'ADD CHECK': { sql: 'ALTER TABLE big ADD CHECK (a >= 0)' },
  'SET NOT NULL': { sql: 'ALTER TABLE big ALTER COLUMN a SET NOT NULL' },
  'ADD UNIQUE': { sql: 'ALTER TABLE big ADD UNIQUE (t)' },
  'ADD FOREIGN KEY': {
    before: `CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent SELECT generate_series(0, 1000003)`,
    sql: 'ALTER TABLE big ADD FOREIGN KEY (a) REFERENCES parent',
  },
  'ALTER COLUMN TYPE': { sql: 'ALTER TABLE big ALTER COLUMN a TYPE bigint' },
  'ALTER COLUMN TYPE, text': { sql: 'ALTER TABLE big ALTER COLUMN a TYPE text' },
  'ALTER COLUMN TYPE, key': { sql: 'ALTER TABLE big ALTER COLUMN id TYPE bigint' },
  'SET PRIMARY KEY': { sql: 'ALTER TABLE big DROP CONSTRAINT big_pkey, ADD PRIMARY KEY (t)' },
  ANALYZE: { sql: 'ANALYZE big' },
  'REFRESH MATERIALIZED VIEW': {
    before: 'CREATE MATERIALIZED VIEW seen AS SELECT id, t FROM big WITH NO DATA',
    sql: 'REFRESH MATERIALIZED VIEW seen',
  },
  'RESTORE TABLE': {
    before: 'CREATE TAG before; UPDATE big SET f = f + 1 WHERE id % 2 = 0; DELETE FROM big WHERE id % 3 = 0',
    sql: 'RESTORE TABLE big TO TAG before',
  },
  'RESTORE DATABASE': {
    before: 'CREATE TAG before; UPDATE big SET f = f + 1 WHERE id % 2 = 0; DELETE FROM big WHERE id % 3 = 0',
    sql: 'RESTORE DATABASE TO TAG before',
  },
  UNDO: { before: 'UPDATE big SET f = f + 1', sql: 'UNDO' },
  'UPDATE on a branch': { before: 'CREATE BRANCH b; USE BRANCH b', sql: 'UPDATE big SET f = f + 1' },
  'MERGE BRANCH': {
    before: 'CREATE BRANCH b; USE BRANCH b; UPDATE big SET f = f + 1; USE BRANCH main',
    sql: 'MERGE BRANCH b',
  },
  'CHECK DATABASE': { sql: 'CHECK DATABASE' },
  CHECKPOINT: { before: 'UPDATE big SET f = f + 1', sql: 'CHECKPOINT' },
  'COPY … FROM': {
    before: 'CREATE TABLE sink (LIKE big INCLUDING ALL)',
    sql: 'COPY sink FROM STDIN',
    *copy() {
      for (let from = 1; from <= rows; from += 2000) {
        const lines = [];
        for (let i = from; i < from + 2000; i++) lines.push(`${i}\t${i % 1000}\t${i / 8}\ttext${i}\t${i % 100}\n`);
        yield lines.join('');
      }
    },
  },
  'SELECT *': { sql: 'SELECT * FROM big' },
  'ORDER BY': { sql: 'SELECT id FROM big ORDER BY t' },
  'GROUP BY': { sql: 'SELECT t, count(*), max(f) FROM big GROUP BY t' },
  JOIN: { sql: 'SELECT count(*) FROM big b JOIN big c ON b.t = c.t' },
  DISTINCT: { sql: 'SELECT DISTINCT t, a FROM big' },
  'window function': { sql: 'SELECT rank() OVER (PARTITION BY g ORDER BY f) FROM big' },
  'WITH RECURSIVE': {
    sql: 'WITH RECURSIVE r(n) AS (SELECT id FROM big WHERE g < 5 UNION SELECT n + 1 FROM r WHERE n % 20 <> 0) SELECT count(*) FROM r',
  },
  EXCEPT: { sql: 'SELECT t FROM big EXCEPT SELECT t || g FROM big' },
});
