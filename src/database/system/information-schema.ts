/** information_schema: the standard's views of relations, their columns and constraints, as PostgreSQL fills them. */
import { OWNER_OID, schemaOid } from '../../catalog/oids.ts';
import type { AclEntry, Catalog, ColumnDef, ReferentialAction, SequenceDef, TableDef } from '../../catalog/schema.ts';
import { isCollatable, typeCollation } from '../../sql/collatable.ts';
import { collationOfKey } from '../../sql/collations.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { OWNER } from './constants.ts';
import { deparseStored } from './deparse.ts';
import { viewText } from './definitions.ts';
import { domainFacts, typeFacts, udtFacts } from './information-types.ts';
import { routineSources } from './information-routines.ts';
import {
  constraintsOf,
  indexesOf,
  mentioned,
  isTemporary,
  namespaceOid,
  referencedIndex,
  relationsOf,
  sequencesOf,
  tablesOf,
  timingOf,
  viewsOf,
  visibleColumns,
  type ConstraintEntry,
  type Relation,
} from './model.ts';
import { sequenceType } from '../ddl/sequence-options.ts';
import { defaultText } from './pg-class.ts';
import { roleName, rolesOf } from './privileges.ts';
import { systemRelations } from './relations.ts';
import type { RowSource, SystemContext, SystemRecord } from './source.ts';

const yes = (value: boolean): string => (value ? 'YES' : 'NO');

