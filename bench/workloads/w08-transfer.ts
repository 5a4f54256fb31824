/** W8: 100,000 rows of six columns to the main thread: as objects, as arrays, as columns; every value read there. */
import { bigTable } from '../harness/data.ts';
import { loadTable, type Engine } from '../harness/engine.ts';
import { NotApplicable, type Sample, type Workload } from '../harness/workload.ts';

const SQL = 'SELECT id, item, category, amount, qty, note FROM big';

export const transfer: Workload = {
  id: 'W8',
  title: '100,000 rows to the main thread',
  setup: async (engine, { scale, dialect }) => {
    const table = bigTable(Math.round(100_000 * scale));
    await loadTable(engine, table, dialect);
  },
  measures: [
    { id: 'objects', title: 'as objects', where: ['page'], per: 'ms', commits: false, run: objects },
    { id: 'arrays', title: 'as arrays', where: ['page'], per: 'ms', commits: false, run: arrays },
    {
      id: 'columns',
      title: 'as columns',
      where: ['page'],
      per: 'ms',
      commits: false,
      limit: { of: 'columns', scaled: true },
      run: columns,
    },
  ],
};

async function objects(engine: Engine): Promise<Sample> {
  const started = performance.now();
  const rows = engine.store === undefined ? await engine.rows(SQL) : await engine.store.all('big');
  let sum = 0;
  for (const row of rows) {
    sum += Number(row['id']) + Number(row['item']) + Number(row['amount']) + Number(row['qty']);
    sum += (row['category'] as string).length + (row['note'] as string).length;
  }
  return { ms: performance.now() - started, answer: sum.toFixed(2) };
}

async function arrays(engine: Engine): Promise<Sample> {
  if (engine.arrays === undefined) throw new NotApplicable('no rows as arrays');
  const started = performance.now();
  const rows = await engine.arrays(SQL);
  let sum = 0;
  for (const row of rows) {
    sum += Number(row[0]) + Number(row[1]) + Number(row[3]) + Number(row[4]);
    sum += (row[2] as string).length + (row[5] as string).length;
  }
  return { ms: performance.now() - started, answer: sum.toFixed(2) };
}

async function columns(engine: Engine): Promise<Sample> {
  if (engine.columns === undefined) throw new NotApplicable('no columns');
  const started = performance.now();
  const [id, item, category, amount, qty, note] = await engine.columns(SQL);
  if (id === undefined || item === undefined || amount === undefined || qty === undefined)
    throw new NotApplicable('no columns');
  if (category === undefined || note === undefined) throw new NotApplicable('no columns');
  let sum = 0;
  for (let i = 0; i < id.length; i++) {
    sum += Number(id[i]) + Number(item[i]) + Number(amount[i]) + Number(qty[i]);
    sum += (category[i] as string).length + (note[i] as string).length;
  }
  return { ms: performance.now() - started, answer: sum.toFixed(2) };
}
