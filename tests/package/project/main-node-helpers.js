/** A big scan, which a worker thread of the package helps with. Prints whether it did, and the answer. */
import { open } from 'driftdb-web';

const db = await open('memory://', { helpers: 1 });
await db.exec(`CREATE TABLE t (id int PRIMARY KEY, x int);
  INSERT INTO t SELECT i, i % 100 FROM generate_series(1, 200000) i; CHECKPOINT; SET parallel_setup_cost = 0`);
const sql = 'SELECT count(*) AS n, sum(x) AS s FROM t WHERE x > 3';
let launched = '';
// Nobody waits for a helper that is still starting.
for (let i = 0; i < 300 && !launched.endsWith(' 1'); i++) {
  const { rows } = await db.query(`EXPLAIN ANALYZE ${sql}`);
  launched = rows.map((row) => row['QUERY PLAN']).find((line) => line.includes('Workers Launched')) ?? '';
}
const { rows } = await db.query(sql);
console.log(JSON.stringify({ launched: launched.trim(), rows }));
// Without db.close(): a helper that nobody waits for does not keep the process.