export const informationSources: Readonly<Record<string, RowSource>> = {
  ...routineSources,
  *information_schema_catalog_name({ eval: { database } }) {
    yield { catalog_name: database };
  },
  *schemata({ catalog, eval: { database } }) {
    const names = ['pg_catalog', 'information_schema'];
    for (const object of catalog.objects()) if (object.kind === 'schema') names.push(object.name);
    for (const name of names) yield { catalog_name: database, schema_name: name, schema_owner: OWNER };
  },
  *tables(context) {
    const {
      catalog,
      eval: { database },
    } = context;
    for (const { schema, name, kind } of systemRelations()) {
      const table_type = kind === 'v' ? 'VIEW' : 'BASE TABLE';
      yield {
        ...tableNames(database, { schema, name }),
        table_type,
        is_insertable_into: yes(kind === 'r'),
        is_typed: 'NO',
      };
    }
    for (const relation of relationsOf(catalog)) {
      if (relation.kind === 'sequence' || isMaterialized(relation)) continue;
      const temporary = isTemporary(relation.schema);
      const kind = relation.kind === 'view' ? 'VIEW' : temporary ? 'LOCAL TEMPORARY' : 'BASE TABLE';
      yield {
        ...tableNames(database, relation),
        table_type: kind,
        is_insertable_into: yes(
          relation.kind === 'table' || context.viewColumns(relation).some((column) => column.updatable),
        ),
        is_typed: 'NO',
        commit_action: temporary ? 'PRESERVE' : null,
      };
    }
  },
  *columns(context) {
    const {
      catalog,
      eval: { database },
    } = context;
    for (const relation of systemRelations()) {
      for (const [i, { name, type, notNull }] of relation.columns.entries())
        yield {
          ...tableNames(database, relation),
          ...columnFacts(name, i + 1, type, context),
          is_nullable: yes(!notNull),
          is_updatable: yes(relation.kind === 'r'),
        };
    }
    for (const table of tablesOf(catalog)) if (table.materialized === undefined) yield* tableColumns(table, context);
    for (const view of viewsOf(catalog)) {
      for (const [i, { name, type, updatable }] of context.viewColumns(view).entries())
        yield {
          ...tableNames(database, view),
          ...columnFacts(name, i + 1, type, context),
          is_nullable: 'YES',
          is_updatable: yes(updatable),
        };
    }
  },
  *views(context) {
    const {
      catalog,
      eval: { database },
    } = context;
    for (const view of viewsOf(catalog)) {
      const updatable = yes(context.viewColumns(view).some((column) => column.updatable));
      yield {
        ...tableNames(database, view),
        view_definition: viewText(view, catalog),
        check_option: view.checkOption?.toUpperCase() ?? 'NONE',
        is_updatable: updatable,
        is_insertable_into: updatable,
        ...triggersOn(view.triggers ?? []),
      };
    }
  },
  *table_constraints(context) {
    const {
      catalog,
      eval: { database },
    } = context;
    for (const table of tablesOf(catalog)) {
      const names = tableNames(database, table);
      const timing = { is_deferrable: 'NO', initially_deferred: 'NO', enforced: 'YES' };
      for (const entry of constraintsOf(table, catalog)) {
        const nulls = entry.type === 'u' ? yes(entry.index.def?.nullsNotDistinct !== true) : null;
        const constraint_type = KINDS[entry.type];
        const deferrable = timingOf(entry);
        const own = {
          is_deferrable: yes(deferrable !== undefined),
          initially_deferred: yes(deferrable === 'deferred'),
        };
        yield {
          ...constraintNames(database, entry),
          ...names,
          constraint_type,
          ...timing,
          ...own,
          nulls_distinct: nulls,
        };
      }
      for (const name of notNullNames(table, catalog))
        yield {
          ...constraintNames(database, { name, table }),
          ...names,
          constraint_type: 'CHECK',
          ...timing,
          nulls_distinct: null,
        };
    }
  },
  *key_column_usage({ catalog, eval: { database } }) {
    for (const table of tablesOf(catalog)) {
      for (const entry of constraintsOf(table, catalog)) {
        if (entry.type === 'c') continue;
        const unique = entry.type === 'f' && entry.foreign !== undefined ? positions(entry.foreign, entry) : null;
        for (const [i, column_name] of keyColumns(entry).entries())
          yield {
            ...constraintNames(database, entry),
            ...tableNames(database, table),
            column_name,
            ordinal_position: i + 1,
            position_in_unique_constraint: unique?.[i] ?? null,
          };
      }
    }
  },
  *constraint_column_usage({ catalog, eval: { database } }) {
    for (const table of tablesOf(catalog)) {
      for (const entry of constraintsOf(table, catalog)) {
        const [owner, columns] = usedColumns(entry);
        for (const column_name of columns)
          yield { ...tableNames(database, owner), column_name, ...constraintNames(database, entry) };
      }
    }
  },
  *constraint_table_usage({ catalog, eval: { database } }) {
    for (const table of tablesOf(catalog)) {
      for (const entry of constraintsOf(table, catalog)) {
        if (entry.type === 'c') continue;
        const [owner] = usedColumns(entry);
        yield { ...tableNames(database, owner), ...constraintNames(database, entry) };
      }
    }
  },
  *referential_constraints({ catalog, eval: { database } }) {
    for (const table of tablesOf(catalog)) {
      for (const entry of constraintsOf(table, catalog)) {
        if (entry.type !== 'f') continue;
        const index =
          entry.foreign === undefined ? undefined : referencedIndex(entry.foreign, entry.key.foreignColumns);
        const constraint = index?.primary === true ? index.name : index?.def?.constraint;
        yield {
          ...constraintNames(database, entry),
          unique_constraint_catalog: constraint === undefined ? null : database,
          unique_constraint_schema: constraint === undefined ? null : (entry.foreign?.schema ?? null),
          unique_constraint_name: constraint ?? null,
          match_option: entry.key.match === 'full' ? 'FULL' : 'NONE',
          update_rule: RULES[entry.key.onUpdate],
          delete_rule: RULES[entry.key.onDelete],
        };
      }
    }
  },
  *check_constraints({ catalog, bind, eval: { database } }) {
    for (const table of tablesOf(catalog)) {
      for (const check of table.checks)
        yield {
          ...constraintNames(database, { name: check.name, table }),
          check_clause: `(${deparseStored(check.expression, table, 'check', { bind })})`,
        };
      const required = visibleColumns(table).filter((column) => column.notNull);
      for (const [i, name] of notNullNames(table, catalog).entries())
        yield {
          ...constraintNames(database, { name, table }),
          check_clause: `${required[i]?.name ?? ''} IS NOT NULL`,
        };
    }
  },
  *sequences({ catalog, eval: { database } }) {
    for (const sequence of sequencesOf(catalog)) {
      if (isIdentity(sequence, catalog)) continue;
      const type = { oid: sequenceType(sequence), typmod: -1 };
      yield {
        sequence_catalog: database,
        sequence_schema: sequence.schema,
        sequence_name: sequence.name,
        ...typeFacts(type),
        start_value: sequence.start,
        minimum_value: sequence.min,
        maximum_value: sequence.max,
        increment: String(sequence.increment),
        cycle_option: yes(sequence.cycle),
      };
    }
  },
  *element_types(context) {
    const {
      catalog,
      eval: { database },
    } = context;
    for (const relation of relationsOf(catalog)) {
      if (relation.kind === 'sequence') continue;
      const columns = relation.kind === 'table' ? visibleColumns(relation) : context.viewColumns(relation);
      for (const [i, { type }] of columns.entries()) {
        const { elementOid } = typeByOid(type.oid);
        if (elementOid === 0) continue;
        const element = { oid: elementOid, typmod: -1 };
        yield {
          object_catalog: database,
          object_schema: relation.schema,
          object_name: relation.name,
          object_type: 'TABLE',
          collection_type_identifier: String(i + 1),
          data_type: typeFacts(element).data_type ?? null,
          ...udtFacts(element, database),
          dtd_identifier: `a${i + 1}`,
        };
      }
    }
  },
  *enabled_roles({ catalog }) {
    yield { role_name: OWNER };
    for (const { name } of rolesOf(catalog)) yield { role_name: name };
  },
  table_privileges: tablePrivileges,
  role_table_grants: tablePrivileges,
  *column_privileges(context) {
    const {
      catalog,
      eval: { database },
    } = context;
    for (const relation of relationsOf(catalog)) {
      if (relation.kind === 'sequence' || isMaterialized(relation)) continue;
      const columns = relation.kind === 'table' ? visibleColumns(relation) : context.viewColumns(relation);
      for (const { name } of columns)
        for (const privilege_type of ['INSERT', 'SELECT', 'UPDATE', 'REFERENCES'])
          yield { ...granted(database, relation), column_name: name, privilege_type, is_grantable: 'YES' };
    }
  },
};

