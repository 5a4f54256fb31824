/**
 * W7: TPC-H, the 22 queries, of scale factors 0.05 and 0.2.
 *
 * Data and queries are read at run time from the corpora beside the checkout, whose terms forbid to copy them; where they
 * are not, the workload does not take place. The kit's data is of scale factor 0.01: five and twenty copies of it, each
 * with keys of its own, make the sizes. (So a query finds five and twenty times as much, in tables so many times as big.)
 */
import { createTable, type ColumnData, type Engine, type TableData } from '../harness/engine.ts';
import { type Context, type Measure, NotApplicable, timed, type Workload } from '../harness/workload.ts';

type Kind = ColumnData['type'];
/** Columns as `name:type`; `+table` says that it holds keys of that table, which each copy shifts. */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  region: ['r_regionkey:int', 'r_name:text', 'r_comment:text'],
  nation: ['n_nationkey:int', 'n_name:text', 'n_regionkey:int', 'n_comment:text'],
  supplier: [
    's_suppkey:int+supplier',
    's_name:text',
    's_address:text',
    's_nationkey:int',
    's_phone:text',
    's_acctbal:decimal',
    's_comment:text',
  ],
  customer: [
    'c_custkey:int+customer',
    'c_name:text',
    'c_address:text',
    'c_nationkey:int',
    'c_phone:text',
    'c_acctbal:decimal',
    'c_mktsegment:text',
    'c_comment:text',
  ],
  part: [
    'p_partkey:int+part',
    'p_name:text',
    'p_mfgr:text',
    'p_brand:text',
    'p_type:text',
    'p_size:int',
    'p_container:text',
    'p_retailprice:decimal',
    'p_comment:text',
  ],
  partsupp: [
    'ps_partkey:int+part',
    'ps_suppkey:int+supplier',
    'ps_availqty:int',
    'ps_supplycost:decimal',
    'ps_comment:text',
  ],
  orders: [
    'o_orderkey:int+orders',
    'o_custkey:int+customer',
    'o_orderstatus:text',
    'o_totalprice:decimal',
    'o_orderdate:date',
    'o_orderpriority:text',
    'o_clerk:text',
    'o_shippriority:int',
    'o_comment:text',
  ],
  lineitem: [
    'l_orderkey:int+orders',
    'l_partkey:int+part',
    'l_suppkey:int+supplier',
    'l_linenumber:int',
    'l_quantity:decimal',
    'l_extendedprice:decimal',
    'l_discount:decimal',
    'l_tax:decimal',
    'l_returnflag:text',
    'l_linestatus:text',
    'l_shipdate:date',
    'l_commitdate:date',
    'l_receiptdate:date',
    'l_shipinstruct:text',
    'l_shipmode:text',
    'l_comment:text',
  ],
};
const KEYS: Readonly<Record<string, readonly string[]>> = {
  partsupp: ['ps_partkey', 'ps_suppkey'],
  lineitem: ['l_orderkey', 'l_linenumber'],
};
/** Keys of a copy begin so far behind those of the one before. */
const SHIFTS: Readonly<Record<string, number>> = { supplier: 100, customer: 1500, part: 2000, orders: 60_000 };
const QUERIES = Array.from({ length: 22 }, (_, i) => `q${String(i + 1).padStart(2, '0')}`);

export const tpch: readonly Workload[] = [0.05, 0.2].map((factor) => ({
  id: factor === 0.05 ? 'W7' : 'W7L',
  title: `TPC-H, scale factor ${factor}`,
  setup: async (engine, context) => {
    if (engine.store !== undefined) throw new NotApplicable('no queries');
    const copies = Math.max(1, Math.round((factor / 0.01) * context.scale));
    for (const [name, columns] of Object.entries(TABLES)) {
      const text = await context.text(`/corpora/tpch/sf0.01/${name}.tbl`);
      const table = tableOf(name, columns, text, name === 'region' || name === 'nation' ? 1 : copies);
      await engine.exec(createTable(table, context.dialect));
      await engine.bulk(table);
    }
    if (context.dialect === 'postgres' || context.dialect === 'sqlite') await engine.exec('ANALYZE');
  },
  measures: QUERIES.map((id): Measure => ({
    id,
    title: `query ${Number(id.slice(1))}`,
    where: ['worker'],
    per: 'ms',
    commits: false,
    run: (engine, context) => query(engine, context, id),
  })),
}));

async function query(engine: Engine, context: Context, id: string): ReturnType<Measure['run']> {
  const text = (await context.text(`/corpora/tpch/queries/${id}.sql`)).replace(/;\s*$/, '');
  return timed(engine, context.dialect === 'sqlite' ? forSqlite(text) : text);
}

/** SQLite keeps dates as text, has its own names for parts of them and of texts, and no names for a subquery's columns. */
function forSqlite(sql: string): string {
  return sql
    .replaceAll(/CAST\(('[^']*') AS date\)/gi, '$1')
    .replaceAll(/\bdate\s+('[^']*')/gi, '$1')
    .replaceAll(/extract\(year FROM (\w+)\)/gi, 'CAST(substr($1, 1, 4) AS INTEGER)')
    .replace('count(o_orderkey)', 'count(o_orderkey) AS c_count')
    .replace(/\(c_custkey,\s+c_count\)/, '')
    .replaceAll(/substring\((\w+) FROM (\d+) FOR (\d+)\)/gi, 'substr($1, $2, $3)');
}

function tableOf(name: string, columns: readonly string[], text: string, copies: number): TableData {
  const lines = text.trimEnd().split('\n');
  const values = columns.map((): string[] => []);
  for (const line of lines) {
    const fields = line.split('|');
    for (let i = 0; i < columns.length; i++) values[i]?.push(fields[i] ?? '');
  }
  return {
    name,
    rows: lines.length * copies,
    key: KEYS[name] ?? [columns[0]?.split(':')[0] ?? ''],
    columns: columns.map((spec, i) => columnOf(spec, values[i] ?? [], copies)),
  };
}

function columnOf(spec: string, own: readonly string[], copies: number): ColumnData {
  const [name = '', rest = ''] = spec.split(':');
  const [type = 'text', of] = rest.split('+') as [Kind?, string?];
  const shift = of === undefined ? 0 : (SHIFTS[of] ?? 0);
  if (type === 'text' || type === 'date') {
    const values: string[] = [];
    for (let copy = 0; copy < copies; copy++) for (const value of own) values.push(value);
    return { name, type, values };
  }
  const values = type === 'int' ? new Int32Array(own.length * copies) : new Float64Array(own.length * copies);
  for (let copy = 0; copy < copies; copy++)
    for (let i = 0; i < own.length; i++) values[copy * own.length + i] = Number(own[i]) + copy * shift;
  return { name, type, values };
}
