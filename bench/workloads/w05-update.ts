/** W5: rows updated by key, 10,000 in one transaction, and one by one, each a commit of its own. */
import { itemTable } from '../harness/data.ts';
import { loadTable, type Engine, type Row } from '../harness/engine.ts';
import { type Context, digest, type Sample, settled, type Workload } from '../harness/workload.ts';

const UPDATE = 'UPDATE item SET stock = stock + 1, price = $2 WHERE id = $1';

export const update: Workload = {
  id: 'W5',
  title: 'Updates by key of 100,000 rows',
  setup: async (engine, { scale, dialect }) => {
    const table = itemTable(Math.round(100_000 * scale));
    await loadTable(engine, table, dialect);
  },
  measures: [
    {
      id: 'transaction',
      title: '10,000 in one transaction',
      where: ['worker', 'page'],
      per: 'ms',
      commits: true,
      run: (engine, context) => updates(engine, context, 10_000, true),
    },
    {
      id: 'durable',
      title: 'one by one, a commit each',
      where: ['worker', 'page'],
      per: 'ms a commit',
      commits: true,
      limit: { of: 'commit' },
      run: (engine, context) => updates(engine, context, 200, false),
    },
  ],
};

async function updates(engine: Engine, { scale }: Context, full: number, together: boolean): Promise<Sample> {
  const rows = Math.round(100_000 * scale);
  const count = Math.min(rows, Math.max(20, Math.round(full * Math.min(1, scale * 10))));
  const keys = Array.from({ length: count }, (_, i) => (i * 7919) % rows);
  const { store } = engine;
  const before = await sums(engine);
  let ms: number;
  if (store === undefined) {
    const statement = await engine.prepare(UPDATE);
    const started = performance.now();
    if (together) await engine.exec('BEGIN');
    for (const key of keys) {
      const done = statement.run([key, key / 4]);
      if (done instanceof Promise) await done;
    }
    if (together) await engine.exec('COMMIT');
    ms = performance.now() - started;
  } else {
    const change = (row: Row): Row => ({ ...row, stock: Number(row['stock']) + 1, price: Number(row['id']) / 4 });
    const started = performance.now();
    if (together) await store.update('item', keys, change);
    else for (const key of keys) await store.update('item', [key], change);
    ms = performance.now() - started;
  }
  const after = await sums(engine);
  // Rounds add up: what counts is what this one has added.
  const answer = digest([{ ...after, stock: after.stock - before.stock }]);
  return { ms: together ? ms : ms / count, answer };
}

interface Sums {
  readonly n: number;
  readonly stock: number;
  readonly price: number;
}

async function sums(engine: Engine): Promise<Sums> {
  if (engine.store === undefined) {
    const sql = 'SELECT count(*) AS n, sum(stock) AS stock, sum(price) AS price FROM item';
    const [row] = await settled(engine.rows(sql));
    return { n: Number(row?.['n']), stock: Number(row?.['stock']), price: Number(row?.['price']) };
  }
  const all = await engine.store.all('item');
  const sum = (field: string): number => all.reduce((so, row) => so + Number(row[field]), 0);
  return { n: all.length, stock: sum('stock'), price: sum('price') };
}
