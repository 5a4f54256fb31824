/** Table constraints: primary key, unique, check, foreign key; from column and table clauses alike. */
import { DriftError } from '../../base/error.ts';
import type { CheckDef, Deferrable, ForeignKeyDef, IndexDef, TableDef } from '../../catalog/schema.ts';
import { bindTableExpression } from '../../plan/bind.ts';
import type { Expression, Identifier } from '../../sql/ast.ts';
import type { ColumnDefinition, References, TableConstraint } from '../../sql/ast-table.ts';
import { printRestrictedExpression } from '../../sql/parser/print.ts';
import { type DdlContext, freeName, isTemporarySchema, relationNamed, undefinedTable } from './context.ts';
import { columnNamed, constraintNames, type Draft } from './draft.ts';
import { refuseIncompatible } from './foreign-types.ts';
import { addKeyWithoutOverlaps, addPeriod, foreignPeriodKey } from './period.ts';

const JSON_OID = 114;

/** Column clauses as table constraints (the column's own name as the only column). */
export function constraintsOf(column: ColumnDefinition): TableConstraint[] {
  const self: readonly Identifier[] = [{ name: column.name, position: column.position }];
  const list: TableConstraint[] = [];
  for (const constraint of column.constraints) {
    const { name, position } = constraint;
    if (constraint.kind === 'check') {
      list.push({
        kind: 'check',
        name: name ?? `${column.name}\u0000`,
        position,
        expression: constraint.expression,
        noInherit: constraint.noInherit,
        notValid: false,
      });
    } else if (constraint.kind === 'unique' || constraint.kind === 'primaryKey') {
      const { deferrable, initiallyDeferred, nullsNotDistinct } = constraint;
      list.push({
        kind: constraint.kind,
        name,
        position,
        columns: self,
        withoutOverlaps: false,
        include: [],
        nullsNotDistinct,
        usingIndex: undefined,
        deferrable,
        initiallyDeferred,
      });
    } else if (constraint.kind === 'references') {
      const { references, deferrable, initiallyDeferred } = constraint;
      list.push({
        kind: 'foreignKey',
        name,
        position,
        columns: self,
        period: false,
        references,
        notValid: false,
        deferrable,
        initiallyDeferred,
      });
    }
  }
  return list;
}

/** Adds a constraint to the draft; returns its name. */
export function addConstraint(context: DdlContext, draft: Draft, constraint: TableConstraint): void {
  switch (constraint.kind) {
    case 'check':
      draft.table = { ...draft.table, checks: [...draft.table.checks, checkOf(context, draft.table, constraint)] };
      return;
    case 'primaryKey':
      if (constraint.withoutOverlaps) {
        refuseSecondKey(draft.table, constraint.position);
        addKeyWithoutOverlaps(context, draft, constraint, optionsOf(draft.table, constraint));
      } else if (constraint.deferrable) addDeferrableKey(context, draft, constraint);
      else addPrimaryKey(draft, constraint);
      return;
    case 'unique': {
      if (constraint.withoutOverlaps) {
        addKeyWithoutOverlaps(context, draft, constraint, optionsOf(draft.table, constraint));
        return;
      }
      const ids = columnIds(draft.table, constraint.columns);
      refuseUnordered(draft.table, ids, constraint.position);
      const names = [...constraint.columns, ...constraint.include].map((column) => column.name).join('_');
      const name =
        constraint.name ??
        freeName(context, draft.table.schema, `${draft.table.name}_${names}_key`, constraintNames(draft.table));
      const index: IndexDef = {
        id: context.nextId(),
        name,
        columns: ids.map((column) => ({ column, descending: false, nullsFirst: false })),
        unique: true,
        nullsNotDistinct: constraint.nullsNotDistinct,
        constraint: name,
        ...optionsOf(draft.table, constraint),
      };
      draft.table = { ...draft.table, indexes: [...draft.table.indexes, index] };
      return;
    }
    case 'foreignKey':
      draft.table = {
        ...draft.table,
        foreignKeys: [...draft.table.foreignKeys, foreignKeyOf(context, draft.table, constraint)],
      };
      return;
    case 'period':
      addPeriod(draft, constraint);
      return;
    case 'exclude':
      throw new DriftError('0A000', 'exclusion constraints are not supported', { position: constraint.position });
  }
}

export function deferrableOf({
  deferrable,
  initiallyDeferred,
}: {
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
}): Deferrable | undefined {
  if (!deferrable) return undefined;
  return initiallyDeferred ? 'deferred' : 'immediate';
}

type PrimaryKey = Extract<TableConstraint, { kind: 'primaryKey' | 'unique' }>;

