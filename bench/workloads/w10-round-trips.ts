/**
 * W10: the usual suite of round trips: twelve statements of an application, each a hundred times, one after the other.
 *
 * As it is usually run (`usual`), rows are looked up that were never inserted and columns set to what they are: most of it
 * costs an engine nothing. The honest form (`honest`) runs the same statements on rows that exist and changes what they hold.
 */
import { createTable, type Engine, type TableData, type Value } from '../harness/engine.ts';
import { type Context, digest, NotApplicable, type Sample, settled, type Workload } from '../harness/workload.ts';

const TIMES = 100;
const ROWS = 1000;

/** Statement, and its parameters of the i-th time; `n` is the number of times. */
type Step = readonly [string, (i: number) => readonly Value[]];

export const roundTrips: Workload = {
  id: 'W10',
  title: 'Round trips, twelve statements × 100',
  setup: async (engine) => {
    if (engine.store !== undefined) throw new NotApplicable('no statements');
  },
  measures: [
    {
      id: 'usual',
      title: 'the usual suite',
      where: ['worker', 'page'],
      per: 'ms a statement',
      commits: true,
      run: (engine, context) => suite(engine, context, false),
    },
    {
      id: 'honest',
      title: 'rows exist, values change',
      where: ['worker', 'page'],
      per: 'ms a statement',
      commits: true,
      run: (engine, context) => suite(engine, context, true),
    },
  ],
};

function steps(honest: boolean): Step[] {
  const long = 'x'.repeat(10_000);
  const key = (i: number): number => (honest ? (i * 37) % ROWS : -1 - i);
  const change = (i: number): number => (honest ? i : 0);
  return [
    ['INSERT INTO trip VALUES ($1, $2, $3)', (i) => [ROWS + i, 'small', i]],
    ['SELECT id, name, n FROM trip WHERE id = $1', (i) => [key(i)]],
    ['UPDATE trip SET n = $2 WHERE id = $1', (i) => [key(i), change(i)]],
    ['DELETE FROM trip WHERE id = $1', (i) => [honest ? i * 3 : key(i)]],
    ['INSERT INTO trip VALUES ($1, $2, $3)', (i) => [2 * ROWS + i, `${'y'.repeat(1000)}${i}`, i]],
    ['SELECT id, name, n FROM trip WHERE id = $1', (i) => [honest ? 2 * ROWS + i : key(i)]],
    ['UPDATE trip SET name = $2 WHERE id = $1', (i) => [honest ? 2 * ROWS + i : key(i), `${'z'.repeat(1000)}${i}`]],
    ['DELETE FROM trip WHERE id = $1', (i) => [honest ? 2 * ROWS + i : key(i)]],
    ['INSERT INTO trip VALUES ($1, $2, $3)', (i) => [3 * ROWS + i, long, i]],
    ['SELECT id, name, n FROM trip WHERE id = $1', (i) => [honest ? 3 * ROWS + i : key(i)]],
    ['UPDATE trip SET name = $2 WHERE id = $1', (i) => [honest ? 3 * ROWS + i : key(i), `${long}${i}`]],
    ['DELETE FROM trip WHERE id = $1', (i) => [honest ? 3 * ROWS + i : key(i)]],
  ];
}

async function suite(engine: Engine, { dialect }: Context, honest: boolean): Promise<Sample> {
  const table: TableData = {
    name: 'trip',
    rows: ROWS,
    key: ['id'],
    columns: [
      { name: 'id', type: 'int', values: Int32Array.from({ length: ROWS }, (_, i) => i) },
      { name: 'name', type: 'text', values: Array.from({ length: ROWS }, (_, i) => `name ${i}`) },
      { name: 'n', type: 'int', values: new Int32Array(ROWS) },
    ],
  };
  await engine.exec('DROP TABLE IF EXISTS trip');
  await engine.exec(createTable(table, dialect));
  await engine.bulk(table);
  const all = steps(honest);
  let seen = 0;
  const started = performance.now();
  for (const [sql, parameters] of all) {
    const statement = await engine.prepare(sql);
    const reads = sql.startsWith('SELECT');
    for (let i = 0; i < TIMES; i++) {
      const done = reads ? statement.rows(parameters(i)) : statement.run(parameters(i));
      const answer = done instanceof Promise ? await done : done;
      if (reads) seen += (answer as readonly unknown[]).length;
    }
  }
  const ms = (performance.now() - started) / (all.length * TIMES);
  const state = await settled(
    engine.rows('SELECT count(*) AS n, sum(n) AS ns, sum(length(name)) AS characters FROM trip'),
  );
  return { ms, answer: `${seen} ${digest(state)}` };
}
