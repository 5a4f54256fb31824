/** pg_index, pg_constraint and pg_depend: what holds of tables, and what hangs on what. */
import type { ReferentialAction, TableDef } from '../../catalog/schema.ts';
import { SqlArray } from '../../sql/types/array.ts';
import { deparseStored } from './deparse.ts';
import { keyExpression, predicateText } from './definitions.ts';
import {
  attributeNumber,
  constraintsOf,
  defaultOid,
  indexesOf,
  mentioned,
  namespaceOid,
  referencedIndex,
  ruleOid,
  sequencesOf,
  tablesOf,
  timingOf,
  viewsOf,
  visibleColumns,
  type ConstraintEntry,
  type IndexEntry,
} from './model.ts';
import { opclassOid } from './pg-access.ts';
import type { RowSource, SystemContext, SystemRecord } from './source.ts';
import { collationOf } from './types.ts';

const INT2 = 21;
const PG_CLASS = 1259;
const PG_ATTRDEF = 2604;
const PG_CONSTRAINT = 2606;
const PG_NAMESPACE = 2615;
const PG_REWRITE = 2618;

export const constraintSources: Readonly<Record<string, RowSource>> = {
  *pg_index(context) {
    for (const table of tablesOf(context.catalog)) for (const index of indexesOf(table)) yield indexRow(index, context);
  },
  *pg_constraint(context) {
    for (const table of tablesOf(context.catalog))
      for (const entry of constraintsOf(table, context.catalog)) yield constraintRow(entry, context);
  },
  *pg_depend(context) {
    for (const table of tablesOf(context.catalog)) yield* dependenciesOf(table, context);
    for (const { id, ownedBy } of sequencesOf(context.catalog)) {
      const table = ownedBy === undefined ? undefined : context.catalog.byId(ownedBy.tableId);
      if (ownedBy === undefined || table?.kind !== 'table') continue;
      const column = table.columns.find((candidate) => candidate.id === ownedBy.columnId);
      const deptype = column?.identity === undefined ? 'a' : 'i';
      const refobjsubid = attributeNumber(table, ownedBy.columnId);
      yield { classid: PG_CLASS, objid: id, refclassid: PG_CLASS, refobjid: table.id, refobjsubid, deptype };
    }
    for (const view of viewsOf(context.catalog)) {
      const rule = { classid: PG_REWRITE, objid: ruleOid(view), refclassid: PG_CLASS };
      yield { ...rule, refobjid: view.id, deptype: 'i' };
    }
  },
};

// ---- pg_index, pg_constraint ---------------------------------------------------------------------------------------

function indexRow(index: IndexEntry, { bind }: SystemContext): SystemRecord {
  const { parts, table } = index;
  const manner = { bind, pretty: false };
  const typeOf = (i: number): number => {
    const id = parts[i]?.column?.id ?? index.def?.columns[i]?.column;
    return table.columns.find((column) => column.id === id)?.type.oid ?? 25;
  };
  const expressions = parts.filter(({ expression }) => expression !== undefined);
  const numbers = [...parts.map(({ column }) => column), ...index.included];
  return {
    indexrelid: index.oid,
    indrelid: table.id,
    indnatts: parts.length + index.included.length,
    indnkeyatts: parts.length,
    indisunique: index.unique,
    indnullsnotdistinct: index.def?.nullsNotDistinct === true,
    indisprimary: index.primary,
    indimmediate: index.def?.deferrable === undefined,
    indisvalid: true,
    indisready: true,
    indislive: true,
    indkey: vector(
      numbers.map((column) => (column === undefined ? 0 : attributeNumber(table, column.id))),
      INT2,
    ),
    indcollation: vector(
      parts.map((part, i) => {
        const { collation = part.column?.type.collation } = index.def?.columns[i] ?? {};
        return collationOf({ oid: typeOf(i), typmod: -1, collation });
      }),
      26,
    ),
    indclass: vector(
      parts.map((_, i) => opclassOid(typeOf(i))),
      26,
    ),
    indoption: vector(
      parts.map((part) => (part.descending ? 1 : 0) + (part.nullsFirst ? 2 : 0)),
      INT2,
    ),
    indexprs:
      expressions.length === 0 ? null : expressions.map((part) => keyExpression(part, table, manner)).join(', '),
    indpred: index.where === undefined ? null : predicateText(index, manner),
  };
}