/** The columns of a new primary key. Throws 42P16 where the table has one. */
function newKey(table: TableDef, { columns, position }: PrimaryKey): number[] {
  refuseSecondKey(table, position);
  const key = columnIds(table, columns);
  refuseUnordered(table, key, position);
  return key;
}

function refuseSecondKey(table: TableDef, position: number): void {
  if (table.primaryKeyName === undefined && !table.indexes.some(({ primary }) => primary === true)) return;
  throw new DriftError('42P16', `multiple primary keys for table "${table.name}" are not allowed`, { position });
}

/** When a key is checked and what its index carries besides. */
function optionsOf(table: TableDef, constraint: PrimaryKey): Pick<IndexDef, 'deferrable' | 'included'> {
  return { deferrable: deferrableOf(constraint), included: includedIds(table, constraint.include) };
}

/** INCLUDE's columns; undefined for none. */
export function includedIds(table: TableDef, names: readonly Identifier[]): readonly number[] | undefined {
  if (names.length === 0) return undefined;
  return names.map(({ name, position }) => {
    const column = columnNamed(table, name);
    if (column === undefined) throw new DriftError('42703', `column "${name}" does not exist`, { position });
    return column.id;
  });
}

/** A key that may be broken for a while cannot be what rows are found by: it is a unique index, of columns NOT NULL. */
function addDeferrableKey(context: DdlContext, draft: Draft, constraint: PrimaryKey): void {
  const { table } = draft;
  const key = newKey(table, constraint);
  const name = constraint.name ?? `${table.name}_pkey`;
  const index: IndexDef = {
    id: context.nextId(),
    name,
    columns: key.map((column) => ({ column, descending: false, nullsFirst: false })),
    unique: true,
    constraint: name,
    primary: true,
    ...optionsOf(table, constraint),
  };
  draft.table = {
    ...table,
    columns: table.columns.map((column) => (key.includes(column.id) ? { ...column, notNull: true } : column)),
    indexes: [...table.indexes, index],
  };
}

function addPrimaryKey(draft: Draft, constraint: PrimaryKey): void {
  const { table } = draft;
  const { name } = constraint;
  const key = newKey(table, constraint);
  const keyIncluded = includedIds(table, constraint.include);
  // A hidden row id goes; hidden columns of expression indexes stay.
  const visible = table.columns.filter((column) => column.hidden !== true || column.generated !== undefined);
  draft.table = {
    ...table,
    key,
    primaryKeyName: name ?? `${table.name}_pkey`,
    ...(keyIncluded === undefined ? {} : { keyIncluded }),
    columns: visible.map((column) => (key.includes(column.id) ? { ...column, notNull: true } : column)),
  };
}

/** Keys of indexes need an order, which json does not have (jsonb does). Throws 42704. */
export function refuseUnordered(table: TableDef, ids: readonly number[], position: number): void {
  if (!table.columns.some((column) => ids.includes(column.id) && column.type.oid === JSON_OID)) return;
  throw new DriftError('42704', 'data type json has no default operator class for access method "btree"', {
    position,
    hint: 'You must specify an operator class for the index or define a default operator class for the data type.',
  });
}

function checkOf(
  context: DdlContext,
  table: TableDef,
  constraint: { name: string | undefined; expression: Expression; position: number; notValid: boolean },
): CheckDef {
  bindTableExpression(constraint.expression, table, 'check', context.bind);
  const ofColumn = constraint.name?.endsWith('\u0000') === true;
  const base = ofColumn ? `${table.name}_${(constraint.name ?? '').slice(0, -1)}_check` : `${table.name}_check`;
  const taken = constraintNames(table);
  let name = ofColumn ? undefined : constraint.name;
  for (let n = 0; name === undefined; n++) {
    const candidate = n === 0 ? base : `${base}${n}`;
    if (!taken.includes(candidate)) name = candidate;
  }
  if (!ofColumn && taken.includes(name)) throw duplicateConstraint(table, name);
  const expression = printRestrictedExpression(constraint.expression);
  return { name, expression, notValid: constraint.notValid ? true : undefined };
}

