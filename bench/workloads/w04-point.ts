/** W4: one row by its key, and the first row of a value of an indexed column, of 100,000; prepared statements. */
import { itemTable } from '../harness/data.ts';
import { loadTable, type Engine, type Prepared, type Row, type Waits } from '../harness/engine.ts';
import type { Context, Measure, Sample, Workload } from '../harness/workload.ts';

const READS = { worker: 10_000, page: 1000 };

export const point: Workload = {
  id: 'W4',
  title: 'Point reads of 100,000 rows',
  setup: async (engine, { scale, dialect }) => {
    const table = itemTable(Math.round(100_000 * scale));
    await loadTable(engine, table, dialect, ['code']);
  },
  measures: [measure('key', 'by primary key', 'id'), measure('index', 'by secondary index', 'code')],
};

function measure(id: string, title: string, column: string): Measure {
  return {
    id,
    title,
    where: ['worker', 'page'],
    per: 'ms a read',
    commits: false,
    limit: { of: 'message', where: 'page' },
    run: (engine, context) => reads(engine, context, column),
  };
}

async function reads(engine: Engine, { scale, where }: Context, column: string): Promise<Sample> {
  const rows = Math.round(100_000 * scale);
  const count = Math.max(100, Math.round(READS[where] * Math.min(1, scale * 10)));
  const { store } = engine;
  let read: (key: number) => Waits<Row | undefined>;
  if (store === undefined) {
    const statement = await engine.prepare(`SELECT name, price, stock FROM item WHERE ${column} = $1`);
    read = firstOf(statement);
  } else if (column === 'id') read = (key) => store.get('item', key);
  else read = async (key) => (await store.where('item', column, key))[0];
  let sum = 0;
  const started = performance.now();
  for (let i = 0; i < count; i++) {
    const found = read((i * 7919) % rows);
    const row = found instanceof Promise ? await found : found;
    sum += Number(row?.['stock']);
  }
  return { ms: (performance.now() - started) / count, answer: String(sum) };
}

function firstOf({ first, rows }: Prepared): (key: number) => Waits<Row | undefined> {
  if (first !== undefined) return (key) => first([key]);
  return (key) => {
    const found = rows([key]);
    return found instanceof Promise ? found.then(([row]) => row) : found[0];
  };
}
