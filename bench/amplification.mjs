/**
 * `npm run bench -- amplification [--rows N]`: how much is written and kept for each byte that a program changes.
 *
 * Three loads over a table of N rows, in transactions of ten rows: updates of rows chosen uniformly and by Zipf's law
 * (0.99), and inserts with ascending keys; as many changes as there are rows, times four for updates. Bytes of a change are
 * those of its row as a program holds it (numbers 8, text its UTF-8, and 16 for the interval). Uses dist/: `npm run build`
 * first.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const BATCH = 10;
const NAMES = 5000;

/** Wraps a storage and counts what is written, by kind of file. */
function counting(storage, written) {
  return {
    medium: storage.medium,
    acquire: () => storage.acquire(),
    list: () => storage.list(),
    async open(name) {
      const file = await storage.open(name);
      const kind = name.replace(/-.*/, '');
      return {
        name,
        size: () => file.size(),
        read: (offset, length) => file.read(offset, length),
        write(offset, bytes) {
          // Logs are grown with zeros ahead of what is written: that is not the load's.
          if (kind !== 'log' || bytes.some((byte) => byte !== 0)) written[kind] = (written[kind] ?? 0) + bytes.length;
          return file.write(offset, bytes);
        },
        truncate: (size) => file.truncate(size),
        flush: () => file.flush(),
        close: () => file.close(),
      };
    },
    remove: (name) => storage.remove(name),
    close: () => storage.close(),
  };
}

/** Random numbers that are the same in every run. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Ranks by Zipf's law, as in Gray and others, "Quickly generating billion-record synthetic databases". */
function zipf(n, theta, random) {
  let zeta = 0;
  for (let i = 1; i <= n; i++) zeta += 1 / i ** theta;
  const alpha = 1 / (1 - theta);
  const eta = (1 - (2 / n) ** (1 - theta)) / (1 - (1 + 0.5 ** theta) / zeta);
  return () => {
    const u = random();
    const uz = u * zeta;
    if (uz < 1) return 0;
    if (uz < 1 + 0.5 ** theta) return 1;
    // Scattered, so that the frequent ones do not stand together.
    return (Math.floor(n * (eta * u - eta + 1) ** alpha) * 7919) % n;
  };
}

export async function amplification({ rows = 100_000 } = {}) {
  const engine = await import('../dist/engine.js');
  const loads = {
    uniform: (random) => () => Math.floor(random() * rows),
    'zipf 0.99': (random) => zipf(rows, 0.99, random),
    'append only': null,
  };
  const table = [];
  for (const [name, pick] of Object.entries(loads)) {
    const written = {};
    const db = await engine.open(counting(new engine.MemoryStorage(), written));
    await db.exec('CREATE TABLE t (id int PRIMARY KEY, k int, v double precision, name text)');
    const random = generator(1);
    const rowBytes = (name) => 3 * 8 + name.length + 16;
    let userBytes = 0;
    const started = performance.now();
    await insertRows(db, 0, rows, random, pick === null ? BATCH : 1000, (n) => (userBytes += rowBytes(n)));
    if (pick !== null) {
      await db.checkpoint();
      for (const key of Object.keys(written)) written[key] = 0;
      const initial = userBytes;
      const next = pick(random);
      for (let i = 0; i < (4 * rows) / BATCH; i++) {
        await db.transaction(async (tx) => {
          for (let j = 0; j < BATCH; j++) {
            const text = `name ${Math.floor(random() * NAMES)}`;
            userBytes += rowBytes(text);
            await tx.query('UPDATE t SET k = $2, name = $3 WHERE id = $1', [next(), Math.floor(random() * 1000), text]);
          }
        });
      }
      table.push({ load: name, initial, ...(await figures(db, userBytes, userBytes - initial, written, started)) });
    } else {
      table.push({ load: name, initial: 0, ...(await figures(db, userBytes, userBytes, written, started)) });
    }
    await db.close();
  }
  console.table(Object.fromEntries(table.map(({ load, ...rest }) => [load, rest])));
  const results = fileURLToPath(new URL('results/', import.meta.url));
  await mkdir(results, { recursive: true });
  await writeFile(`${results}amplification.json`, `${JSON.stringify({ rows, loads: table }, null, 2)}\n`);
}

async function insertRows(db, from, to, random, batch, note) {
  for (let start = from; start < to; start += batch) {
    const values = [];
    for (let id = start; id < Math.min(start + batch, to); id++) {
      const name = `name ${Math.floor(random() * NAMES)}`;
      note(name);
      values.push(`(${id}, ${Math.floor(random() * 1000)}, ${Math.floor(random() * 1e6) / 4}, '${name}')`);
    }
    await db.query(`INSERT INTO t VALUES ${values.join(',')}`);
  }
}

async function figures(db, allBytes, changedBytes, written, started) {
  await db.checkpoint();
  const { rows: statistics } = await db.query('SELECT name, value FROM drift.storage');
  const disk = Number(statistics.find(({ name }) => name === 'diskBytes').value);
  const ratio = (bytes) => Number((bytes / changedBytes).toFixed(2));
  const { rows: work } = await db.query(
    'SELECT kind, count(*) AS n, sum(bytes_written) AS bytes FROM drift.maintenance GROUP BY kind',
  );
  return {
    'log written': ratio(written.log ?? 0),
    'segments written': ratio(written.pack ?? 0),
    'all written': ratio(Object.values(written).reduce((sum, bytes) => sum + bytes, 0)),
    space: Number((disk / allBytes).toFixed(2)),
    checkpoints: Number(work.find(({ kind }) => kind === 'checkpoint')?.n ?? 0),
    'time splits': Number(work.find(({ kind }) => kind === 'time split')?.n ?? 0),
    seconds: Number(((performance.now() - started) / 1000).toFixed(1)),
  };
}