function foreignKeyOf(
  context: DdlContext,
  table: TableDef,
  constraint: {
    name: string | undefined;
    columns: readonly Identifier[];
    period: boolean;
    references: References;
    position: number;
    notValid: boolean;
    deferrable: boolean;
    initiallyDeferred: boolean;
  },
): ForeignKeyDef {
  const { references } = constraint;
  const own = references.table.name === table.name && (references.table.schema ?? table.schema) === table.schema;
  const parent = own ? table : relationNamed(context, references.table);
  if (parent === undefined) throw undefinedTable(context, references.table);
  if (parent.kind !== 'table') throw new DriftError('42809', `referenced relation "${parent.name}" is not a table`);
  const isTemporary = isTemporarySchema(table.schema);
  if (isTemporarySchema(parent.schema) !== isTemporary) {
    const kind = isTemporary ? 'temporary' : 'permanent';
    throw new DriftError('42P16', `constraints on ${kind} tables may reference only ${kind} tables`, {
      position: references.table.position,
    });
  }
  const ofPeriod = constraint.period ? foreignPeriodKey(table, parent, constraint) : undefined;
  const columns = ofPeriod?.columns ?? columnIds(table, constraint.columns);
  const foreignColumns =
    ofPeriod?.foreignColumns ??
    (references.columns === undefined
      ? primaryKeyOf(parent, references.table.position)
      : columnIds(parent, references.columns));
  if (columns.length !== foreignColumns.length) {
    throw new DriftError('42830', 'number of referencing and referenced columns for foreign key disagree', {
      position: constraint.position,
    });
  }
  if (parent.indexes.some((index) => index.deferrable !== undefined && sameSet(index, foreignColumns))) {
    throw new DriftError('55000', `cannot use a deferrable unique constraint for referenced table "${parent.name}"`, {
      position: constraint.position,
    });
  }
  if (ofPeriod === undefined && !hasUnique(parent, foreignColumns)) {
    throw new DriftError(
      '42830',
      `there is no unique constraint matching given keys for referenced table "${parent.name}"`,
      {
        position: constraint.position,
      },
    );
  }
  if (references.match === 'partial') throw new DriftError('0A000', 'MATCH PARTIAL is not implemented');
  const names = constraint.columns.map((column) => column.name).join('_');
  const taken = constraintNames(table);
  let name = constraint.name ?? `${table.name}_${names}_fkey`;
  for (let n = 1; taken.includes(name); n++) {
    if (constraint.name !== undefined) throw duplicateConstraint(table, name);
    name = `${table.name}_${names}_fkey${n}`;
  }
  const key: ForeignKeyDef = {
    name,
    columns,
    foreignTableId: parent.id,
    foreignColumns,
    onDelete: references.onDelete.action,
    onUpdate: references.onUpdate.action,
    match: references.match,
    period: ofPeriod?.period,
    onDeleteColumns: setColumns(table, columns, references.onDelete.columns),
    deferrable: deferrableOf(constraint),
    notValid: constraint.notValid ? true : undefined,
  };
  refuseIncompatible(table, parent, key);
  return key;
}

/** ON DELETE SET NULL (columns): each must be one of the key's. */
function setColumns(
  table: TableDef,
  columns: readonly number[],
  named: readonly Identifier[] | undefined,
): readonly number[] | undefined {
  return named?.map(({ name, position }) => {
    const column = columnNamed(table, name);
    if (column === undefined)
      throw new DriftError('42703', `column "${name}" referenced in foreign key constraint does not exist`, {
        position,
      });
    if (columns.includes(column.id)) return column.id;
    throw new DriftError('42P10', `column "${name}" referenced in ON DELETE SET action must be part of foreign key`, {
      position,
    });
  });
}

function primaryKeyOf(table: TableDef, position: number): readonly number[] {
  const standing = table.indexes.find(({ primary }) => primary === true);
  if (standing?.withoutOverlaps !== undefined)
    throw new DriftError('42830', `foreign key must use PERIOD when referencing a primary key using WITHOUT OVERLAPS`, {
      position,
    });
  if (standing !== undefined)
    throw new DriftError('55000', `cannot use a deferrable primary key for referenced table "${table.name}"`, {
      position,
    });
  if (table.primaryKeyName === undefined) {
    throw new DriftError('42704', `there is no primary key for referenced table "${table.name}"`);
  }
  return table.key;
}

function sameSet({ columns }: IndexDef, ids: readonly number[]): boolean {
  return columns.length === ids.length && columns.every(({ column }) => ids.includes(column));
}

function hasUnique(table: TableDef, ids: readonly number[]): boolean {
  const same = (columns: readonly number[]): boolean =>
    columns.length === ids.length && columns.every((column) => ids.includes(column));
  return (
    (table.primaryKeyName !== undefined && same(table.key)) ||
    table.indexes.some((index) => index.unique && same(index.columns.map((part) => part.column)))
  );
}

/** Ids of named columns; throws 42703 and 42701. */
export function columnIds(table: TableDef, names: readonly Identifier[]): number[] {
  const ids: number[] = [];
  for (const { name, position } of names) {
    const column = columnNamed(table, name);
    if (column === undefined)
      throw new DriftError('42703', `column "${name}" named in key does not exist`, { position });
    if (ids.includes(column.id))
      throw new DriftError('42701', `column "${name}" appears twice in constraint`, { position });
    ids.push(column.id);
  }
  return ids;
}

function duplicateConstraint(table: TableDef, name: string): DriftError {
  return new DriftError('42710', `constraint "${name}" for relation "${table.name}" already exists`);
}