/** The standard has no materialized views. */
function isMaterialized(relation: Relation): boolean {
  return relation.kind === 'table' && relation.materialized !== undefined;
}

// ---- names ---------------------------------------------------------------------------------------------------------

interface Named {
  readonly schema: string;
  readonly name: string;
}

function tableNames(database: string, { schema, name }: Named): SystemRecord {
  return { table_catalog: database, table_schema: schema, table_name: name };
}

function constraintNames(database: string, { table, name }: Pick<ConstraintEntry, 'table' | 'name'>): SystemRecord {
  return { constraint_catalog: database, constraint_schema: table.schema, constraint_name: name };
}

function granted(database: string, relation: Named): SystemRecord {
  return { grantor: OWNER, grantee: OWNER, ...tableNames(database, relation) };
}

const TABLE_PRIVILEGES: readonly (readonly [letter: string, name: string])[] = [
  ['a', 'INSERT'],
  ['r', 'SELECT'],
  ['w', 'UPDATE'],
  ['d', 'DELETE'],
  ['D', 'TRUNCATE'],
  ['x', 'REFERENCES'],
  ['t', 'TRIGGER'],
];
const OWNERS_ACL: readonly AclEntry[] = [{ role: OWNER_OID, privileges: 'arwdDxt', grantable: 'arwdDxt' }];

function* tablePrivileges({ catalog, eval: { database } }: SystemContext): Generator<SystemRecord> {
  for (const relation of relationsOf(catalog)) {
    if (relation.kind === 'sequence' || isMaterialized(relation)) continue;
    for (const { role, privileges, grantable } of relation.acl ?? OWNERS_ACL) {
      for (const [letter, privilege_type] of TABLE_PRIVILEGES) {
        if (!privileges.includes(letter)) continue;
        yield {
          ...granted(database, relation),
          grantee: role === 0 ? 'PUBLIC' : (roleName(catalog, role) ?? ''),
          privilege_type,
          is_grantable: yes(role === OWNER_OID || grantable.includes(letter)),
          with_hierarchy: yes(letter === 'r'),
        };
      }
    }
  }
}

/** Which events INSTEAD OF triggers stand for. */
function triggersOn(triggers: readonly { readonly time: string; readonly events: readonly string[] }[]): SystemRecord {
  const has = (event: string): string =>
    yes(triggers.some(({ time, events }) => time === 'instead of' && events.includes(event)));
  return {
    is_trigger_updatable: has('update'),
    is_trigger_deletable: has('delete'),
    is_trigger_insertable_into: has('insert'),
  };
}

// ---- columns -------------------------------------------------------------------------------------------------------

function columnFacts(
  name: string,
  position: number,
  type: ColumnDef['type'],
  { catalog, eval: { database } }: SystemContext,
): SystemRecord {
  return {
    column_name: name,
    ordinal_position: position,
    ...typeFacts(type),
    ...domainFacts(type, database),
    ...udtFacts(type, database),
    ...collationFacts(type, catalog, database),
    dtd_identifier: String(position),
    is_self_referencing: 'NO',
    is_identity: 'NO',
    identity_cycle: 'NO',
    is_generated: 'NEVER',
  };
}

