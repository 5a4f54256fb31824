/** A catalog of a small shop for plan tests, and binding and optimizing against it without a database. */
import { runSync, type Task } from '../../src/base/task.ts';
import type { Catalog, ColumnDef, IndexDef, TableDef, ViewDef } from '../../src/catalog/schema.ts';
import { bindStatement, type BindContext } from '../../src/plan/bind.ts';
import { optimize } from '../../src/plan/optimizer/optimize.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { EvalContext } from '../../src/sql/eval-context.ts';
import { parseOne } from '../../src/sql/parser/parser.ts';
import { typeByName } from '../../src/sql/types/registry.ts';

function column(id: number, name: string, type: string, more: Partial<ColumnDef> = {}): ColumnDef {
  const found = typeByName(type);
  if (found === undefined) throw new Error(`no type ${type}`);
  return { id, name, type: { oid: found.oid, typmod: -1 }, notNull: false, ...more };
}

function table(id: number, name: string, columns: readonly ColumnDef[], more: Partial<TableDef> = {}): TableDef {
  return {
    kind: 'table',
    id,
    schema: 'public',
    name,
    columns,
    nextColumnId: columns.length,
    key: [0],
    primaryKeyName: `${name}_pkey`,
    indexes: [],
    checks: [],
    foreignKeys: [],
    dropped: [],
    ...more,
  };
}

function index(id: number, name: string, columns: readonly number[], unique = false): IndexDef {
  return { id, name, unique, columns: columns.map((item) => ({ column: item, descending: false, nullsFirst: false })) };
}

const relations: readonly (TableDef | ViewDef)[] = [
  table(100, 'customer', [
    column(0, 'id', 'int4', { notNull: true }),
    column(1, 'name', 'text'),
    column(2, 'city', 'text'),
  ]),
  table(
    101,
    'orders',
    [
      column(0, 'id', 'int4', { notNull: true, identity: 'always', sequenceId: 900 }),
      column(1, 'customer_id', 'int4'),
      column(2, 'total', 'numeric'),
      column(3, 'placed', 'timestamptz', { default: 'now()' }),
    ],
    { indexes: [index(201, 'orders_customer', [1])], checks: [{ name: 'positive', expression: 'total > 0' }] },
  ),
  table(102, 'item', [column(0, 'order_id', 'int4'), column(1, 'line', 'int4'), column(2, 'qty', 'int4')], {
    key: [0, 1],
  }),
  table(103, 'note', [column(0, '_row', 'int8', { hidden: true }), column(1, 'a', 'int4'), column(2, 'b', 'text')], {
    primaryKeyName: undefined,
  }),
  {
    kind: 'view',
    id: 300,
    schema: 'public',
    name: 'spending',
    columns: ['customer', 'spent'],
    query: 'SELECT c.id, sum(o.total) FROM customer c JOIN orders o ON o.customer_id = c.id GROUP BY c.id',
  },
];

const ROWS = new Map([
  [100, 1000],
  [101, 100_000],
  [102, 500_000],
]);

const catalog: Catalog = {
  version: 1,
  temp: null,
  path: ['public'],
  searched: ['public'],
  forSession: () => catalog,
  withoutOthers: () => catalog,
  typeNamed: () => undefined,
  typeOfOid: () => undefined,
  relation: (_schema, name) => relations.find((relation) => relation.name === name),
  tableOfIndex: () => undefined,
  byId: (id) => relations.find((relation) => relation.id === id),
  routines: () => [],
  tag: () => undefined,
  schema: () => undefined,
  objects: () => relations,
};

// What planning asks of a statement's context; anything else would be a mistake and fails here.
const evalContext = { timeZone: 'UTC', snapshot: 1000, setting: () => undefined } as unknown as EvalContext;

function* immediately<T>(value: T): Task<T> {
  return value;
}

const context: BindContext = {
  catalog,
  eval: evalContext,
  systemTables: { find: () => undefined },
  lastSeq: 1000,
  catalogAt: () => immediately(catalog),
  resolveMoment: (moment) => immediately(moment.kind === 'seq' ? moment.seq : 500),
  evaluateConstant: () => {
    throw new Error('nothing to evaluate');
  },
};

export function bindSql(sql: string): Plan {
  const statement = parseOne(sql);
  if (
    statement.kind !== 'query' &&
    statement.kind !== 'insert' &&
    statement.kind !== 'update' &&
    statement.kind !== 'delete'
  ) {
    throw new Error(`not a statement with a plan: ${sql}`);
  }
  return runSync(bindStatement(statement, context));
}

export function planSql(sql: string): Plan {
  return optimize(bindSql(sql), {
    statistics: { rowCount: (id) => ROWS.get(id) ?? 0 },
    eval: evalContext,
    explains: true,
  });
}
