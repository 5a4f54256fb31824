/** What PostgreSQL's functions over its catalogs answer (chapter 9.26), by name. One user owns everything and may all. */
import type { Backend } from '../activity.ts';
import { terminated } from './backends.ts';
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import {
  classByName,
  classByOid,
  classNames,
  PG_CATALOG_OID,
  schemaNameOf,
  schemaOidOf,
  type ClassEntry,
} from '../../catalog/oids.ts';
import type { Catalog, ColumnDef, TableDef } from '../../catalog/schema.ts';
import { objectOfType } from '../../catalog/user-types.ts';
import type { BindContext } from '../../plan/bind.ts';
import type { EvalContext } from '../../sql/eval-context.ts';
import { SqlArray } from '../../sql/types/array.ts';
import { quoteIdent } from '../../sql/functions/format-text.ts';
import type { TableStore } from '../../table/store.ts';
import type { Sequences } from '../sequences.ts';
import type { Settings } from '../settings.ts';
import { EXTENSION_OID, PLPGSQL_OID } from './constants.ts';
import { deparseStored } from './deparse.ts';
import { constraintText, indexText, keyExpression, viewText } from './definitions.ts';
import { columnByNumber, constraintByOid, indexByOid, relationsOf } from './model.ts';
import { privilegeAnswer } from './privilege-functions.ts';
import { roleName } from './privileges.ts';
import { functionArguments, functionResult, type PrintDefault, routineDefinition, triggerText } from './procedures.ts';
import { systemRelation, systemRelationByOid } from './relations.ts';

export interface AnswerContext {
  readonly eval: EvalContext;
  readonly store: TableStore;
  readonly settings: Settings;
  readonly sequences: Sequences;
  readonly sessions: ReadonlyMap<number, Backend>;
}

const INT4 = 23;

type Answer = (context: AnswerContext, args: readonly Value[], name: string) => Value;

/** Answers one function; the caller has checked the types of its arguments. */
export function catalogAnswer(name: string, args: readonly Value[], context: AnswerContext): Value {
  if (name.endsWith('_privilege') || name === 'pg_has_role') {
    const { catalog, user } = context.eval;
    return privilegeAnswer(name, args, { catalog, user, classOid: (written) => writtenClass(catalog, written) });
  }
  const answer = ANSWERS[name] ?? isVisible;
  return answer(context, args, name);
}

// ---- names and OIDs ------------------------------------------------------------------------------------------------

/** The OID of a system relation, or of an index: what is in no catalog of relations. */
export function systemClassOid(catalog: Catalog, schema: string | undefined, name: string): number | undefined {
  if (schema !== undefined) return systemRelation(schema, name)?.oid ?? classByName(catalog, schema, name)?.oid;
  const system = systemRelation('pg_catalog', name);
  if (system !== undefined) return system.oid;
  for (const candidate of catalog.path) {
    const found = systemRelation(candidate, name);
    if (found !== undefined) return found.oid;
  }
  return classByName(catalog, undefined, name)?.oid;
}

export function systemClassName(
  catalog: Catalog,
  oid: number,
): { readonly schema: string; readonly name: string } | undefined {
  const entry = classByOid(catalog, oid);
  if (entry !== undefined) return classNames(entry);
  const type = catalog.byId(oid);
  return type?.kind === 'type' ? type : systemRelationByOid(oid);
}

/** The parts of a written name, the last one first: quoted ones as they are, others in lower case. */
function nameParts(text: string): readonly string[] {
  return [...text.matchAll(/"((?:[^"]|"")*)"|([^."\s]+)/g)]
    .map((match) => match[1]?.replaceAll('""', '"') ?? (match[2] as string).toLowerCase())
    .toReversed();
}

function writtenClass(catalog: Catalog, written: string): number | undefined {
  const [name = '', schema] = nameParts(written);
  return systemClassOid(catalog, schema, name);
}

function classNamed({ eval: { catalog } }: AnswerContext, written: Value): ClassEntry | undefined {
  const [name = '', schema] = nameParts(String(written));
  return classByName(catalog, schema, name);
}

