/**
 * W12: history. 100,000 rows, each changed five times, in six moments: the present, the past, one row's past, and what two
 * moments differ in.
 *
 * DriftDB keeps history by itself. The others have what an application makes for them: a table of versions with the moments
 * of their beginning and end, beside the table of the present. Filling either is not measured.
 */
import { createTable, type Dialect, type Engine, type TableData } from '../harness/engine.ts';
import { type Context, type Measure, NotApplicable, timed, type Workload } from '../harness/workload.ts';

const MOMENTS = 6;
const MIDDLE = 3;
/** The end of a version that is in force. */
const FOREVER = 1_000_000;

export const history: Workload = {
  id: 'W12',
  title: 'History, 100,000 rows, five old versions each',
  setup: async (engine, context) => {
    if (engine.store !== undefined) throw new NotApplicable('no queries');
    const rows = Math.round(100_000 * context.scale);
    if (isDrift(engine)) await fillDrift(engine, context, rows);
    else await fillVersions(engine, context.dialect, rows);
  },
  measures: [
    measure('scan-now', 'sum over the present', () => 'SELECT count(*) AS n, sum(v) AS v, sum(x) AS x FROM fact'),
    measure('scan-past', 'sum over the past', (past) => `SELECT count(*) AS n, sum(v) AS v, sum(x) AS x FROM ${past}`),
    measure(
      'group-past',
      'group by over the past',
      (past) => `SELECT k, count(*) AS n, sum(v) AS v FROM ${past} GROUP BY k ORDER BY k`,
    ),
    measure('point-past', 'one row of the past', (past) => `SELECT v, x FROM ${past} AND id = 47`),
  ],
};

function measure(id: string, title: string, sql: (past: string) => string): Measure {
  return {
    id,
    title,
    where: ['worker'],
    per: 'ms',
    commits: false,
    run: (engine, context) => {
      const past = isDrift(engine)
        ? `fact FOR SYSTEM_TIME AS OF SEQ ${String(context.kept.get('seq'))} WHERE true`
        : `version WHERE since <= ${MIDDLE} AND until > ${MIDDLE}`;
      return timed(engine, sql(past));
    },
  };
}

function isDrift(engine: Engine): boolean {
  return engine.sequenceNumber !== undefined;
}

async function fillDrift(engine: Engine, { dialect, kept }: Context, rows: number): Promise<void> {
  const table = factTable('fact', rows, [0]);
  await engine.exec(createTable(table, dialect));
  await engine.bulk(table);
  for (let moment = 1; moment < MOMENTS; moment++) {
    await engine.exec(`UPDATE fact SET v = v + 1, x = x + 0.5`);
    if (moment === MIDDLE) kept.set('seq', await engine.sequenceNumber?.());
  }
  await engine.exec('ANALYZE');
}

async function fillVersions(engine: Engine, dialect: Dialect, rows: number): Promise<void> {
  const present = factTable('fact', rows, [MOMENTS - 1]);
  const versions = factTable(
    'version',
    rows,
    Array.from({ length: MOMENTS }, (_, moment) => moment),
  );
  for (const table of [present, versions]) {
    await engine.exec(createTable(table, dialect));
    await engine.bulk(table);
  }
  if (dialect !== 'alasql' && dialect !== 'duckdb') await engine.exec('ANALYZE');
}

/** Rows as they are at the moments; those of `version` with their interval, and keyed by row and beginning. */
function factTable(name: string, rows: number, moments: readonly number[]): TableData {
  const of = (value: (i: number, moment: number) => number): number[] =>
    Array.from({ length: rows }, (_, i) => moments.map((moment) => value(i, moment))).flat();
  const facts = [
    { name: 'id', type: 'int' as const, values: Int32Array.from(of((i) => i)) },
    { name: 'k', type: 'int' as const, values: Int32Array.from(of((i) => (i * 7919) % 100)) },
    { name: 'v', type: 'int' as const, values: Int32Array.from(of((i, moment) => (i % 1000) + moment)) },
    { name: 'x', type: 'double' as const, values: Float64Array.from(of((i, moment) => i / 4 + moment / 2)) },
  ];
  if (name === 'fact') return { name, rows, key: ['id'], columns: facts };
  const interval = [
    { name: 'since', type: 'int' as const, values: Int32Array.from(of((_, moment) => moment)) },
    {
      name: 'until',
      type: 'int' as const,
      values: Int32Array.from(of((_, moment) => (moment === MOMENTS - 1 ? FOREVER : moment + 1))),
    },
  ];
  return { name, rows: rows * moments.length, key: ['id', 'since'], columns: [...facts, ...interval] };
}