/** int2vector and oidvector count from zero. */
function vector(numbers: readonly number[], elementOid: number): SqlArray {
  return new SqlArray([numbers.length], [0], numbers, elementOid);
}

const ACTION_CODES: Readonly<Record<ReferentialAction, string>> = {
  'no action': 'a',
  restrict: 'r',
  cascade: 'c',
  'set null': 'n',
  'set default': 'd',
};

function constraintRow(entry: ConstraintEntry, { catalog, bind }: SystemContext): SystemRecord {
  const { table } = entry;
  const deferrable = timingOf(entry);
  const numbers = (owner: TableDef, ids: readonly number[]): SqlArray =>
    SqlArray.of(
      ids.map((id) => attributeNumber(owner, id)),
      INT2,
    );
  const common = {
    oid: entry.oid,
    conname: entry.name,
    connamespace: namespaceOid(catalog, table.schema),
    contype: entry.type,
    condeferrable: deferrable !== undefined,
    condeferred: deferrable === 'deferred',
    convalidated: !('check' in entry ? entry.check.notValid : 'key' in entry ? entry.key.notValid : false),
    conrelid: table.id,
    conislocal: true,
    confupdtype: ' ',
    confdeltype: ' ',
    confmatchtype: ' ',
    connoinherit: entry.type !== 'c',
  };
  switch (entry.type) {
    case 'p':
    case 'u': {
      const ids = entry.index.parts.flatMap(({ column }) => (column === undefined ? [] : [column.id]));
      return { ...common, conindid: entry.index.oid, conkey: numbers(table, ids) };
    }
    case 'c': {
      const conbin = deparseStored(entry.check.expression, table, 'check', { bind });
      return { ...common, conkey: numbers(table, mentioned(entry.check.expression, table)), conbin };
    }
    case 'f': {
      const { key, foreign } = entry;
      return {
        ...common,
        conindid: foreign === undefined ? 0 : (referencedIndex(foreign, key.foreignColumns)?.oid ?? 0),
        confrelid: key.foreignTableId,
        confupdtype: ACTION_CODES[key.onUpdate],
        confdeltype: ACTION_CODES[key.onDelete],
        confmatchtype: key.match === 'full' ? 'f' : 's',
        conkey: numbers(table, key.columns),
        confdelsetcols: key.onDeleteColumns === undefined ? null : numbers(table, key.onDeleteColumns),
        confkey: foreign === undefined ? null : numbers(foreign, key.foreignColumns),
      };
    }
  }
}

function* dependenciesOf(table: TableDef, { catalog }: SystemContext): Generator<SystemRecord> {
  const onTable = { refclassid: PG_CLASS, refobjid: table.id };
  yield {
    classid: PG_CLASS,
    objid: table.id,
    refclassid: PG_NAMESPACE,
    refobjid: namespaceOid(catalog, table.schema),
    deptype: 'n',
  };
  const constraints = new Map([...constraintsOf(table, catalog)].map((entry) => [entry.name, entry]));
  for (const index of indexesOf(table)) {
    const constraint = constraints.get(index.name);
    if (constraint === undefined || (constraint.type !== 'p' && constraint.type !== 'u')) {
      yield { classid: PG_CLASS, objid: index.oid, ...onTable, deptype: 'a' };
      continue;
    }
    const refobjid = constraint.oid;
    yield { classid: PG_CLASS, objid: index.oid, refclassid: PG_CONSTRAINT, refobjid, deptype: 'i' };
  }
  for (const entry of constraints.values())
    yield { classid: PG_CONSTRAINT, objid: entry.oid, ...onTable, deptype: 'a' };
  for (const column of visibleColumns(table)) {
    if (column.default === undefined && column.generated === undefined) continue;
    const refobjsubid = attributeNumber(table, column.id);
    yield { classid: PG_ATTRDEF, objid: defaultOid(table, column), ...onTable, refobjsubid, deptype: 'a' };
    if (column.sequenceId !== undefined && column.default !== undefined)
      yield {
        classid: PG_ATTRDEF,
        objid: defaultOid(table, column),
        refclassid: PG_CLASS,
        refobjid: column.sequenceId,
        deptype: 'n',
      };
  }
}
