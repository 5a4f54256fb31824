/** The virtual tables of schema `drift`. (`drift.transactions` is a real table.) */
import type { Value } from '../../base/vector.ts';
import type { Catalog, CatalogObject, ColumnDef, TableDef, TypeRef } from '../../catalog/schema.ts';
import type { SystemTable } from '../../plan/bind.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { branchRows } from '../branch/rows.ts';
import { erasuresOf } from '../history/erase-pending.ts';
import { WHOLE } from '../../table/kept.ts';
import { parseLedger } from '../ledger.ts';
import { textArray } from '../specs.ts';
import { timeOf } from './backends.ts';
import { lockRows } from './locks.ts';
import type { SystemContext } from './source.ts';

const TEXT: TypeRef = { oid: 25, typmod: -1 };
const INT4: TypeRef = { oid: 23, typmod: -1 };
const INT4_ARRAY: TypeRef = { oid: 1007, typmod: -1 };
const TEXT_ARRAY: TypeRef = { oid: 1009, typmod: -1 };
const INT8: TypeRef = { oid: 20, typmod: -1 };
const FLOAT8: TypeRef = { oid: 701, typmod: -1 };
const TIMESTAMPTZ: TypeRef = { oid: 1184, typmod: -1 };
const INT8_MULTIRANGE: TypeRef = { oid: 4536, typmod: -1 };
const BOOL: TypeRef = { oid: 16, typmod: -1 };

type OwnContext = Pick<
  SystemContext,
  'catalog' | 'core' | 'store' | 'settings' | 'backends' | 'locks' | 'needed' | 'host' | 'eval'
>;

export interface OwnTable extends SystemTable {
  readonly rows: (context: OwnContext) => Iterable<readonly Value[]>;
}

