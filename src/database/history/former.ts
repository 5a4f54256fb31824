/**
 * What a table's rows were before ALTER TABLE gave it another key: rows of a table of its own, which has ended and can be
 * read at the times when it was in force (ddl/rekey.ts). ERASE follows them there.
 *
 * Nothing says which row became which, so the state that the old table ended with is compared with the one that the new
 * table began with, by the columns that both have. Rows that are equal in all of them cannot be told apart, and go together.
 */
import type { Task } from '../../base/task.ts';
import { type Value, valueAt, type Vector } from '../../base/vector.ts';
import type { TableDef } from '../../catalog/schema.ts';
import { keyNames } from '../../plan/history-queries.ts';
import type { Erase } from '../../sql/ast-history.ts';
import type { Query } from '../../sql/ast-query.ts';
import { quoteIdent } from '../../sql/functions/format-text.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { firstKept } from '../../table/kept.ts';
import type { Key } from '../../table/table.ts';
import type { ResultSet } from '../api.ts';
import type { Core } from '../core.ts';
import type { Scene } from '../statement.ts';

/** Answers a query whose tables are those of the transaction. */
export type Ask = (query: Query) => Task<ResultSet>;

interface Former {
  /** As it was when it ended. */
  readonly def: TableDef;
  /** The table that went on with its rows, as it began. */
  readonly next: TableDef;
  /** The first commit of the next one. */
  readonly seq: number;
}

/** Keys of the rows to erase from the tables that a table was, by their ids; `keys`: those of the table itself. */
export function* formerRows(
  scene: Scene,
  table: TableDef,
  { keys, statement, ask }: { readonly keys: ReadonlySet<Key>; readonly statement: Erase; readonly ask: Ask },
): Task<Map<number, Set<Key>>> {
  const { core } = scene;
  const found = new Map<number, Set<Key>>();
  // A branch has only what it has changed itself.
  if (core.line !== undefined) return found;
  let later = keys;
  for (const id of [...(table.former ?? [])].reverse()) {
    const former = yield* formerOf(core, table, id);
    if (former === null) continue;
    const rows = new Set<Key>(yield* sameRows(core, former, later));
    for (const key of yield* matching(scene, former, table, statement, ask)) rows.add(key);
    found.set(id, rows);
    later = rows;
  }
  return found;
}

function* formerOf(core: Core, table: TableDef, id: number): Task<Former | null> {
  const { store, manager } = core;
  if (!store.has(id)) return null;
  const seq = store.table(id).endSeq;
  if (!Number.isFinite(seq) || firstKept(store.table(id)) >= seq) return null;
  const def = (yield* manager.catalogs.at(seq - 1)).byId(id);
  const formers = table.former ?? [];
  const next = (yield* manager.catalogs.at(seq)).byId(formers[formers.indexOf(id) + 1] ?? table.id);
  return def?.kind === 'table' && next?.kind === 'table' ? { def, next, seq } : null;
}

/** Rows that were there when the table ended, and went on as rows of the next one that are to be erased. */
function* sameRows({ store }: Core, { def, next, seq }: Former, erased: ReadonlySet<Key>): Task<Set<Key>> {
  const rows = new Set<Key>();
  if (erased.size === 0) return rows;
  const both = def.columns.filter(
    (column) =>
      column.generated === undefined &&
      next.columns.some(({ id, type }) => id === column.id && type.oid === column.type.oid),
  );
  const hashes = both.map(({ type }) => typeByOid(type.oid));
  const keyOf = (columns: readonly Vector[], row: number): string =>
    both
      .map((_, c) => {
        const value = valueAt(columns[c] as Vector, row);
        return value === null ? 'null' : `${typeof value} ${String(hashes[c]?.hashKey(value))}`;
      })
      .map((text) => `${text.length}:${text}`)
      .join('');
  const wanted = new Set<string>();
  const ids = both.map(({ id }) => id);
  yield* eachRow(store.table(next.id), seq, [...ids, ...next.key], (columns, row) => {
    const key = store.table(next.id).encodeKey(valuesAt(columns.slice(ids.length), row));
    if (erased.has(key)) wanted.add(keyOf(columns, row));
  });
  yield* eachRow(store.table(def.id), seq - 1, [...ids, ...def.key], (columns, row) => {
    if (wanted.has(keyOf(columns, row)))
      rows.add(store.table(def.id).encodeKey(valuesAt(columns.slice(ids.length), row)));
  });
  return rows;
}

function* eachRow(
  table: ReturnType<Core['store']['table']>,
  seq: number,
  columns: readonly number[],
  visit: (columns: readonly Vector[], row: number) => void,
): Task<void> {
  const source = table.scan({ seq, columns: [...columns] });
  try {
    for (let batch = yield* source.next(); batch !== null; batch = yield* source.next())
      for (let i = 0; i < batch.count; i++)
        visit(batch.columns, batch.selection === null ? i : (batch.selection[i] as number));
  } finally {
    source.close();
  }
}

function valuesAt(columns: readonly Vector[], row: number): Value[] {
  return columns.map((column) => valueAt(column, row));
}

/** Rows of which any version fulfils the condition, read with the columns of today: those that it had not are null. */
function* matching(
  { transaction, core }: Scene,
  { def }: Former,
  table: TableDef,
  { alias, where }: Erase,
  ask: Ask,
): Task<Set<Key>> {
  const name = `${table.name}\u0001${def.id}`;
  const mark = transaction.mark();
  const { former: _, ...plain } = def;
  const aside: TableDef = { ...plain, schema: table.schema, name, indexes: [], foreignKeys: [], checks: [] };
  const keys = keyNames(def).map((key, i) => `${key} AS "key\u0001${i}"`);
  const columns = table.columns
    .filter(({ hidden }) => hidden !== true)
    .map(({ id, name: now, type }) => {
      const known = def.columns.find((column) => column.id === id && column.type.oid === type.oid);
      const value = known === undefined ? `NULL::${typeByOid(type.oid).display}` : quoteIdent(known.name);
      return `${value} AS ${quoteIdent(now)}`;
    });
  const query = parseOne(
    `SELECT DISTINCT ${keys.map((_key, i) => `"key\u0001${i}"`).join(', ')} FROM (SELECT ${[...keys, ...columns].join(', ')}
     FROM ${quoteIdent(table.schema)}.${quoteIdent(name)} FOR SYSTEM_TIME ALL) AS ${quoteIdent(alias ?? table.name)}`,
  );
  const rows = new Set<Key>();
  if (query.kind !== 'query' || query.body.kind !== 'select') return rows;
  try {
    transaction.changeCatalog([{ id: def.id, object: aside }]);
    const result = yield* ask({ ...query, body: { ...query.body, where } });
    for (let row = 0; row < result.rowCount; row++)
      rows.add(core.store.table(def.id).encodeKey(valuesAt(result.columns, row)));
  } finally {
    transaction.rollbackTo(mark);
  }
  return rows;
}