/** The collation of a column, where it is not the database's. */
function collationFacts(type: ColumnDef['type'], catalog: SystemContext['catalog'], database: string): SystemRecord {
  const found = isCollatable(type.oid) ? collationOfKey(catalog, typeCollation(type)) : undefined;
  if (found === undefined || found.provider === 'default') return {};
  return { collation_catalog: database, collation_schema: found.schema, collation_name: found.name };
}

function* tableColumns(table: TableDef, context: SystemContext): Generator<SystemRecord> {
  const {
    catalog,
    eval: { database },
  } = context;
  let position = 0;
  for (const [index, column] of table.columns.entries()) {
    if (column.hidden === true) continue;
    position++;
    const text = defaultText(table, column, index, context);
    const generated = column.generated !== undefined;
    const sequence = column.identity === undefined ? undefined : catalog.byId(column.sequenceId ?? -1);
    yield {
      ...tableNames(database, table),
      ...columnFacts(column.name, position, column.type, context),
      column_default: generated ? null : text,
      is_nullable: yes(!column.notNull),
      ...(sequence?.kind === 'sequence' ? identityFacts(column, sequence) : {}),
      is_generated: generated ? 'ALWAYS' : 'NEVER',
      generation_expression: generated ? text : null,
      is_updatable: 'YES',
    };
  }
}

function identityFacts({ identity }: ColumnDef, sequence: SequenceDef): SystemRecord {
  return {
    is_identity: 'YES',
    identity_generation: identity === 'always' ? 'ALWAYS' : 'BY DEFAULT',
    identity_start: sequence.start,
    identity_increment: String(sequence.increment),
    identity_maximum: sequence.max,
    identity_minimum: sequence.min,
    identity_cycle: yes(sequence.cycle),
  };
}

function isIdentity({ ownedBy }: SequenceDef, catalog: Catalog): boolean {
  const table = ownedBy === undefined ? undefined : catalog.byId(ownedBy.tableId);
  if (ownedBy === undefined || table?.kind !== 'table') return false;
  return table.columns.some((column) => column.id === ownedBy.columnId && column.identity !== undefined);
}

// ---- constraints ---------------------------------------------------------------------------------------------------

const KINDS = { p: 'PRIMARY KEY', u: 'UNIQUE', c: 'CHECK', f: 'FOREIGN KEY' } as const;

const RULES: Readonly<Record<ReferentialAction, string>> = {
  'no action': 'NO ACTION',
  restrict: 'RESTRICT',
  cascade: 'CASCADE',
  'set null': 'SET NULL',
  'set default': 'SET DEFAULT',
};

/** NOT NULL as the standard has it, a constraint: with the names that PostgreSQL gives. */
function notNullNames(table: TableDef, catalog: Catalog): string[] {
  const schema = catalog.schema(table.schema);
  const namespace = schema === undefined ? namespaceOid(catalog, table.schema) : schemaOid(schema);
  return visibleColumns(table).flatMap((column, i) =>
    column.notNull ? [`${namespace}_${table.id}_${i + 1}_not_null`] : [],
  );
}

function columnNames(table: TableDef, ids: readonly number[]): string[] {
  return ids.map((id) => table.columns.find((column) => column.id === id)?.name ?? '');
}

function keyColumns(entry: ConstraintEntry): string[] {
  switch (entry.type) {
    case 'c':
      return [];
    case 'f':
      return columnNames(entry.table, entry.key.columns);
    default:
      return entry.index.parts.map(({ column }) => column?.name ?? '');
  }
}

/** Places of the referenced columns in the unique key that a foreign key leans on. */
function positions(foreign: TableDef, { key }: Extract<ConstraintEntry, { type: 'f' }>): number[] | null {
  for (const index of indexesOf(foreign)) {
    const ids = index.parts.map(({ column }) => column?.id);
    if (index.unique && ids.length === key.foreignColumns.length && key.foreignColumns.every((id) => ids.includes(id)))
      return key.foreignColumns.map((id) => ids.indexOf(id) + 1);
  }
  return null;
}

/** The columns that a constraint is about: of a foreign key those it refers to. */
function usedColumns(entry: ConstraintEntry): readonly [TableDef, readonly string[]] {
  const { table } = entry;
  switch (entry.type) {
    case 'c':
      return [table, columnNames(table, mentioned(entry.check.expression, table))];
    case 'f':
      return entry.foreign === undefined
        ? [table, []]
        : [entry.foreign, columnNames(entry.foreign, entry.key.foreignColumns)];
    default:
      return [table, keyColumns(entry)];
  }
}
