/** Commits without an end, each reported once it is acknowledged: what the kill tests kill. */
import { open } from '../../../src/entry/browser.ts';

/** Writers that commit side by side, so that commits share flushes and a kill meets several of them in flight. */
const WRITERS = 4;

/**
 * Opens the database in a worker of its own and commits: writer w inserts (w, 1), (w, 2), … and counts them in
 * `total`, both in one transaction. Calls `acknowledged(writer, n, seq)` after each. Returns what kills the worker.
 */
export async function commitUntilKilled(
  url: string,
  acknowledged: (writer: number, n: number) => void,
): Promise<() => void> {
  const worker = startWorker();
  // A small log limit makes checkpoints frequent: kills must meet those, too.
  const db = await open(url, { worker, checkpointLogBytes: 64 * 1024 });
  await db.exec(`CREATE TABLE IF NOT EXISTS made (writer int, n int, filler text, PRIMARY KEY (writer, n));
    CREATE TABLE IF NOT EXISTS total (writer int PRIMARY KEY, n int)`);
  for (let writer = 0; writer < WRITERS; writer++) {
    const last = await db.query<{ n: number }>('SELECT coalesce(max(n), 0) AS n FROM made WHERE writer = $1', [writer]);
    const write = async (from: number): Promise<never> => {
      for (let n = from; ; n++) {
        await db.transaction(
          async (tx) => {
            await tx.query('INSERT INTO made VALUES ($1, $2, $3)', [writer, n, 'x'.repeat(n % 500)]);
            await tx.query('INSERT INTO total VALUES ($1, $2) ON CONFLICT (writer) DO UPDATE SET n = excluded.n', [
              writer,
              n,
            ]);
          },
          { author: `writer ${writer}` },
        );
        acknowledged(writer, n);
      }
    };
    // Ends with the worker; what it says then is of no interest.
    write((last.rows[0]?.n ?? 0) + 1).catch(() => undefined);
  }
  return () => worker.terminate();
}

/** A worker of one's own, which one may end. */
export function startWorker(): Worker {
  return new Worker(new URL('../../../worker/worker.ts', import.meta.url), { type: 'module' });
}
