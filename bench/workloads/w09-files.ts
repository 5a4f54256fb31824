/**
 * W9: the files of SQL by which engines in browsers are usually compared, each run as one script, in their order. They are
 * read from the corpora beside the checkout.
 */
import type { Engine } from '../harness/engine.ts';
import {
  type Context,
  digest,
  type Measure,
  NotApplicable,
  type Sample,
  settled,
  type Workload,
} from '../harness/workload.ts';

const FILES = ['1', '2', '2.1', '3', '3.1', '4', '5', '6', '7', '8', '9', '10', '11', '12', '13', '14', '15', '16'];
const TABLES = ['t1', 't2', 't3', 't2_1', 't3_1'];

export const files: Workload = {
  id: 'W9',
  title: 'The usual 18 files of SQL',
  setup: async (engine, context) => {
    if (engine.store !== undefined) throw new NotApplicable('no statements');
    await context.text('/corpora/benchmark-sql/benchmark1.sql');
  },
  measures: FILES.map((name): Measure => ({
    id: `file-${name}`,
    title: `file ${name}`,
    where: ['page'],
    per: 'ms',
    commits: true,
    // Each needs what those before it have left.
    inOrder: true,
    run: (engine, context) => file(engine, context, name),
  })),
};

async function file(engine: Engine, context: Context, name: string): Promise<Sample> {
  const sql = await context.text(`/corpora/benchmark-sql/benchmark${name}.sql`);
  if (name === '1') for (const table of TABLES) await engine.exec(`DROP TABLE IF EXISTS ${table}`);
  const started = performance.now();
  const done = engine.exec(sql);
  if (done instanceof Promise) await done;
  const ms = performance.now() - started;
  if (name !== '15') return { ms, answer: '' };
  const states: string[] = [];
  for (const table of TABLES)
    states.push(digest(await settled(engine.rows(`SELECT count(*) AS n, sum(a) AS a, sum(b) AS b FROM ${table}`))));
  return { ms, answer: states.join(', ') };
}
