/** Definitions as SQL: what pg_get_constraintdef, pg_get_indexdef and pg_get_viewdef answer, in PostgreSQL's words. */
import type { Catalog, Deferrable, ReferentialAction, TableDef, ViewDef } from '../../catalog/schema.ts';
import type { BindContext } from '../../plan/bind.ts';
import { collationOfKey } from '../../sql/collations.ts';
import { quoteIdent } from '../../sql/functions/format-text.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import { type ColumnsOf, layoutQuery } from '../../sql/parser/print-layout.ts';
import { deparseStored } from './deparse.ts';
import { columnName, type ConstraintEntry, type IndexEntry, type KeyPart } from './model.ts';

interface Manner {
  readonly bind: BindContext;
  readonly pretty: boolean;
}

const ACTIONS: Readonly<Record<ReferentialAction, string>> = {
  'no action': '',
  restrict: 'RESTRICT',
  cascade: 'CASCADE',
  'set null': 'SET NULL',
  'set default': 'SET DEFAULT',
};

export function constraintText(entry: ConstraintEntry, manner: Manner): string {
  switch (entry.type) {
    case 'p':
      return `PRIMARY KEY (${keyList(entry.index)})${includeText(entry.index)}${timingText(entry.index.def?.deferrable)}`;
    case 'u': {
      const nulls = entry.index.def?.nullsNotDistinct === true ? ' NULLS NOT DISTINCT' : '';
      return `UNIQUE${nulls} (${keyList(entry.index)})${includeText(entry.index)}${timingText(entry.index.def?.deferrable)}`;
    }
    case 'c': {
      const text = deparseStored(entry.check.expression, entry.table, 'check', manner);
      return `CHECK (${text})${entry.check.notValid === true ? ' NOT VALID' : ''}`;
    }
    case 'f': {
      const { key, foreign, table } = entry;
      const list = (owner: TableDef, ids: readonly number[]): string =>
        ids.map((id) => quoteIdent(columnName(owner, id))).join(', ');
      const keys = (owner: TableDef, ids: readonly number[]): string =>
        key.period === undefined
          ? list(owner, ids)
          : `${list(owner, ids.slice(0, -key.period))}, PERIOD ${periodText(owner, ids)}`;
      const target = foreign === undefined ? '' : relationName(foreign, manner);
      const setColumns = key.onDeleteColumns === undefined ? '' : ` (${list(table, key.onDeleteColumns)})`;
      const match = key.match === 'full' ? ' MATCH FULL' : '';
      const update = ACTIONS[key.onUpdate];
      const remove = ACTIONS[key.onDelete];
      return (
        `FOREIGN KEY (${keys(table, key.columns)}) REFERENCES ${target}` +
        `(${foreign === undefined ? '' : keys(foreign, key.foreignColumns)})${match}` +
        (update === '' ? '' : ` ON UPDATE ${update}`) +
        (remove === '' ? '' : ` ON DELETE ${remove}${setColumns}`) +
        timingText(key.deferrable) +
        (key.notValid === true ? ' NOT VALID' : '')
      );
    }
  }
}

function timingText(deferrable: Deferrable | undefined): string {
  if (deferrable === undefined) return '';
  return deferrable === 'deferred' ? ' DEFERRABLE INITIALLY DEFERRED' : ' DEFERRABLE';
}

function keyList(index: IndexEntry): string {
  const { table, parts, def } = index;
  const names = parts.map(({ column }) => quoteIdent(column?.name ?? ''));
  if (def?.withoutOverlaps === undefined) return names.join(', ');
  const columns = def.columns.map(({ column }) => column);
  return [...names.slice(0, -def.withoutOverlaps), `${periodText(table, columns)} WITHOUT OVERLAPS`].join(', ');
}

function includeText({ included }: IndexEntry): string {
  return included.length === 0 ? '' : ` INCLUDE (${included.map(({ name }) => quoteIdent(name)).join(', ')})`;
}

/** The period at the end of a key's columns: its name, or that of a range. */
function periodText(table: TableDef, columns: readonly number[]): string {
  const [from, to] = columns.slice(-2);
  const period = table.periods?.find((candidate) => candidate.from === from && candidate.to === to);
  return quoteIdent(period?.name ?? columnName(table, to ?? 0));
}