export const OWN_TABLES: readonly OwnTable[] = [
  define(
    'drift',
    'tables',
    { schema: TEXT, table_name: TEXT, table_type: TEXT, table_id: INT4, row_count: INT8 },
    function* (context) {
      for (const object of context.catalog.objects()) {
        if (object.kind === 'view') yield [object.schema, object.name, 'VIEW', object.id, null];
        if (object.kind === 'table')
          yield [object.schema, object.name, 'BASE TABLE', object.id, rowsOf(context, object)];
      }
    },
  ),
  define(
    'drift',
    'columns',
    {
      schema: TEXT,
      table_name: TEXT,
      column_name: TEXT,
      data_type: TEXT,
      position: INT4,
      not_null: BOOL,
      is_key: BOOL,
      column_default: TEXT,
    },
    function* ({ catalog }) {
      for (const [table, column, position] of columnsOf(catalog)) {
        yield [
          table.schema,
          table.name,
          column.name,
          typeText(column.type),
          position,
          column.notNull,
          table.key.includes(column.id),
          column.default ?? null,
        ];
      }
    },
  ),
  define(
    'drift',
    'indexes',
    { schema: TEXT, table_name: TEXT, index_name: TEXT, is_unique: BOOL, columns: TEXT },
    function* ({ catalog }) {
      for (const table of tablesOf(catalog)) {
        const names = (ids: readonly number[]): string =>
          ids.map((id) => table.columns.find((column) => column.id === id)?.name ?? '').join(', ');
        if (table.primaryKeyName !== undefined)
          yield [table.schema, table.name, table.primaryKeyName, true, names(table.key)];
        for (const index of table.indexes)
          yield [table.schema, table.name, index.name, index.unique, names(index.columns.map((part) => part.column))];
      }
    },
  ),
  define(
    'drift',
    'branches',
    {
      id: INT8,
      name: TEXT,
      parent: TEXT,
      fork_seq: INT8,
      is_current: BOOL,
      tables: INT4,
      rows_changed: INT8,
      rows_hidden: INT8,
      bytes: INT8,
    },
    ({ core }) => branchRows(core),
  ),
  define('drift', 'tags', { name: TEXT, seq: INT8 }, function* ({ catalog }) {
    for (const object of catalog.objects()) if (object.kind === 'tag') yield [object.name, object.seq];
  }),
  define(
    'drift',
    'retention',
    {
      schema: TEXT,
      table_name: TEXT,
      history_retention: TEXT,
      history_from: INT8,
      kept_before: INT8_MULTIRANGE,
      kept_from: INT8,
      kept_for: TEXT,
    },
    function* ({ catalog, store, needed, eval: context }) {
      const [oldest] = needed;
      const limits = new Map(store.limits());
      for (const { schema, name, id, retention, onCommit } of tablesOf(catalog)) {
        if (schema === 'drift' || onCommit !== undefined) continue;
        const { historyFrom, keptBefore } = limits.get(id) ?? WHOLE;
        const spans = keptBefore.map(({ start, end }) => `[${start},${end})`);
        yield [
          schema,
          name,
          retention?.text ?? 'forever',
          historyFrom,
          typeByOid(INT8_MULTIRANGE.oid).input(`{${spans.join()}}`, -1, context),
          oldest?.seq ?? null,
          oldest?.reason ?? null,
        ];
      }
    },
  ),
  define('drift', 'protections', { from_seq: INT8, to_seq: INT8, reason: TEXT }, function* ({ needed }) {
    for (const { seq, isOpen, reason } of needed) yield [seq, isOpen ? null : seq, reason];
  }),
  define(
    'drift',
    'backups',
    { id: TEXT, seq: INT8, made_at: TIMESTAMPTZ, history: BOOL },
    function* ({ core: { ledger } }) {
      for (const { id, seq, madeAt, history } of parseLedger(ledger).backups ?? []) yield [id, seq, madeAt, history];
    },
  ),
  define(
    'drift',
    'erasures',
    { seq: INT8, table_name: TEXT, row_count: INT8, state: TEXT, held_by: TEXT_ARRAY },
    function* ({ core: { ledger, erasing, lines }, eval: context }) {
      for (const { seq, table, rows, state, branches = [] } of erasuresOf(parseLedger(ledger), erasing)) {
        const held = (parseLedger(ledger).backups ?? []).filter((backup) => backup.seq < seq);
        const ids = textArray(
          [
            ...held.map(({ id }) => id),
            ...[...lines.state.objects()].filter(({ id }) => branches.includes(id)).flatMap(branchText),
          ],
          context,
        );
        yield [seq, table, rows, state, ids];
      }
    },
  ),
  define('drift', 'settings', { name: TEXT, setting: TEXT }, function* ({ settings }) {
    yield* settings.all();
  }),
  define('drift', 'storage', { name: TEXT, value: INT8 }, function* ({ store }) {
    for (const [name, value] of Object.entries(store.statistics())) yield [name, Number(value)];
  }),
  define(
    'drift',
    'activity',
    {
      session_id: INT4,
      user_name: TEXT,
      state: TEXT,
      query: TEXT,
      session_start: TIMESTAMPTZ,
      transaction_start: TIMESTAMPTZ,
      query_start: TIMESTAMPTZ,
      state_change: TIMESTAMPTZ,
      snapshot_seq: INT8,
      elapsed_ms: FLOAT8,
      rows_read: INT8,
      rows_expected: INT8,
    },
    function* ({ backends, host, eval: { statementTime: now } }) {
      for (const {
        id,
        settings: { user },
        activity,
        open,
      } of backends.values()) {
        const { progress } = activity;
        yield [
          id,
          user,
          activity.state,
          activity.query,
          timeOf(activity.startMs, host, now),
          open?.transaction.startedAt ?? null,
          activity.query === '' ? null : timeOf(activity.queryStartMs, host, now),
          timeOf(activity.stateChangeMs, host, now),
          open?.transaction.snapshot ?? null,
          progress?.elapsedMs ?? null,
          progress?.rowsRead ?? null,
          progress?.rowsExpected ?? null,
        ];
      }
    },
  ),
  define(
    'drift',
    'locks',
    {
      session_id: INT4,
      kind: TEXT,
      schema: TEXT,
      table_name: TEXT,
      key: TEXT,
      mode: TEXT,
      granted: BOOL,
      since: TIMESTAMPTZ,
      blocked_by: INT4_ARRAY,
    },
    lockRows,
  ),
  define(
    'drift',
    'maintenance',
    {
      kind: TEXT,
      schema: TEXT,
      table_name: TEXT,
      reason: TEXT,
      state: TEXT,
      started_at: TIMESTAMPTZ,
      duration_ms: FLOAT8,
      slices: INT4,
      longest_slice_ms: FLOAT8,
      long_slices: INT4,
      bytes_read: INT8,
      bytes_written: INT8,
    },
    function* ({ catalog, store }) {
      for (const work of store.work.entries()) {
        const object = work.treeId === null ? undefined : treeOwner(catalog, work.treeId);
        yield [
          work.kind,
          object?.schema ?? null,
          object?.name ?? null,
          work.reason,
          work.state,
          work.startedAt,
          work.durationMs,
          work.slices,
          work.longestMs,
          work.longSlices,
          work.readBytes,
          work.writtenBytes,
        ];
      }
    },
  ),
];

/** The table of a tree, be it the table's own or an index's. */
function treeOwner(catalog: Catalog, treeId: number): TableDef | undefined {
  for (const table of tablesOf(catalog))
    if (table.id === treeId || table.indexes.some(({ id }) => id === treeId)) return table;
  return undefined;
}

function define(
  schema: string,
  name: string,
  columns: Readonly<Record<string, TypeRef>>,
  rows: OwnTable['rows'],
): OwnTable {
  return {
    id: `${schema}.${name}`,
    schema,
    name,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
    rows,
  };
}

function* tablesOf(catalog: Catalog): Generator<TableDef> {
  for (const object of catalog.objects()) if (object.kind === 'table') yield object;
}

function* columnsOf(catalog: Catalog): Generator<readonly [TableDef, ColumnDef, number]> {
  for (const table of tablesOf(catalog)) {
    let position = 0;
    for (const column of table.columns) if (column.hidden !== true) yield [table, column, ++position];
  }
}

function rowsOf({ store }: OwnContext, table: TableDef): number | null {
  return store.has(table.id) ? store.table(table.id).rowCount : null;
}

function typeText(type: TypeRef): string {
  const known = typeByOid(type.oid);
  return `${known.display}${type.typmod >= 0 ? known.typmodText(type.typmod) : ''}`;
}

function branchText(object: CatalogObject): string[] {
  return object.kind === 'tag' ? [`branch ${object.name}`] : [];
}
