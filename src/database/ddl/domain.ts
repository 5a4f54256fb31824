/** CREATE DOMAIN and ALTER DOMAIN. A constraint that is added is first tried on every value of the domain there is. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { TypeDef } from '../../catalog/schema.ts';
import type { TypeForm } from '../../catalog/schema.ts';
import { bindConstant } from '../../plan/bind-constant.ts';
import { columnType } from '../../plan/collate/clause.ts';
import { resolveType } from '../../plan/binder/type-name.ts';
import type { Expression } from '../../sql/ast.ts';
import type { AlterDomain, CreateDomain } from '../../sql/ast-statement.ts';
import type { ColumnConstraint } from '../../sql/ast-table.ts';
import { printRestrictedExpression } from '../../sql/parser/print.ts';
import { domainOf } from '../../sql/user-coercion.ts';
import { bindCheck } from '../domain-check.ts';
import { type DdlContext, define, schemaFor, skipMissing } from './context.ts';
import { quoted, tableText } from './names.ts';
import { refersTo, refuseTakenType, typeObjectNamed } from './type-names.ts';

type Domain = Extract<TypeForm, { form: 'domain' }>;

export function createDomain(context: DdlContext, statement: CreateDomain): void {
  const { name } = statement;
  const schema = schemaFor(context, name);
  refuseTakenType(context, schema, name.name, name.position);
  const { catalog } = context.transaction;
  const base = columnType(catalog, resolveType(statement.type, catalog), statement.collation);
  let domain: Domain = { form: 'domain', base, notNull: false, checks: [] };
  let nullable: boolean | null = null;
  for (const constraint of statement.constraints) {
    if (constraint.kind === 'notNull' || constraint.kind === 'null') {
      if (nullable !== null && nullable !== (constraint.kind === 'null'))
        throw new DriftError('42601', 'conflicting NULL/NOT NULL constraints', { position: constraint.position });
      nullable = constraint.kind === 'null';
    }
    domain = withConstraint(context, name.name, domain, constraint);
  }
  define(context, { kind: 'type', id: context.nextId(), schema, name: name.name, definition: domain });
}

function withConstraint(context: DdlContext, name: string, domain: Domain, constraint: ColumnConstraint): Domain {
  const { position } = constraint;
  switch (constraint.kind) {
    case 'null':
      return domain;
    case 'notNull':
      return { ...domain, notNull: true };
    case 'default':
      if (domain.default !== undefined) throw new DriftError('42601', 'multiple default expressions', { position });
      return { ...domain, default: defaultText(context, domain, constraint.expression) };
    case 'check': {
      const taken = domain.checks.map((check) => check.name);
      let given = constraint.name;
      for (let n = 0; given === undefined; n++) {
        const candidate = `${name}_check${n === 0 ? '' : n}`;
        if (!taken.includes(candidate)) given = candidate;
      }
      if (taken.includes(given))
        throw new DriftError('42710', `constraint "${given}" for domain "${name}" already exists`, { position });
      const expression = printRestrictedExpression(constraint.expression);
      bindCheck(expression, domain.base, context.bind);
      return { ...domain, checks: [...domain.checks, { name: given, expression }] };
    }
    default: {
      const what = {
        primaryKey: 'primary key',
        unique: 'unique',
        foreignKey: 'foreign key',
        references: 'foreign key',
      }[constraint.kind as string];
      if (what === undefined)
        throw new DriftError('0A000', 'this constraint is not possible for domains', { position });
      throw new DriftError('42601', `${what} constraints not possible for domains`, { position });
    }
  }
}

function defaultText(context: DdlContext, domain: Domain, expression: Expression): string {
  bindConstant(expression, context.bind, domain.base.oid);
  return printRestrictedExpression(expression);
}

export function* alterDomain(context: DdlContext, { name, action, position }: AlterDomain): Task<void> {
  const type = typeObjectNamed(context, name);
  const domain = type.definition;
  if (domain.form !== 'domain') throw new DriftError('42809', `${name.name} is not a domain`, { position });
  const put = (next: Domain): void => define(context, { ...type, definition: next });
  switch (action.kind) {
    case 'setDefault':
      put({ ...domain, default: defaultText(context, domain, action.expression) });
      return;
    case 'dropDefault': {
      const { default: _, ...rest } = domain;
      put(rest);
      return;
    }
    case 'dropNotNull':
      put({ ...domain, notNull: false });
      return;
    case 'setNotNull':
      yield* refuseNulls(context, type);
      put({ ...domain, notNull: true });
      return;
    case 'addConstraint': {
      const next = withConstraint(context, type.name, domain, action.constraint);
      if (action.constraint.kind === 'notNull') yield* refuseNulls(context, type);
      const added = next.checks.find((check) => !domain.checks.includes(check));
      if (added !== undefined && !action.notValid) yield* refuseViolations(context, type, added.expression, added.name);
      put(next);
      return;
    }
    case 'dropConstraint': {
      const checks = domain.checks.filter((check) => check.name !== action.name);
      if (checks.length === domain.checks.length) {
        const what = `constraint "${action.name}" of domain "${type.name}"`;
        if (!action.ifExists) throw new DriftError('42704', `${what} does not exist`, { position });
        skipMissing(context, what);
        return;
      }
      put({ ...domain, checks });
      return;
    }
    case 'validateConstraint': {
      const check = domain.checks.find((candidate) => candidate.name === action.name);
      if (check === undefined)
        throw new DriftError('42704', `constraint "${action.name}" of domain "${type.name}" does not exist`, {
          position,
        });
      yield* refuseViolations(context, type, check.expression, check.name);
    }
  }
}

/** Columns whose values are of the domain, or of a domain over it. */
function* columnsOf(context: DdlContext, type: TypeDef): Generator<{ table: string; column: string; where: string }> {
  for (const object of context.transaction.catalog.objects()) {
    if (object.kind !== 'table') continue;
    for (const column of object.columns) {
      let concerned = false;
      for (let oid: number | undefined = column.type.oid; oid !== undefined; oid = domainOf(oid)?.base.oid)
        if (refersTo(oid, type)) concerned = true;
      if (concerned) yield { table: object.name, column: column.name, where: tableText(object) };
    }
  }
}

function* refuseNulls(context: DdlContext, type: TypeDef): Task<void> {
  for (const { table, column, where } of [...columnsOf(context, type)]) {
    const rows = yield* context.query(`SELECT 1 FROM ${where} WHERE ${quoted(column)} IS NULL LIMIT 1`);
    if (rows.length > 0)
      throw new DriftError('23502', `column "${column}" of table "${table}" contains null values`, { table, column });
  }
}

function* refuseViolations(context: DdlContext, type: TypeDef, expression: string, name: string): Task<void> {
  for (const { table, column, where } of [...columnsOf(context, type)]) {
    const values = `(SELECT ${quoted(column)} AS value FROM ${where}) v`;
    const rows = yield* context.query(`SELECT 1 FROM ${values} WHERE NOT (${expression}) LIMIT 1`);
    if (rows.length > 0)
      throw new DriftError(
        '23514',
        `column "${column}" of table "${table}" contains values that violate the new constraint`,
        {
          table,
          column,
          constraint: name,
        },
      );
  }
}