/** CREATE INDEX as PostgreSQL writes it; pretty names the table without its schema where it is found so. */
export function indexText(index: IndexEntry, manner: Manner): string {
  const { schema, name } = index.table;
  const table = manner.pretty ? relationName(index.table, manner) : `${quoteIdent(schema)}.${quoteIdent(name)}`;
  const parts = index.parts.map((part) => keyText(part, index.table, manner)).join(', ');
  const nulls = index.def?.nullsNotDistinct === true ? ' NULLS NOT DISTINCT' : '';
  const where = index.where === undefined ? '' : ` WHERE ${predicateText(index, manner)}`;
  return `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ${quoteIdent(index.name)} ON ${table} USING btree (${parts})${includeText(index)}${nulls}${where}`;
}

export function predicateText(index: IndexEntry, manner: Manner): string {
  return deparseStored(index.where ?? '', index.table, 'check', manner);
}

/** One key of an index: its column or expression, and the order where it is not the usual one. */
function keyText(part: KeyPart, table: TableDef, manner: Manner): string {
  const usual = part.nullsFirst === part.descending;
  const nulls = usual ? '' : part.nullsFirst ? ' NULLS FIRST' : ' NULLS LAST';
  const collation = part.collation === undefined ? '' : ` COLLATE ${collationText(part.collation, manner)}`;
  return `${keyExpression(part, table, manner)}${collation}${part.descending ? ' DESC' : ''}${nulls}`;
}

/** A column's name, or an expression, in parentheses unless it is a call. */
export function keyExpression(part: KeyPart, table: TableDef, manner: Manner): string {
  if (part.expression === undefined) return quoteIdent(part.column?.name ?? '');
  const text = deparseStored(part.expression, table, 'index', manner);
  if (/^[a-z_][a-z0-9_]*\(.*\)$/.test(text) && closesAtEnd(text)) return text;
  return text.startsWith('(') && closesAtEnd(text) ? `(${text})` : manner.pretty ? `(${text})` : `(${text})`;
}

/** Whether the first parenthesis closes with the last character. */
function closesAtEnd(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')' && --depth === 0) return i === text.length - 1;
  }
  return false;
}

/** A collation's name, with its schema where that is not searched. */
function collationText(key: string, { bind: { catalog } }: Manner): string {
  const found = collationOfKey(catalog, key);
  const hidden = found !== undefined && found.own !== null && !catalog.searched.includes(found.schema);
  return `${hidden ? `${quoteIdent(found.schema)}.` : ''}${quoteIdent(found?.name ?? key)}`;
}

/** A relation's name, with its schema where the path does not find it. */
export function relationName(
  relation: { readonly schema: string; readonly name: string },
  { bind }: Pick<Manner, 'bind'>,
): string {
  const found = bind.catalog.relation(undefined, relation.name);
  const visible = found !== undefined && found.schema === relation.schema;
  return `${visible ? '' : `${quoteIdent(relation.schema)}.`}${quoteIdent(relation.name)}`;
}

/** The query of a view or materialized view, laid out where its form allows. */
export function viewText(view: ViewDef | TableDef, catalog: Catalog): string {
  const text = view.kind === 'view' ? view.query : (view.materialized ?? '');
  const query = parseOne(text);
  const names = view.kind === 'view' ? view.columns : shownColumns(view);
  const path = view.kind === 'view' ? [...(view.path ?? ['public']), 'pg_temp'] : catalog.path;
  const own = catalog.forSession(catalog.temp, path);
  const columnsOf: ColumnsOf = ({ schema, name }) => {
    const found = own.relation(schema, name);
    if (found?.kind === 'view') return found.columns;
    return found?.kind === 'table' ? shownColumns(found) : null;
  };
  const layout = query.kind === 'query' ? layoutQuery(query, names, columnsOf) : null;
  return `${layout ?? ` ${text}`};`;
}

function shownColumns(table: TableDef): string[] {
  return table.columns.filter(({ hidden }) => hidden !== true).map(({ name }) => name);
}
