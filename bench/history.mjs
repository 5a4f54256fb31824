/**
 * `npm run bench -- history [--rows N] [--rounds N]`: what history costs the present, and what the past costs.
 *
 * Tables of as many rows, with 0, 1, 5, 20 and 50 old versions a row on average, updated evenly or after Zipf's law
 * (0.99: a few rows have most of the versions). Then, all databases open and taking turns: work on the present, in ratio
 * to the table without history; reads AS OF 1 to 99 % of the age, in ratio to the same read of now; one row's
 * history; and the difference of two moments of a table of a million rows. On Node, with the package as it is built, each
 * table in a process of its own, so that none pays for the garbage of another or runs what was compiled for it. Figures
 * are computing time, the best of the rounds: whatever else the machine does only ever adds to it.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const VERSIONS = [0, 1, 5, 20, 50];
const AGES = [1, 10, 50, 95, 99];
const KINDS = 1000;
const ROWS_A_COMMIT = 1000;
const ZIPF = 0.99;
const WARM_UP = 12;
/** Goals of ratios to the present. */
const GOALS = { point: 1.5, range: 2.2, scan: 2.2, join: 2.5 };
const DIFF = { rows: 1_000_000, changes: 1000, goalMs: 50 };

export async function history({ rows = 100_000, rounds = 15, versions = VERSIONS } = {}) {
  const { open } = await import('../dist/node.js');
  const results = {};
  for (const law of ['uniform', 'zipf']) {
    const tables = [];
    for (const count of versions) tables.push(await inProcess(rows, count, law));
    results[law] = await measure(tables, rounds);
    for (const { end } of tables) await end();
    print(law, results[law], versions);
  }
  results.diff = await difference(open, rounds);
  console.log(
    `\ntable_diff of ${DIFF.changes} changes in ${DIFF.rows} rows: ${results.diff.toFixed(1)} ms (goal ≤ ${DIFF.goalMs})`,
  );
  const folder = fileURLToPath(new URL('results/', import.meta.url));
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}history.json`, `${JSON.stringify({ rows, versions, ...results }, null, 2)}\n`);
}

// ---- tables --------------------------------------------------------------------------------------------------------

async function build(open, rows, versions, law) {
  const db = await open('memory://', { durability: 'relaxed' });
  await db.exec(`CREATE TABLE kind (k int PRIMARY KEY, name text);
    INSERT INTO kind SELECT i, 'kind ' || i FROM generate_series(0, ${KINDS - 1}) i;
    CREATE TABLE item (id int PRIMARY KEY, k int, v int NOT NULL, x double precision, name text);
    INSERT INTO item SELECT i, i * 7919 % ${KINDS}, 0, i / 4.0, 'row ' || (i % 1000) FROM generate_series(1, ${rows}) i;
    CREATE INDEX by_kind ON item (k)`);
  const first = (await db.status()).lastSeq;
  const ids = law === 'uniform' ? evenly(rows) : zipf(rows);
  for (let updated = 0; updated < rows * versions;) {
    const some = new Set();
    for (let i = 0; i < ROWS_A_COMMIT; i++) some.add(ids());
    await db.query('UPDATE item SET v = v + 1 WHERE id = ANY ($1)', [[...some]]);
    updated += some.size;
  }
  const last = (await db.status()).lastSeq;
  await db.checkpoint();
  const { rows: most } = await db.query('SELECT id, v FROM item ORDER BY v DESC LIMIT 1');
  return { db, versions, first, last, busiest: most[0] };
}

function evenly(rows) {
  let next = 0;
  return () => 1 + ((next++ * 7919) % rows);
}

/** Row numbers after Zipf's law, the busy ones spread over the table. */
function zipf(rows) {
  const bounds = new Float64Array(rows);
  let sum = 0;
  for (let i = 0; i < rows; i++) bounds[i] = sum += 1 / (i + 1) ** ZIPF;
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const wanted = (state / 2 ** 32) * sum;
    let [low, high] = [0, rows - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (bounds[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return 1 + ((low * 7919) % rows);
  };
}

// ---- measuring -----------------------------------------------------------------------------------------------------

/** Computing time in ms. */
async function cpu(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const READS = {
  point: async (db, from, rows) => {
    const sql = `SELECT v, name FROM item ${from} WHERE id = $1`;
    for (let i = 0; i < 300; i++) await db.query(sql, [1 + ((i * 104_729) % rows)]);
  },
  range: async (db, from) => {
    const sql = `SELECT sum(v), count(*) FROM item ${from} WHERE k BETWEEN $1 AND $2`;
    for (let i = 0; i < 10; i++) await db.query(sql, [i * 90, i * 90 + 3]);
  },
  scan: async (db, from) => {
    for (let i = 0; i < 10; i++) await db.query(`SELECT count(*), sum(v), sum(x) FROM item ${from}`);
  },
  join: async (db, from) => {
    const kind = from === '' ? 'kind' : `kind ${from}`;
    for (let i = 0; i < 3; i++)
      await db.query(`SELECT kind.name, sum(v) FROM item ${from} JOIN ${kind} ON kind.k = item.k GROUP BY 1`);
  },
};

const WRITES = {
  insert: async (db, rows, round) => {
    for (let i = 0; i < 300; i++)
      await db.query('INSERT INTO item VALUES ($1, 1, 0, 0, NULL)', [rows + 1 + round * 300 + i]);
  },
  update: async (db, rows, round) => {
    for (let i = 0; i < 300; i++)
      await db.query('UPDATE item SET v = v + 1 WHERE id = $1', [1 + (((round * 300 + i) * 15_485_863) % rows)]);
  },
};

/** One round of all measures of a table: [name, ms] each. */
async function oneRound({ db, versions, first, last, busiest }, rows, round) {
  const found = [];
  const take = async (name, work) => found.push([name, await cpu(work)]);
  for (const [name, read] of Object.entries(READS)) {
    await take(name, () => read(db, '', rows));
    if (versions === 0) continue;
    for (const age of AGES) {
      const seq = first + Math.round(((last - first) * age) / 100);
      await take(`${name} ${age}`, () => read(db, `FOR SYSTEM_TIME AS OF SEQ ${seq}`, rows));
    }
  }
  await take('row_history', () => db.query("SELECT count(*) FROM row_history('item', $1)", [busiest.id]));
  for (const [name, write] of Object.entries(WRITES)) await take(name, () => write(db, rows, round));
  return found;
}

/** A table in a process of its own, which answers when it is asked for a round. */
async function inProcess(rows, versions, law) {
  const child = fork(fileURLToPath(import.meta.url), ['a table', rows, versions, law].map(String));
  const [{ busiest }] = await once(child, 'message');
  return {
    versions,
    busiest,
    round: async (round) => {
      child.send(round);
      return (await once(child, 'message'))[0];
    },
    end: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

if (process.argv[2] === 'a table') {
  const { open } = await import('../dist/node.js');
  const [rows, versions] = process.argv.slice(3, 5).map(Number);
  // A small table with a past first, so that everything has been compiled alike, with history or without.
  const small = await build(open, rows / 10, 5, 'uniform');
  for (let round = 0; round < WARM_UP; round++) await oneRound(small, rows / 10, round);
  await small.db.close();
  const table = await build(open, rows, versions, process.argv[5]);
  process.on('message', async (round) => process.send(await oneRound(table, rows, round)));
  process.send({ busiest: table.busiest.v });
}

/** Rounds of all tables by turns. */
async function measure(tables, rounds) {
  const best = {};
  // The first two rounds warm up and do not count.
  for (let round = 0; round < rounds + 2; round++) {
    for (const { versions, round: run } of round % 2 === 0 ? tables : tables.toReversed())
      for (const [name, ms] of await run(round))
        if (round > 1) best[`${versions} ${name}`] = Math.min(ms, best[`${versions} ${name}`] ?? Infinity);
  }
  return { best, busiest: Object.fromEntries(tables.map(({ versions, busiest }) => [versions, busiest])) };
}

async function difference(open, rounds) {
  const db = await open('memory://', { durability: 'relaxed' });
  await db.exec(`CREATE TABLE big (id int PRIMARY KEY, v int, name text);
    INSERT INTO big SELECT i, i, 'name ' || (i % 1000) FROM generate_series(1, ${DIFF.rows}) i`);
  await db.checkpoint();
  const { lastSeq } = await db.status();
  const step = DIFF.rows / DIFF.changes;
  for (let part = 0; part < 10; part++)
    await db.query(`UPDATE big SET v = v + 1 WHERE id % ${step} = 0 AND id / ${step} % 10 = $1`, [part]);
  const times = [];
  for (let round = 0; round <= rounds; round++) {
    const ms = await cpu(async () => {
      const { rows } = await db.query(`SELECT count(*)::int AS n FROM table_diff('big', ${lastSeq}, ${lastSeq + 10})`);
      if (rows[0].n !== DIFF.changes) throw new Error(`${rows[0].n} changes`);
    });
    if (round > 0) times.push(ms);
  }
  await db.close();
  return Math.min(...times);
}

// ---- the table -----------------------------------------------------------------------------------------------------

function print(law, { best, busiest }, versions) {
  console.log(`\n${law}: the present, in ratio to the table without history (goal ≤ 1.05)`);
  const present = {};
  for (const name of [...Object.keys(READS), ...Object.keys(WRITES)])
    present[name] = Object.fromEntries(
      versions.map((count) => [`${count} versions`, ratio(best[`${count} ${name}`], best[`0 ${name}`])]),
    );
  console.table(present);
  console.log(`${law}: AS OF, in ratio to the same read of now`);
  const past = {};
  for (const [name, goal] of Object.entries(GOALS))
    for (const count of versions.filter((some) => some > 0))
      past[`${name} (≤ ${goal}), ${count} versions`] = Object.fromEntries(
        AGES.map((age) => [`${age} %`, ratio(best[`${count} ${name} ${age}`], best[`${count} ${name}`])]),
      );
  console.table(past);
  console.log(`${law}: history of the row with the most versions, ms`);
  console.table(
    versions.map((count) => ({ versions: busiest[count] + 1, ms: Number(best[`${count} row_history`].toFixed(2)) })),
  );
}

function ratio(a, b) {
  return Number((a / b).toFixed(2));
}
