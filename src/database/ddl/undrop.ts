/**
 * UNDROP TABLE: brings a dropped table back, as it was when it was dropped and under the same id: its rows, indexes,
 * constraints, triggers and the sequences that it owned. Its history goes on where it ended, with a gap.
 *
 * Of several dropped tables of one name it is the one that was dropped last. What the table needs and is gone by now stays
 * gone: a foreign key to a table that is no more is left out with a notice, a type that is no more is an error. Foreign
 * keys of other tables and views, which DROP … CASCADE took, are to be made again.
 *
 * On a branch a table that it has inherited comes back under another id, as one does whose key is changed (rekey.ts): what was
 * before the drop is read at its times.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { valueAt, type Vector } from '../../base/vector.ts';
import type { Catalog, SequenceDef, TableDef } from '../../catalog/schema.ts';
import { CATALOG_TABLE_ID, parseDefinition } from '../../catalog/system-objects.ts';
import { isPublicUserOid, publicTypeOid } from '../../catalog/user-types.ts';
import { shown } from '../../plan/history-queries.ts';
import type { QualifiedName } from '../../sql/ast.ts';
import type { UndropTable } from '../../sql/ast-history.ts';
import { quoteIdent } from '../../sql/functions/format-text.ts';
import { checked } from '../../txn/checked.ts';
import { createStructure, fillIndexes } from '../structure.ts';
import { type DdlContext, define, freeName, refuseTaken } from './context.ts';

/** A table that was dropped, by the commit that did it. */
interface Dropped {
  readonly id: number;
  readonly endSeq: number;
}

export function* undropTable(context: DdlContext, { name, as }: UndropTable): Task<void> {
  const dropped = yield* lastDropped(context, name);
  if (dropped === null)
    throw new DriftError('42P01', `there is no dropped table "${name.name}"`, { position: name.position });
  const then = yield* context.bind.catalogAt(dropped.endSeq - 1);
  const found = then.byId(dropped.id);
  if (found?.kind !== 'table') throw new DriftError('42P01', `there is no dropped table "${name.name}"`);
  refuseTaken(context, found.schema, as ?? found.name, name.position);
  if (context.transaction.catalog.schema(found.schema) === undefined)
    throw new DriftError('3F000', `schema "${found.schema}" does not exist`, { position: name.position });
  const same = renamedParts(context, withoutLost(context, { ...found, name: as ?? found.name }));
  const isInherited = context.store.isInherited?.(same.id) === true;
  const table = isInherited ? asNew(context, same) : same;
  if (isInherited) createStructure(context.store, table, context.eval);
  else yield* context.store.settleTable(table.id);
  for (const sequence of sequencesOf(then, found)) {
    // Defaults name it.
    refuseTaken(context, sequence.schema, sequence.name, name.position);
    define(context, { ...sequence, ownedBy: sequence.ownedBy && { ...sequence.ownedBy, tableId: table.id } });
  }
  const { triggers, ...silent } = table;
  // A new table's indexes are filled at once.
  const without = isInherited ? { ...silent, indexes: [] } : silent;
  define(context, without, isInherited ? () => context.store.removeTable(table.id) : undefined);
  yield* copyRows(context, table, found, dropped.endSeq - 1);
  if (isInherited) yield* checked(fillIndexes(context.store, table), context.eval.cancellation);
  if (isInherited || triggers !== undefined) define(context, table);
}

/** A table that a branch has inherited ends there with what the branch knows of it: it goes on under another id. */
function asNew(context: DdlContext, table: TableDef): TableDef {
  const id = context.nextId();
  return {
    ...table,
    id,
    former: [...(table.former ?? []), table.id],
    sharesRowIds: undefined,
    indexes: table.indexes.map((index) => ({ ...index, id: context.nextId() })),
    foreignKeys: table.foreignKeys.map((key) =>
      key.foreignTableId === table.id ? { ...key, foreignTableId: id } : key,
    ),
  };
}

/** The rows that were there last; what is generated is computed again. */
function* copyRows(context: DdlContext, table: TableDef, found: TableDef, seq: number): Task<void> {
  const columns = shown(table).filter(({ generated }) => generated === undefined);
  const names = columns.map((column) => quoteIdent(column.name)).join(', ');
  const [now, before] = [table, found].map((at) => `${quoteIdent(at.schema)}.${quoteIdent(at.name)}`);
  const into = columns.length === 0 ? '' : ` (${names}) OVERRIDING SYSTEM VALUE`;
  yield* context.run(`INSERT INTO ${now}${into} SELECT ${names} FROM ${before} FOR SYSTEM_TIME AS OF SEQ ${seq}`);
}

