/**
 * `npm run bench -- encryption [--rows N]`: what encryption costs on Node's file system. Each round makes, fills and scans a
 * plain database, one with AES-256-GCM and one with ChaCha20-Poly1305, one after another; the figures are medians over the
 * rounds of the processor's time, all threads together, which a busy machine does not change; and the ratios medians of each round's ratio to the plain one.
 *
 *     bulk     rows in statements of 1,000, in one transaction, and the checkpoint after it
 *     commits  single rows, each durable
 *     scan     the first sum over all columns after opening: every segment comes from the file
 *     again    the same from the cache
 *     point    1,000 rows by key from the cache, one after another
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ROUNDS = 5;

export async function encryption({ rows = 200_000 } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'drift-encryption-'));
  try {
    await build({
      root: ROOT,
      configFile: join(ROOT, 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: join(directory, 'dist') },
    });
    const { open } = await import(join(directory, 'dist/node.js'));
    const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
    const kinds = {
      plain: {},
      'aes-256-gcm': { encryption: { key } },
      'chacha20-poly1305': { encryption: { key, cipher: 'chacha20-poly1305' } },
    };
    const found = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [kind, options] of Object.entries(kinds)) {
        const times = await measure(open, join(directory, `${kind}-${round}`), options, rows);
        // The first round warms up.
        if (round > 0) found[kind].push(times);
      }
    }
    for (const [kind, all] of Object.entries(found)) {
      const line = Object.keys(all[0]).map((name) => {
        const ms = median(all.map((times) => times[name]));
        const ratio = median(all.map((times, i) => times[name] / found.plain[i][name]));
        return `${name} ${ms.toFixed(1)} ms${kind === 'plain' ? '' : ` (${ratio.toFixed(2)}×)`}`;
      });
      console.log(`${kind.padEnd(18)} ${line.join('   ')}`);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(open, path, options, rows) {
  const times = {};
  const timed = async (name, work) => {
    const start = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(start);
    times[name] = (user + system) / 1000;
  };
  let db = await open(`file://${path}`, options);
  await db.exec('CREATE TABLE t (id int PRIMARY KEY, a float8, b text, c text, d timestamptz)');
  await timed('bulk', async () => {
    await db.transaction(async (tx) => {
      for (let from = 1; from <= rows; from += 1000)
        await tx.query(
          `INSERT INTO t SELECT i, i * 0.37, 'name ' || i % 1000, md5(i::text), timestamptz '2024-01-01' + i * interval '1 minute'
           FROM generate_series($1::int, $2::int) i`,
          [from, from + 999],
        );
    });
    await db.checkpoint();
  });
  await timed('commits', async () => {
    for (let i = 1; i <= 200; i++) await db.query('INSERT INTO t VALUES ($1, 1, $2, $3, now())', [-i, 'one', 'row']);
  });
  await db.close();
  db = await open(`file://${path}`, options);
  const scan = () => db.query('SELECT sum(id), sum(a), max(b), max(c), max(d) FROM t');
  await timed('scan', scan);
  await timed('again', scan);
  await timed('point', async () => {
    for (let i = 1; i <= 1000; i++) await db.query('SELECT b FROM t WHERE id = $1', [i * 97]);
  });
  await db.close();
  await rm(path, { recursive: true });
  return times;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
