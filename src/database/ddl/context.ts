/**
 * What definitions work with: the transaction whose catalog they change, the store in which structures are made at
 * once, and the names and ids they take. A definition is checked in full before anything changes.
 */
import { DriftError } from '../../base/error.ts';
import type { Host } from '../../base/host.ts';
import type { Task } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import type {
  CatalogObject,
  ColumnDef,
  DroppedColumn,
  RoutineDef,
  SequenceDef,
  TableDef,
  ViewDef,
} from '../../catalog/schema.ts';
import type { BindableStatement, BindContext } from '../../plan/bind.ts';
import type { EvalContext } from '../../sql/eval-context.ts';
import type { QualifiedName } from '../../sql/ast.ts';
import type { TimePoint } from '../../sql/ast-query.ts';
import { refuseOtherDatabase } from '../../sql/other-database.ts';
import type { Persistence } from '../../sql/ast-table.ts';
import type { Notice } from '../api.ts';
import { systemTables } from '../system-tables.ts';
import type { SystemTable } from '../../plan/bind.ts';
import type { TableStore } from '../../table/store.ts';
import type { StatementReader } from '../../txn/api.ts';
import type { Transaction } from '../../txn/transaction.ts';

export interface DdlContext {
  /** What was passed over, for the statement's answer. */
  readonly notices: Notice[];
  readonly transaction: Transaction;
  readonly store: TableStore;
  readonly host: Host;
  readonly eval: EvalContext;
  readonly bind: BindContext;
  /** A fresh object or index id. */
  nextId(): number;
  /** Runs a statement of this engine's own within the transaction (backfills, validation); gives its rows. */
  query(sql: string): Task<readonly (readonly Value[])[]>;
  /** Columns a query would give, for CREATE VIEW and CREATE TABLE AS. */
  describe(query: BindableStatement): Task<
    readonly {
      readonly name: string;
      readonly oid: number;
      readonly typmod: number;
      /** Key of its collation where that is not the database's. */
      readonly collation: string | undefined;
    }[]
  >;
  resolveMoment(point: TimePoint): Task<number>;
  /** Like `query`, for its effect: the number of rows changed. */
  run(sql: string): Task<number>;
  /** The state with this transaction's writes. */
  reader(): StatementReader;
  /** Refuses a routine whose body cannot run as it says. */
  checkRoutine(def: RoutineDef): Task<void>;
  /** Runs the triggers that TRUNCATE fires. */
  fireTruncate(table: TableDef, time: 'before' | 'after'): Task<void>;
  /** Refuses a trigger's WHEN that cannot be bound. */
  checkWhen(when: string, table: TableDef): void;
  /** The schema of the session's temporary objects, made now where there is none. */
  tempSchema(): string;
  /** Lets a sequence begin again, at a value or at its start. Sequences stand outside of transactions. */
  restart(sequence: SequenceDef, value: string | undefined): void;
  readonly lastSeq: number;
}

const TEMP_ALIAS = 'pg_temp';
const SYSTEM: ReadonlySet<string> = new Set([TEMP_ALIAS, 'pg_catalog', 'information_schema']);

/** Whether what lies in a schema is some session's own. */
/** What a definition keeps of a column that is no more. */
export function droppedColumn({ id, type, missing }: ColumnDef): DroppedColumn {
  return missing === undefined ? { id, type } : { id, type, missing };
}

export function isTemporarySchema(schema: string): boolean {
  return schema.startsWith('pg_temp_');
}

/** The schema a new object goes to; it must exist and take user objects. */
export function schemaFor(context: DdlContext, name: QualifiedName, persistence: Persistence = 'permanent'): string {
  refuseOtherDatabase(name, context.eval.database);
  if (persistence === 'temporary' && name.schema !== undefined && name.schema !== TEMP_ALIAS) {
    throw new DriftError('42P16', 'cannot create temporary relation in non-temporary schema', {
      position: name.position,
    });
  }
  if (persistence === 'temporary' || name.schema === TEMP_ALIAS) return context.tempSchema();
  const schema = name.schema ?? creationSchema(context, name.position);
  if (schema === 'pg_catalog' || schema === 'information_schema')
    throw new DriftError('42501', `permission denied to create "${schema}.${name.name}"`, {
      position: name.position,
      detail: 'System catalog modifications are currently disallowed.',
    });
  if (context.transaction.catalog.schema(schema) === undefined) {
    throw new DriftError('3F000', `schema "${schema}" does not exist`, { position: name.position });
  }
  if (schema === 'drift')
    throw new DriftError('42501', 'schema "drift" belongs to the system', { position: name.position });
  return schema;
}