/** Looks through all definitions that ever were: a table of that name whose last definition has ended. */
function* lastDropped(context: DdlContext, name: QualifiedName): Task<Dropped | null> {
  const { catalog } = context.transaction;
  const schemas = name.schema === undefined ? catalog.searched : [name.schema];
  let last: (Dropped & { readonly rank: number }) | null = null;
  const source = context.store
    .table(CATALOG_TABLE_ID)
    .scanVersions({ fromSeq: 0, toSeq: context.transaction.snapshot, columns: [1], versionColumns: true });
  for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) {
    for (let i = 0; i < batch.count; i++) {
      const row = batch.selection === null ? i : (batch.selection[i] as number);
      const endSeq = valueAt(batch.columns[2] as Vector, row) as number;
      if (endSeq > context.transaction.snapshot) continue;
      const object = parseDefinition(valueAt(batch.columns[0] as Vector, row) as string);
      if (object.kind !== 'table' || object.name !== name.name || !isLasting(object)) continue;
      const rank = schemas.indexOf(object.schema);
      if (rank < 0 || (last !== null && (rank > last.rank || (rank === last.rank && endSeq < last.endSeq)))) continue;
      if (catalog.byId(object.id) !== undefined || !(yield* endsAt(context, object.id, endSeq))) continue;
      last = { id: object.id, endSeq, rank };
    }
  }
  source.close();
  return last;
}

function isLasting({ onCommit, schema, materialized }: TableDef): boolean {
  return onCommit === undefined && materialized === undefined && !schema.startsWith('pg_temp_');
}

/** Whether the table's end is that of this definition: an earlier one of another name does not count. */
function* endsAt(context: DdlContext, id: number, endSeq: number): Task<boolean> {
  const then = yield* context.bind.catalogAt(endSeq);
  return then.byId(id) === undefined;
}

/** Leaves out foreign keys to tables that are gone; throws 42704 for a type that is. */
function withoutLost(context: DdlContext, table: TableDef): TableDef {
  const { catalog } = context.transaction;
  for (const { name, type } of table.columns) {
    const oid = publicTypeOid(type.oid);
    if (isPublicUserOid(oid) && catalog.typeOfOid(oid) === undefined)
      throw new DriftError('42704', `the type of column "${name}" of table "${table.name}" does not exist any more`);
  }
  const foreignKeys = table.foreignKeys.filter((key) => {
    const parent = catalog.byId(key.foreignTableId);
    if (key.foreignTableId === table.id || parent?.kind === 'table') return true;
    const message = `foreign key "${key.name}" is left out: the table that it refers to does not exist any more`;
    context.notices.push({ severity: 'NOTICE', code: '00000', message });
    return false;
  });
  const triggers = table.triggers?.filter(({ name, routineId }) => {
    if (catalog.byId(routineId) !== undefined) return true;
    const message = `trigger "${name}" is left out: its function does not exist any more`;
    context.notices.push({ severity: 'NOTICE', code: '00000', message });
    return false;
  });
  const { triggers: _, ...rest } = { ...table, foreignKeys };
  return triggers === undefined || triggers.length === 0 ? rest : { ...rest, triggers };
}

/** Names of indexes that others have taken meanwhile make way. */
function renamedParts(context: DdlContext, table: TableDef): TableDef {
  const taken = [table.name];
  const free = (name: string): string => {
    const found = freeName(context, table.schema, name, taken);
    taken.push(found);
    return found;
  };
  const indexes = table.indexes.map((index) => {
    const name = free(index.name);
    return index.constraint === undefined ? { ...index, name } : { ...index, name, constraint: name };
  });
  if (table.primaryKeyName === undefined) return { ...table, indexes };
  return { ...table, indexes, primaryKeyName: free(table.primaryKeyName) };
}

function* sequencesOf(catalog: Catalog, table: TableDef): Generator<SequenceDef> {
  for (const object of catalog.objects())
    if (object.kind === 'sequence' && object.ownedBy?.tableId === table.id) yield object;
}
