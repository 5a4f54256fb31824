/**
 * What SERIALIZABLE costs beside REPEATABLE READ, where transactions do not meet: eight sessions at once, each in a range
 * of keys of its own, read by key, by range and by index, change and insert. Rounds of the levels alternate.
 *
 *     npm run bench -- isolation [--rounds N]
 */
import { withBundled } from '../scripts/bundled.mjs';

const SESSIONS = 8;
const ROWS = 1000;
const TRANSACTIONS = 40;
const LEVELS = ['read committed', 'repeatable read', 'serializable'];

export const isolation = ({ rounds = 15 } = {}) =>
  withBundled('src/entry/node.ts', async ({ open }) => {
    const db = await open('memory://');
    await db.exec('CREATE TABLE t (id int PRIMARY KEY, part int, v int); CREATE INDEX ON t (part)');
    await db.query(`INSERT INTO t SELECT i, i / 10, 0 FROM generate_series(0, ${SESSIONS * ROWS - 1}) i`);
    await db.exec('CREATE TABLE log (session int, n int, PRIMARY KEY (session, n))');
    let inserted = 0;
    const run = async (isolation, session, own) => {
      for (let n = 0; n < TRANSACTIONS; n++) {
        const id = own * ROWS + ((n * 37) % (ROWS - 20));
        await session.begin({ isolation });
        for (let k = 0; k < 4; k++) await session.query('SELECT v FROM t WHERE id = $1', [id + k]);
        await session.query('SELECT sum(v) FROM t WHERE id BETWEEN $1 AND $2', [id, id + 9]);
        await session.query('SELECT count(*) FROM t WHERE part = $1', [Math.floor(id / 10)]);
        await session.query('UPDATE t SET v = v + 1 WHERE id = $1', [id]);
        await session.query('INSERT INTO log VALUES ($1, $2)', [own, ++inserted]);
        await session.commit();
      }
    };
    const sessions = Array.from({ length: SESSIONS }, () => db.session());
    const times = new Map(LEVELS.map((level) => [level, []]));
    for (let round = -2; round < rounds; round++) {
      for (const level of LEVELS) {
        const start = performance.now();
        await Promise.all(sessions.map((session, own) => run(level, session, own)));
        if (round >= 0) times.get(level).push((performance.now() - start) * (1000 / (SESSIONS * TRANSACTIONS)));
      }
    }
    const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
    for (const [level, list] of times) console.log(`${level.padEnd(16)} ${median(list).toFixed(0)} µs a transaction`);
    const ratios = times.get('serializable').map((ms, i) => ms / times.get('repeatable read')[i]);
    console.log(`serializable / repeatable read: ${median(ratios).toFixed(2)} (median of ${ratios.length} rounds)`);
    await db.close();
  });