/** The first schema of the path that exists. */
function creationSchema(context: DdlContext, position: number): string {
  const { catalog } = context.transaction;
  for (const name of catalog.path) {
    if (name === TEMP_ALIAS) return context.tempSchema();
    if (catalog.schema(name) !== undefined) return name;
  }
  throw new DriftError('3F000', 'no schema has been selected to create in', { position });
}

/** Throws 42P07 when a relation or index of that name exists. */
export function refuseTaken(context: DdlContext, schema: string, name: string, position: number): void {
  const { catalog } = context.transaction;
  if (catalog.relation(schema, name) !== undefined || catalog.tableOfIndex(schema, name) !== undefined) {
    throw new DriftError('42P07', `relation "${name}" already exists`, { position });
  }
}

export function relationNamed(context: DdlContext, name: QualifiedName): TableDef | ViewDef | SequenceDef | undefined {
  refuseOtherDatabase(name, context.eval.database);
  return context.transaction.catalog.relation(name.schema, name.name);
}

/** IF EXISTS: what is not there is no error. */
export function skipMissing(context: DdlContext, what: string): void {
  context.notices.push({ severity: 'NOTICE', code: '00000', message: `${what} does not exist, skipping` });
}

/** IF NOT EXISTS: what is there already is no error. */
export function skipExisting(context: DdlContext, what: string, code = '42P07'): void {
  context.notices.push({ severity: 'NOTICE', code, message: `${what} already exists, skipping` });
}

/** Finds a table to change; throws 42P01 or 42809. System tables are refused. */
export function tableNamed(context: DdlContext, name: QualifiedName, materialized = false): TableDef {
  const found = relationNamed(context, name);
  if (found === undefined) throw undefinedTable(context, name);
  if (found.kind !== 'table' || (found.materialized !== undefined && !materialized))
    throw new DriftError('42809', `"${name.name}" is not a table`, { position: name.position });
  if (found.schema === 'drift')
    throw new DriftError('42501', `permission denied: "${name.name}" is a system table`, { position: name.position });
  return found;
}

/** 42P01, or 3F000 where not even the schema exists. */
export function undefinedTable(context: DdlContext, name: QualifiedName): DriftError {
  const { position } = name;
  if (
    name.schema !== undefined &&
    !SYSTEM.has(name.schema) &&
    context.transaction.catalog.schema(name.schema) === undefined
  )
    return new DriftError('3F000', `schema "${name.schema}" does not exist`, { position });
  const system = systemRelationNamed(name);
  if (system !== undefined) return notOwner(system, position);
  const written = name.schema === undefined ? name.name : `${name.schema}.${name.name}`;
  return new DriftError('42P01', `relation "${written}" does not exist`, { position: name.position });
}

/** A relation of pg_catalog or information_schema. */
export function systemRelationNamed({ schema, name }: QualifiedName): SystemTable | undefined {
  return schema === 'drift' ? undefined : systemTables.find(schema ?? 'pg_catalog', name);
}

/** System relations are nobody's to change. */
export function notOwner({ kind, name }: SystemTable, position: number): DriftError {
  if (kind === 'v') return new DriftError('42501', `must be owner of view ${name}`, { position });
  return new DriftError('42501', `permission denied: "${name}" is a system catalog`, { position });
}

/** Replaces one object's definition. */
export function define(context: DdlContext, object: CatalogObject, undo?: () => void): void {
  context.transaction.changeCatalog([{ id: object.id, object }], undo);
}

/** A name that is free, by PostgreSQL's pattern: base, base1, base2 … */
export function freeName(context: DdlContext, schema: string, base: string, taken: Iterable<string> = []): string {
  const { catalog } = context.transaction;
  const others = new Set(taken);
  for (let n = 0; ; n++) {
    const name = n === 0 ? base : `${base}${n}`;
    if (
      !others.has(name) &&
      catalog.relation(schema, name) === undefined &&
      catalog.tableOfIndex(schema, name) === undefined
    )
      return name;
  }
}

/** Another transaction may be adding columns to the same table: the later one has to come again. */
export function requireColumnsOf(context: DdlContext, table: TableDef): void {
  if (context.store.table(table.id).columns.length !== table.nextColumnId) {
    throw new DriftError(
      '40001',
      `could not serialize access: another transaction is adding a column to table "${table.name}"`,
    );
  }
}