/** An expression is bound to be printed: nothing of it is evaluated, nothing is read. */
function bindContext({ eval: context }: AnswerContext): BindContext {
  return {
    catalog: context.catalog,
    eval: context,
    systemTables: { find: (schema, name) => (schema === undefined ? undefined : systemRelation(schema, name)) },
    lastSeq: context.snapshot,
    *catalogAt() {
      return context.catalog;
    },
    *resolveMoment() {
      return context.snapshot;
    },
    evaluateConstant: () => null,
  };
}

function manner(context: AnswerContext, pretty: Value | undefined): { bind: BindContext; pretty: boolean } {
  return { bind: bindContext(context), pretty: pretty === true };
}

/** Defaults of arguments are printed as those of columns of their types. */
function defaultPrinter(context: AnswerContext): PrintDefault {
  const bind = bindContext(context);
  return (text, type) => {
    const column: ColumnDef = { id: 0, name: 'argument', type, notNull: false };
    const table: TableDef = { ...NO_TABLE, columns: [column] };
    return deparseStored(text, table, 'default', { bind, columnIndex: 0 });
  };
}

const NO_TABLE: TableDef = {
  kind: 'table',
  id: 0,
  schema: 'public',
  name: 'arguments',
  columns: [],
  nextColumnId: 1,
  key: [],
  indexes: [],
  checks: [],
  foreignKeys: [],
  dropped: [],
};

// ---- visibility --------------------------------------------------------------------------------------------------

/** Whether a bare name finds the object: built-in objects always, relations as the path has it. */
function isVisible({ eval: { catalog } }: AnswerContext, [oid]: readonly Value[]): Value {
  const number = oid as number;
  const system = systemRelationByOid(number);
  if (system !== undefined) return system.schema === 'pg_catalog' || catalog.path.includes(system.schema);
  const object = catalog.byId(number);
  if (object !== undefined && 'schema' in object && !('columns' in object) && object.kind !== 'sequence')
    return catalog.searched.includes(object.schema);
  const entry = classByOid(catalog, number);
  // What is no relation is a built-in function, type or operator.
  if (entry === undefined) return true;
  return classByName(catalog, undefined, classNames(entry).name)?.oid === number;
}

// ---- comments ------------------------------------------------------------------------------------------------------

/** Catalogs whose objects may have a comment. */
const COMMENTED: ReadonlySet<string> = new Set([
  'pg_class',
  'pg_type',
  'pg_proc',
  'pg_namespace',
  'pg_collation',
  'pg_constraint',
  'pg_trigger',
]);

function commentOf({ eval: { catalog } }: AnswerContext, oid: number, of: Value | undefined): string | null {
  if (oid === PG_CATALOG_OID) return 'system catalog schema';
  if (oid === EXTENSION_OID || oid === PLPGSQL_OID) return 'PL/pgSQL procedural language';
  if (of === 'pg_constraint') {
    const found = constraintByOid(catalog, oid);
    return found?.table.constraintComments?.[found.name] ?? null;
  }
  if (of === 'pg_trigger') {
    for (const relation of relationsOf(catalog)) {
      const triggers = 'triggers' in relation ? (relation.triggers ?? []) : [];
      for (const trigger of triggers) if (trigger.id === oid) return trigger.comment ?? null;
    }
    return null;
  }
  const schema = of === 'pg_class' || of === 'pg_type' ? null : schemaNameOf(catalog, oid);
  if (schema !== null) return catalog.schema(schema)?.comment ?? null;
  if (of !== undefined && of !== null && !COMMENTED.has(String(of))) return null;
  const object = catalog.byId(of === 'pg_type' ? objectOfType(oid).id : oid);
  if (object !== undefined) return 'comment' in object ? (object.comment ?? null) : null;
  const index = indexByOid(catalog, oid);
  return (index?.primary === true ? index.table.keyComment : index?.def?.comment) ?? null;
}

// ---- sizes ---------------------------------------------------------------------------------------------------------

/** Bytes of a relation on disk, its history included; null for what is no relation. */
function relationBytes({ eval: { catalog }, store }: AnswerContext, oid: Value): number | null {
  const entry = classByOid(catalog, oid as number);
  if (entry === undefined) return systemRelationByOid(oid as number) === undefined ? null : 0;
  if (entry.kind === 'relation') return store.has(entry.oid) ? store.table(entry.oid).sizeBytes : 0;
  if (entry.index === undefined || !store.has(entry.table.id)) return 0;
  const { id } = entry.index;
  return store.table(entry.table.id).indexes.find((index) => index.id === id)?.sizeBytes ?? 0;
}

