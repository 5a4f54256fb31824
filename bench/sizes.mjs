/**
 * `npm run bench -- sizes [--rows N]`: what rows take on the medium, beside their JSON and a SQLite file with the same rows.
 *
 * Two tables: a year of readings of a sensor, one a minute (temperature, humidity and pressure with a daily and a yearly
 * course and noise, as a sensor rounds them; a state), and N rows as gapminder has them (country, region, year, life
 * expectancy, fertility, population), a million by default. DriftDB's bytes are all of its files after a checkpoint, history
 * and times of versions included; SQLite's are the pages after VACUUM. Uses dist/: `npm run build` first.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Random numbers that are the same in every run. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const MINUTES = 366 * 24 * 60;
const round = (value, digits) => Number(value.toFixed(digits));

function* readings() {
  const random = generator(7);
  let [drift, pressure] = [0, 1013];
  for (let minute = 0; minute < MINUTES; minute++) {
    drift = drift * 0.999 + (random() - 0.5) * 0.1;
    pressure += (1013 - pressure) * 0.0005 + (random() - 0.5) * 0.2;
    const day = Math.sin((2 * Math.PI * minute) / 1440);
    const temperature = 10 - 12 * Math.cos((2 * Math.PI * minute) / MINUTES) + 4 * day + drift;
    yield [
      Date.UTC(2024, 0, 1) + minute * 60_000,
      round(temperature, 1),
      round(60 - 15 * day + drift * 3 + random(), 1),
      round(pressure, 1),
      random() < 0.001 ? 'fault' : 'ok',
    ];
  }
}

function* countries(rows) {
  const random = generator(11);
  const regions = [
    'Sub-Saharan Africa',
    'East Asia & Pacific',
    'Europe & Central Asia',
    'America',
    'South Asia',
    'Middle East',
  ];
  let id = 0;
  for (let country = 0; id < rows; country++) {
    const name = `${['North', 'South', 'East', 'West', 'New'][country % 5]} ${(country * 7919).toString(36)}land`;
    let [life, fertility, population] = [40 + random() * 25, 3 + random() * 4, Math.floor(1e5 + random() ** 3 * 1e8)];
    for (let year = 1955; year < 2005 && id < rows; year++) {
      life = Math.min(84, life + random() * 0.6 - 0.05);
      fertility = Math.max(1.1, fertility - random() * 0.08);
      population = Math.floor(population * (1 + random() * 0.03));
      yield [++id, name, regions[country % regions.length], year, round(life, 2), round(fertility, 2), population];
    }
  }
}

const TABLES = [
  {
    title: 'a year of one-minute readings',
    columns: ['at', 'temperature', 'humidity', 'pressure', 'state'],
    drift: 'at timestamptz PRIMARY KEY, temperature float8, humidity float8, pressure float8, state text',
    sqlite: 'at INTEGER PRIMARY KEY, temperature REAL, humidity REAL, pressure REAL, state TEXT',
    rows: readings,
    asDrift: ([at, ...rest]) => [new Date(at), ...rest],
    asJson: ([at, ...rest]) => [new Date(at).toISOString(), ...rest],
  },
  {
    title: 'gapminder-like rows',
    columns: ['id', 'country', 'region', 'year', 'life_expectancy', 'fertility', 'population'],
    drift:
      'id int PRIMARY KEY, country text, region text, year int, life_expectancy float8, fertility float8, population int',
    sqlite:
      'id INTEGER PRIMARY KEY, country TEXT, region TEXT, year INTEGER, life_expectancy REAL, fertility REAL, population INTEGER',
    rows: countries,
    asDrift: (row) => row,
    asJson: (row) => row,
  },
];

async function inDrift({ drift, columns, rows, asDrift }, count) {
  const { MemoryStorage, open } = await import('../dist/engine.js');
  const storage = new MemoryStorage();
  const db = await open(storage);
  await db.exec(`CREATE TABLE t (${drift})`);
  const stream = function* () {
    for (const row of rows(count)) yield asDrift(row);
  };
  const copied = await db.copyFrom('t', stream(), { columns });
  const [found] = (await db.query('SELECT count(*) AS n FROM t')).rows;
  if (found.n !== copied) throw new Error(`${found.n} rows of ${copied}`);
  await db.checkpoint();
  await db.close();
  return storage.list().reduce((sum, name) => sum + storage.open(name).size(), 0);
}

/** The package is made for browsers: it fetches its code, which Node does not from files. */
async function startSqlite() {
  const folder = new URL('../node_modules/@sqlite.org/sqlite-wasm/sqlite-wasm/jswasm/', import.meta.url);
  const code = await readFile(new URL('sqlite3.wasm', folder));
  const { fetch } = globalThis;
  globalThis.fetch = async () => new Response(code, { headers: { 'content-type': 'application/wasm' } });
  try {
    const { default: start } = await import(new URL('sqlite3.mjs', folder).href);
    return await start({ print: () => undefined, printErr: () => undefined });
  } finally {
    globalThis.fetch = fetch;
  }
}

async function inSqlite({ sqlite, columns, rows }, count) {
  const { oo1 } = await startSqlite();
  const db = new oo1.DB(':memory:');
  db.exec(`CREATE TABLE t (${sqlite}); BEGIN`);
  const insert = db.prepare(`INSERT INTO t VALUES (${columns.map(() => '?').join(', ')})`);
  for (const row of rows(count)) insert.bind(row).stepReset();
  insert.finalize();
  db.exec('COMMIT; VACUUM');
  const bytes = db.selectValue('PRAGMA page_count') * db.selectValue('PRAGMA page_size');
  db.close();
  return bytes;
}

export async function sizes({ rows = 1_000_000 } = {}) {
  const results = [];
  for (const table of TABLES) {
    let [json, count] = [2, 0];
    for (const row of table.rows(rows)) {
      const object = Object.fromEntries(table.asJson(row).map((value, i) => [table.columns[i], value]));
      json += Buffer.byteLength(JSON.stringify(object)) + 1;
      count++;
    }
    const [drift, sqlite] = [await inDrift(table, rows), await inSqlite(table, rows)];
    const share = (of) => `${((100 * drift) / of).toFixed(1)} %`;
    results.push({
      table: table.title,
      rows: count,
      drift,
      json,
      sqlite,
      ofJson: share(json),
      ofSqlite: share(sqlite),
    });
    console.log(results.at(-1));
  }
  const folder = new URL('results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(fileURLToPath(new URL('sizes.json', folder)), `${JSON.stringify(results, null, 2)}\n`);
}
