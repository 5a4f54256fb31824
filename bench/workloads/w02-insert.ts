/** W2: one row after the other inserted, each a commit of its own; what the medium is asked for with each. */
import { itemTable } from '../harness/data.ts';
import { createTable, type Engine, insertOne } from '../harness/engine.ts';
import { opfsCalls } from '../harness/opfs-calls.ts';
import { type Context, percentile, type Sample, settled, type Workload } from '../harness/workload.ts';

const INSERTS = 300;

export const insert: Workload = {
  id: 'W2',
  title: 'Durable insert',
  setup: async (engine, { dialect }) => {
    if (engine.store !== undefined) await engine.store.create('event', 'id', []);
    else await engine.exec(createTable(itemTable(0, 'event'), dialect));
  },
  measures: [
    {
      id: 'insert',
      title: 'INSERT of one row, a commit each',
      where: ['worker', 'page'],
      per: 'ms a commit',
      commits: true,
      limit: { of: 'commit' },
      run: inserts,
    },
  ],
};

async function inserts(engine: Engine, context: Context): Promise<Sample> {
  const count = Math.max(20, Math.round(INSERTS * Math.min(1, context.scale * 10)));
  const table = itemTable(count, 'event');
  const first = (context.kept.get('next') as number | undefined) ?? 0;
  context.kept.set('next', first + count);
  const statement = engine.store === undefined ? await engine.prepare(insertOne(table)) : undefined;
  const times: number[] = [];
  const before = { ...opfsCalls };
  const started = performance.now();
  let last = started;
  for (let i = 0; i < count; i++) {
    const id = first + i;
    if (statement === undefined) {
      await engine.store?.add('event', [{ id, name: `event ${id}`, price: id / 4, stock: id % 100, code: id }]);
    } else {
      const done = statement.run([id, `event ${id}`, id / 4, id % 100, id]);
      if (done instanceof Promise) await done;
    }
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  const ms = (last - started) / count;
  times.sort((a, b) => a - b);
  const rows =
    engine.store === undefined
      ? Number((await settled(engine.rows('SELECT count(*) AS n FROM event')))[0]?.['n'])
      : (await engine.store.all('event')).length;
  const counted = context.where === 'worker' && opfsCalls.flushes > before.flushes;
  return {
    ms,
    answer: String(rows === first + count),
    figures: {
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      ...(counted
        ? {
            writes: (opfsCalls.writes - before.writes) / count,
            flushes: (opfsCalls.flushes - before.flushes) / count,
            bytes: (opfsCalls.bytes - before.bytes) / count,
          }
        : {}),
    },
  };
}
