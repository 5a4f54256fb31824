/**
 * `npm run bench -- opening [--rows N] [--updates N]`: opening a big database with a long history, and its first read by key,
 * beside a small one without, and beside a small one in which thousands of definitions came and went. Each opening is a process of its own on Node's files, after a clean close; the order
 * changes, medians of eleven. Memory is what the heap and buffers hold after both, garbage collected. Uses dist/:
 * `npm run build` first.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const SMALL_ROWS = 1000;
const TIMES = 11;
/** Tables that are made and dropped. */
const DEFINITIONS = 2500;
/** Rows of one UPDATE: a statement's write set is in memory. */
const ROWS_A_STATEMENT = 100_000;

export async function opening({ rows = 1_000_000, updates = 19 } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'drift-opening-'));
  const results = { small: [], big: [], 'old definitions': [] };
  try {
    await fill(join(directory, 'small'), SMALL_ROWS, 0);
    await fill(join(directory, 'big'), rows, updates);
    await fill(join(directory, 'old definitions'), SMALL_ROWS, 0, DEFINITIONS);
    for (let i = 0; i < TIMES; i++) {
      const names = Object.keys(results);
      for (const name of i % 2 === 0 ? names : names.reverse()) {
        const key = 1 + ((i * 7919) % (name === 'big' ? rows : SMALL_ROWS));
        results[name].push(await openOnce(join(directory, name), key));
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const table = Object.fromEntries(
    Object.entries(results).map(([name, all]) => [
      name,
      Object.fromEntries(Object.keys(all[0]).map((figure) => [figure, median(all.map((one) => one[figure]))])),
    ]),
  );
  console.log(`${rows} rows × ${updates + 1} versions beside ${SMALL_ROWS} × 1; ms and MB`);
  console.table(table);
  const folder = fileURLToPath(new URL('results/', import.meta.url));
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}opening.json`, `${JSON.stringify({ rows, updates, table }, null, 2)}\n`);
}

async function fill(path, rows, updates, definitions = 0) {
  const { open } = await import('../dist/node.js');
  const db = await open(pathToFileURL(path).href);
  await db.exec(`CREATE TABLE t (id int PRIMARY KEY, k int, v double precision, name text);
    INSERT INTO t SELECT i, i % 1000, i / 4.0, 'name ' || (i % 5000) FROM generate_series(1, ${rows}) i`);
  for (let version = 1; version <= updates; version++) {
    for (let low = 1; low <= rows; low += ROWS_A_STATEMENT)
      await db.exec(
        `UPDATE t SET k = (k * 7 + ${version}) % 1009 WHERE id >= ${low} AND id < ${low + ROWS_A_STATEMENT}`,
      );
  }
  for (let i = 0; i < definitions; i++)
    await db.exec(`CREATE TABLE x${i} (a int PRIMARY KEY, b text); DROP TABLE x${i};
      ALTER TABLE t RENAME COLUMN k TO k2; ALTER TABLE t RENAME COLUMN k2 TO k`);
  await db.close();
}

/** Figures of one opening in a process of its own. */
async function openOnce(path, key) {
  const script = `
    const { open } = await import(${JSON.stringify(new URL('../dist/node.js', import.meta.url).href)});
    globalThis.gc();
    const before = process.memoryUsage();
    const cpu = process.cpuUsage();
    const started = performance.now();
    const db = await open(${JSON.stringify(pathToFileURL(path).href)});
    const opened = performance.now();
    const { rows } = await db.query('SELECT name FROM t WHERE id = $1', [${key}]);
    const read = performance.now();
    const { user, system } = process.cpuUsage(cpu);
    if (rows.length !== 1) throw new Error('no row');
    globalThis.gc();
    const after = process.memoryUsage();
    console.log(JSON.stringify({
      open: opened - started,
      'first read': read - opened,
      both: read - started,
      'computing time': (user + system) / 1000,
      heap: (after.heapUsed - before.heapUsed) / 1e6,
      buffers: (after.external - before.external) / 1e6,
    }));
    await db.close();`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--input-type=module', '-e', script]);
  return JSON.parse(stdout);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return Number(sorted[sorted.length >> 1].toFixed(2));
}
