/**
 * W1: cold start and reopening, of a database of 100,000 rows.
 *
 * The navigations are the runner's (`runner/cold.mjs`): a page of the smallest application, in a process of its own, to
 * its first answer. `reopen` is in a worker that has the engine's code already: closed, opened again, to the first row
 * read by its key.
 */
import { itemTable } from '../harness/data.ts';
import { loadTable } from '../harness/engine.ts';
import { type Context, digest, NotApplicable, type Sample, settled, type Workload } from '../harness/workload.ts';

export const start: Workload = {
  id: 'W1',
  title: 'Start',
  setup: async (engine, { scale, dialect }) => {
    const table = itemTable(Math.round(100_000 * scale));
    await loadTable(engine, table, dialect);
  },
  measures: [
    {
      id: 'reopen',
      title: 'reopen 100,000 rows, to the first row by key',
      where: ['worker'],
      per: 'ms',
      commits: false,
      persisted: true,
      run: (_, context) => reopen(context),
    },
  ],
};

async function reopen({ mode, reopen }: Context): Promise<Sample> {
  if (mode === 'memory') throw new NotApplicable('memory');
  const open = await reopen();
  const started = performance.now();
  const engine = await open();
  const rows =
    engine.store === undefined
      ? await settled(engine.rows('SELECT name, price, stock FROM item WHERE id = $1', [47]))
      : [(await engine.store.get('item', 47)) ?? {}];
  const ms = performance.now() - started;
  const { name, price, stock } = rows[0] ?? {};
  return { ms, answer: digest([{ name, price, stock }]) };
}