function indexBytes(context: AnswerContext, oid: Value): number | null {
  const entry = classByOid(context.eval.catalog, oid as number);
  if (entry?.kind !== 'relation' || entry.relation.kind !== 'table') return entry === undefined ? null : 0;
  return entry.relation.indexes.reduce((sum, index) => sum + (relationBytes(context, index.id) ?? 0), 0);
}

// ---- the table -----------------------------------------------------------------------------------------------------

const ANSWERS: Readonly<Record<string, Answer>> = {
  pg_cancel_backend: ({ eval: { cancellation }, sessions }, [id]) => {
    const cancelled = sessions.get(id as number)?.activity.cancel();
    cancellation.check();
    return cancelled !== undefined;
  },
  pg_blocking_pids({ sessions }, [id]) {
    const blockers = sessions.get(id as number)?.party.wait?.blockers ?? [];
    return SqlArray.of(
      blockers.map((party) => party.id),
      INT4,
    );
  },
  pg_terminate_backend: ({ eval: { cancellation }, sessions }, [id]) => {
    const backend = sessions.get(id as number);
    backend?.terminate(terminated());
    cancellation.check();
    return backend !== undefined;
  },
  pg_get_expr(context, [text, relation, pretty]) {
    const table = context.eval.catalog.byId(relation as number);
    if (pretty !== true || table?.kind !== 'table') return text ?? null;
    return prettier(String(text), table, bindContext(context));
  },
  pg_get_constraintdef(context, [oid, pretty]) {
    const found = constraintByOid(context.eval.catalog, oid as number);
    return found === undefined ? null : constraintText(found, manner(context, pretty));
  },
  pg_get_indexdef(context, [oid, column, pretty]) {
    const found = indexByOid(context.eval.catalog, oid as number);
    if (found === undefined) return null;
    if (column === undefined || column === 0) return indexText(found, manner(context, pretty));
    const part = found.parts[(column as number) - 1];
    return part === undefined ? '' : keyExpression(part, found.table, manner(context, pretty));
  },
  pg_get_viewdef(context, [view]) {
    const { catalog } = context.eval;
    const entry = typeof view === 'number' ? classByOid(catalog, view) : classNamed(context, view ?? null);
    if (entry === undefined && typeof view === 'string')
      throw new DriftError('42P01', `relation "${view}" does not exist`);
    if (entry?.kind !== 'relation' || entry.relation.kind === 'sequence') return null;
    const { relation } = entry;
    return relation.kind === 'table' && relation.materialized === undefined ? null : viewText(relation, catalog);
  },
  pg_get_ruledef: () => null,
  pg_get_triggerdef({ eval: { catalog } }, [oid, pretty]) {
    for (const relation of relationsOf(catalog)) {
      const trigger = 'triggers' in relation ? relation.triggers?.find(({ id }) => id === oid) : undefined;
      if (trigger !== undefined) return triggerText(trigger, relation, { catalog, pretty: pretty === true });
    }
    return null;
  },
  pg_get_statisticsobjdef_columns: () => null,
  pg_get_function_arguments: (context, [oid]) =>
    functionArguments(context.eval.catalog, oid as number, defaultPrinter(context)),
  pg_get_function_identity_arguments: ({ eval: { catalog } }, [oid]) => functionArguments(catalog, oid as number, null),
  pg_get_function_result: ({ eval: { catalog } }, [oid]) => functionResult(catalog, oid as number),
  pg_get_functiondef: (context, [oid]) =>
    routineDefinition(context.eval.catalog, oid as number, defaultPrinter(context)),
  pg_get_function_sqlbody: () => null,
  pg_get_serial_sequence: (context, [table, column]) => serialSequence(context, table ?? null, column ?? null),
  pg_get_userbyid: ({ eval: { catalog } }, [oid]) => roleName(catalog, oid as number) ?? `unknown (OID=${String(oid)})`,
  obj_description: (context, [oid, of]) => commentOf(context, oid as number, of),
  shobj_description({ eval: { catalog } }, [oid]) {
    const role = catalog.byId(oid as number);
    return role?.kind === 'role' ? (role.comment ?? null) : null;
  },
  col_description({ eval: { catalog } }, [oid, number]) {
    const table = catalog.byId(oid as number);
    if (table?.kind === 'view') return table.columnComments?.[table.columns[(number as number) - 1] ?? ''] ?? null;
    return table?.kind === 'table' ? (columnByNumber(table, number as number)?.comment ?? null) : null;
  },
  to_regclass: ({ eval: { catalog } }, [name]) => writtenClass(catalog, String(name)) ?? null,
  to_regnamespace: ({ eval: { catalog } }, [name]) => schemaOidOf(catalog, nameParts(String(name))[0] ?? '') ?? null,
  pg_relation_size(context, [oid, fork = 'main']) {
    if (fork === 'main' || fork === null) return fork === null ? null : relationBytes(context, oid ?? null);
    if (fork === 'fsm' || fork === 'vm' || fork === 'init') return 0;
    throw new DriftError('22023', 'invalid fork name', {
      hint: 'Valid fork names are "main", "fsm", "vm", and "init".',
    });
  },
  pg_table_size: (context, [oid]) => relationBytes(context, oid ?? null),
  pg_indexes_size: (context, [oid]) => indexBytes(context, oid ?? null),
  pg_total_relation_size(context, [oid]) {
    const own = relationBytes(context, oid ?? null);
    return own === null ? null : own + (indexBytes(context, oid ?? null) ?? 0);
  },
  pg_database_size: ({ store }) => store.statistics().diskBytes,
  pg_tablespace_size: ({ store }) => store.statistics().diskBytes,
  pg_relation_is_publishable: () => false,
  pg_relation_is_updatable({ eval: { catalog } }, [oid]) {
    const object = catalog.byId(oid as number);
    return object?.kind === 'table' && object.materialized === undefined ? ALL_CHANGES : 0;
  },
  pg_column_is_updatable({ eval: { catalog } }, [oid, number]) {
    const object = catalog.byId(oid as number);
    if (object?.kind !== 'table' || object.materialized !== undefined) return false;
    return columnByNumber(object, number as number) !== undefined;
  },
  pg_sequence_last_value({ sequences }, [oid]) {
    const found = sequences.all().find(({ id, isCalled }) => id === oid && isCalled);
    return found === undefined ? null : plainNumber(found.value);
  },
  pg_tablespace_location: () => '',
  pg_my_temp_schema: ({ eval: { catalog } }) => (catalog.temp === null ? 0 : (schemaOidOf(catalog, catalog.temp) ?? 0)),
  pg_is_other_temp_schema: ({ eval: { catalog } }, [oid]) => {
    const name = schemaNameOf(catalog, oid as number);
    return name !== null && name.startsWith('pg_temp_') && name !== catalog.temp;
  },
};

function plainNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Bits of INSERT, UPDATE and DELETE, as pg_relation_is_updatable counts them. */
const ALL_CHANGES = 28;

/** A printed expression without the parentheses that it does not need. */
function prettier(text: string, table: TableDef, bind: BindContext): string {
  for (const use of ['default', 'index', 'check'] as const) {
    const printed = deparseStored(text, table, use, { bind, pretty: true });
    if (printed !== text) return printed;
  }
  return unwrapped(text);
}

/** An expression without the parentheses around the whole of it. */
function unwrapped(text: string): string {
  if (!text.startsWith('(')) return text;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')' && --depth === 0) return i === text.length - 1 ? text.slice(1, -1) : text;
  }
  return text;
}

function serialSequence(context: AnswerContext, table: Value, column: Value): string | null {
  const { catalog } = context.eval;
  const entry = classNamed(context, table);
  const relation = entry?.kind === 'relation' ? entry.relation : undefined;
  if (relation === undefined) throw new DriftError('42P01', `relation "${String(table)}" does not exist`);
  if (relation.kind === 'view' && relation.columns.includes(String(column))) return null;
  const found = relation.kind === 'table' ? relation.columns.find((other) => other.name === column) : undefined;
  if (found === undefined)
    throw new DriftError('42703', `column "${String(column)}" of relation "${relation.name}" does not exist`);
  const sequence = found.sequenceId === undefined ? undefined : catalog.byId(found.sequenceId);
  return sequence?.kind === 'sequence' ? `${quoteIdent(sequence.schema)}.${quoteIdent(sequence.name)}` : null;
}
