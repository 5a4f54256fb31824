/** W3: 100,000 rows into an empty table in one transaction, one INSERT a row with parameters, and by the bulk path. */
import { itemTable } from '../harness/data.ts';
import { createTable, type Engine, insertOne, rowsOf, type TableData } from '../harness/engine.ts';
import { type Context, digest, NotApplicable, type Sample, settled, type Workload } from '../harness/workload.ts';

const CHECK = 'SELECT count(*) AS n, sum(price) AS prices, max(code) AS most FROM load';

export const load: Workload = {
  id: 'W3',
  title: 'Load 100,000 rows',
  setup: async () => undefined,
  measures: [
    {
      id: 'bulk',
      title: "the engine's bulk path",
      where: ['worker', 'page'],
      per: 'ms',
      commits: true,
      run: (engine, context) => loaded(engine, context, (table) => engine.bulk(table)),
    },
    // Last, for who takes too long cannot be asked anything more.
    {
      id: 'parameters',
      title: 'prepared INSERT of each row, one transaction',
      where: ['worker', 'page'],
      per: 'ms',
      commits: true,
      run: (engine, context) => {
        if (engine.store !== undefined) throw new NotApplicable('no statements');
        return loaded(engine, context, byParameters);
      },
    },
  ],
};

async function loaded(
  engine: Engine,
  { scale, dialect }: Context,
  fill: (table: TableData, engine: Engine) => unknown,
): Promise<Sample> {
  const table = itemTable(Math.round(100_000 * scale), 'load');
  if (engine.store !== undefined) await engine.store.create('load', 'id', []);
  else await engine.exec(`DROP TABLE IF EXISTS load; ${createTable(table, dialect)}`);
  const started = performance.now();
  await fill(table, engine);
  const ms = performance.now() - started;
  if (engine.store === undefined) return { ms, answer: digest(await settled(engine.rows(CHECK))) };
  const rows = await engine.store.all('load');
  const total = rows.reduce((sum, row) => sum + Number(row['price']), 0);
  const most = rows.reduce((so, row) => Math.max(so, Number(row['code'])), 0);
  return { ms, answer: digest([{ n: rows.length, prices: total, most }]) };
}

/** A call that gives a promise is waited for; one that does not costs no turn. */
async function byParameters(table: TableData, engine: Engine): Promise<void> {
  await engine.exec('BEGIN');
  const statement = await engine.prepare(insertOne(table));
  for (const row of rowsOf(table)) {
    const done = statement.run(row);
    if (done instanceof Promise) await done;
  }
  await engine.exec('COMMIT');
}
