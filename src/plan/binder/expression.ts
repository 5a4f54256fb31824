/**
 * Binding of expressions: names to column ids, operators and calls to functions, literals to values, with types.
 *
 * One case a kind of syntax; the bigger families are in operators.ts, calls.ts and subqueries.ts.
 */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { TypeRef } from '../../catalog/schema.ts';
import { rowType } from '../../catalog/type-resolver.ts';
import type {
  CaseExpression,
  CastExpression,
  ColumnRef,
  Expression,
  FieldExpression,
  SubscriptExpression,
} from '../../sql/ast.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { BoundExpression, RowExpression } from '../expression.ts';
import { bindCollate } from '../collate/clause.ts';
import { jsonSubscripts } from './part-assignment.ts';
import { bindCall, bindConditional, bindSqlValue, withoutSets } from './calls.ts';
import { BOOL, INT4, INT8, OID, TEXT, UNKNOWN, asBoolean, coerce, displayType, tryCoerce, unify } from './coerce.ts';
import { CLAUSES, type Relation, type Scope } from './scope.ts';
import {
  bindBetween,
  bindBinary,
  bindDistinct,
  bindInList,
  bindLike,
  bindLogic,
  bindQuantifiedArray,
  negate,
  operate,
} from './operators.ts';
import {
  bindArraySubquery,
  bindExists,
  bindInSubquery,
  bindQuantifiedSubquery,
  bindScalarSubquery,
} from './subqueries.ts';
import {
  missingField,
  refuseOtherDatabase,
  compositeIsNull,
  expandedRow,
  jsonSubscript,
  fieldSelection,
  isComposite,
} from './composite-fields.ts';
import { typeRefOf } from './type-name.ts';
import { similarColumns } from './similar-name.ts';

export function bindExpression(syntax: Expression, scope: Scope): BoundExpression {
  const { position } = syntax;
  switch (syntax.kind) {
    case 'null':
      return { kind: 'const', value: null, type: UNKNOWN, position };
    case 'boolean':
      return { kind: 'const', value: syntax.value, type: BOOL, position };
    case 'integer':
      return { kind: 'const', value: syntax.value, type: INT4, position };
    case 'number':
      return numberLiteral(syntax.text, scope, position);
    case 'string':
      return { kind: 'const', value: syntax.value, type: UNKNOWN, position };
    case 'bitString': {
      const digits = syntax.base === 'b' ? syntax.digits : hexToBits(syntax.digits);
      return { kind: 'const', value: digits, type: { oid: OID.bit, typmod: -1 }, position };
    }
    case 'parameter':
      return bindParameter(syntax.index - 1, scope, position);
    case 'column':
      return bindColumn(syntax, scope);
    case 'star':
      return bindWholeRow(syntax.qualifier, scope, position);
    case 'default':
      throw new DriftError('42601', 'DEFAULT is not allowed in this context', { position });
    case 'unary':
      return operate(syntax.operator, null, scope.bind(syntax.operand), { scope, position });
    case 'binary':
      return bindBinary(syntax, scope);
    case 'and':
    case 'or':
      return bindLogic(syntax.kind, syntax.operands, scope, position);
    case 'not':
      return { ...negate(asBoolean(scope.bind(syntax.operand), 'NOT', scope.state)), position };
    case 'isNull':
      return bindIsNull(scope.bind(syntax.operand), syntax.negated, position);
    case 'isBoolean': {
      const clause = `IS ${syntax.negated ? 'NOT ' : ''}${syntax.value.toUpperCase()}`;
      const operand = asBoolean(scope.bind(syntax.operand), clause, scope.state);
      return { kind: 'booleanTest', operand, test: syntax.value, negated: syntax.negated, type: BOOL, position };
    }
    case 'isDistinct':
      return bindDistinct(scope.bind(syntax.left), scope.bind(syntax.right), syntax.negated, { scope, position });
    case 'like':
      return bindLike(syntax, scope);
    case 'between':
      return bindBetween(scope.bind(syntax.operand), [scope.bind(syntax.low), scope.bind(syntax.high)], syntax, {
        scope,
        position,
      });
    case 'inList':
      return bindInList(syntax, scope);
    case 'inSubquery':
      return bindInSubquery(syntax, scope);
    case 'quantifiedArray':
      return bindQuantifiedArray(syntax, scope);
    case 'quantifiedSubquery':
      return bindQuantifiedSubquery(syntax, scope);
    case 'exists':
      return bindExists(syntax, scope);
    case 'subquery':
      return bindScalarSubquery(syntax, scope);
    case 'arraySubquery':
      return bindArraySubquery(syntax, scope);
    case 'array':
      return bindArray(syntax.elements, null, scope, position);
    case 'row':
      return bindRow(syntax.fields, scope, position);
    case 'subscript':
      return bindSubscript(syntax, scope);
    case 'field':
      return bindField(syntax, scope);
    case 'case':
      return withoutSets(scope, 'CASE', () => bindCase(syntax, scope));
    case 'cast':
      return bindCast(syntax, scope);
    case 'collate':
      scope.state.collated = true;
      return bindCollate(scope.bind(syntax.operand), syntax.collation, { catalog: scope.catalog, position });
    case 'conditional':
      return bindConditional(syntax, scope);
    case 'sqlValue':
      return bindSqlValue(syntax, scope);
    case 'grouping': {
      if (!scope.clause.aggregates)
        throw new DriftError('42803', `grouping operations are not allowed in ${scope.clause.name}`, { position });
      scope.hasAggregates = true;
      return { kind: 'grouping', args: syntax.args.map((arg) => scope.bind(arg)), type: INT4, position };
    }
    case 'call':
      return bindCall(syntax, scope);
    case 'currentOf':
      throw new DriftError('0A000', 'WHERE CURRENT OF is not supported', { position });
  }
}

const MAX_INT8 = 9223372036854775807n;

/** Digits only: bigint while they fit, else numeric. */
function numberLiteral(text: string, scope: Scope, position: number): BoundExpression {
  if (/^-?[0-9]+$/.test(text)) {
    const value = BigInt(text);
    if (value <= MAX_INT8 && value >= -MAX_INT8 - 1n) {
      const safe = Number(value);
      return { kind: 'const', value: Number.isSafeInteger(safe) ? safe : value, type: INT8, position };
    }
  }
  const value: Value = typeByOid(OID.numeric).input(text, -1, scope.state.context.eval);
  return { kind: 'const', value, type: { oid: OID.numeric, typmod: -1 }, position };
}

function hexToBits(digits: string): string {
  let bits = '';
  for (const digit of digits) bits += Number.parseInt(digit, 16).toString(2).padStart(4, '0');
  return bits;
}

function bindParameter(index: number, scope: Scope, position: number): BoundExpression {
  const outer = scope.names?.parameter(index);
  if (outer !== undefined) return { ...outer, position };
  const types = scope.state.parameterTypes;
  if (index < 0 || index > 65534) throw new DriftError('42P02', `there is no parameter $${index + 1}`, { position });
  // A parameter that is not written anywhere keeps no type at all.
  while (types.length <= index) types.push(0);
  types[index] ||= OID.unknown;
  return { kind: 'parameter', index, type: { oid: types[index] as number, typmod: -1 }, position };
}

function bindColumn(syntax: ColumnRef, scope: Scope): BoundExpression {
  const { names, position } = syntax;
  const name = names[names.length - 1] as string;
  if (scope.clause === CLAUSES.default)
    throw new DriftError('0A000', 'cannot use column reference in DEFAULT expression', { position });
  if (names.length === 1) {
    const column = scope.column(name, position);
    if (column !== undefined) return { ...column.expression, position };
    const relation = scope.relation(undefined, name, position);
    if (relation !== undefined) return wholeRow(relation, position);
    throw new DriftError('42703', `column "${name}" does not exist`, {
      position,
      hint: similarColumns(name, undefined, scope),
    });
  }
  if (names.length > 3) refuseOtherDatabase(names, scope, position);
  const table = names[names.length - 2] as string;
  const schema = names.length > 2 ? names[names.length - 3] : undefined;
  const relation = scope.relation(schema, table, position);
  if (relation === undefined) {
    const composite = names.length === 2 ? scope.column(table, position) : undefined;
    if (composite !== undefined && isComposite(composite.expression))
      return fieldOf(composite.expression, name, position);
    const qualified = schema === undefined ? table : `${schema}.${table}`;
    throw new DriftError('42P01', `missing FROM-clause entry for table "${qualified}"`, { position });
  }
  const matches = relation.columns.filter((column) => column.name === name);
  if (matches.length > 1) throw new DriftError('42702', `column reference "${name}" is ambiguous`, { position });
  const column = matches[0] ?? relation.pseudo.find((candidate) => candidate.name === name);
  if (column === undefined) {
    const hint = similarColumns(name, table, scope);
    throw new DriftError('42703', `column ${table}.${name} does not exist`, { position, hint });
  }
  return { ...column.expression, position };
}

export function wholeRow(relation: Relation, position: number): BoundExpression {
  const [only] = relation.columns;
  if (relation.scalar === true && only !== undefined) return { ...only.expression, position };
  return {
    kind: 'row',
    fields: relation.columns.map((column) => column.expression),
    names: relation.columns.map((column) => column.name),
    type: rowTypeOf(relation),
    position,
  };
}

function rowTypeOf({ table, columns }: Relation): TypeRef {
  const own = table === null ? undefined : rowType(table)?.oid;
  if (own !== undefined) return { oid: own, typmod: -1 };
  return {
    oid: OID.record,
    typmod: -1,
    record: columns.map(({ name, expression }) => ({ name, type: expression.type })),
  };
}

/** `t.*` outside a select list is the whole row. */
function bindWholeRow(qualifier: readonly string[], scope: Scope, position: number): BoundExpression {
  const name = qualifier[qualifier.length - 1];
  if (name === undefined) throw new DriftError('42601', 'row expansion via "*" is not supported here', { position });
  const relation = scope.relation(qualifier[qualifier.length - 2], name, position);
  if (relation === undefined)
    throw new DriftError('42P01', `missing FROM-clause entry for table "${name}"`, { position });
  return wholeRow(relation, position);
}

function bindIsNull(operand: BoundExpression, negated: boolean, position: number): BoundExpression {
  if (operand.kind === 'row') {
    // A row is null when all fields are, and not null when none is: not each other's negation.
    const args: BoundExpression[] = operand.fields.map((field) => ({
      kind: 'isNull',
      operand: field,
      negated,
      type: BOOL,
      position,
    }));
    const [only] = args;
    if (only === undefined) return { kind: 'const', value: !negated, type: BOOL, position };
    return args.length === 1 ? only : { kind: 'and', args, type: BOOL, position };
  }
  return compositeIsNull(operand, negated) ?? { kind: 'isNull', operand, negated, type: BOOL, position };
}

function bindRow(fields: readonly Expression[], scope: Scope, position: number): BoundExpression {
  const bound: BoundExpression[] = [];
  for (const field of fields) {
    if (field.kind === 'star') {
      const row =
        field.operand === undefined ? bindWholeRow(field.qualifier, scope, field.position) : scope.bind(field.operand);
      bound.push(...(expandedRow(row)?.map(({ expression }) => expression) ?? [row]));
    } else {
      bound.push(scope.bind(field));
    }
  }
  const names = bound.map((_, i) => `f${i + 1}`);
  return {
    kind: 'row',
    fields: bound,
    names,
    type: { oid: OID.record, typmod: -1, record: bound.map(({ type }, i) => ({ name: names[i] as string, type })) },
    position,
  };
}

/** ARRAY[…]; `wanted` is the array type of an enclosing cast, which decides about the elements. */
function bindArray(
  elements: readonly Expression[],
  wanted: number | null,
  scope: Scope,
  position: number,
): BoundExpression {
  if (elements.length === 0) {
    if (wanted === null) {
      throw new DriftError('42P18', 'cannot determine type of empty array', {
        position,
        hint: 'Explicitly cast to the desired type, for example ARRAY[]::integer[].',
      });
    }
    return { kind: 'array', elements: [], nested: false, type: { oid: wanted, typmod: -1 }, position };
  }
  const nested = elements.some((element) => element.kind === 'array');
  const bound = elements.map((element) =>
    element.kind === 'array' ? bindArray(element.elements, wanted, scope, element.position) : scope.bind(element),
  );
  if (wanted !== null) {
    const target = nested ? wanted : typeByOid(wanted).elementOid;
    const items = bound.map((item) => coerce(item, { oid: target, typmod: -1 }, 'explicit', scope.state));
    return { kind: 'array', elements: items, nested, type: { oid: wanted, typmod: -1 }, position };
  }
  const { type, items } = unify(bound, 'ARRAY', scope.state);
  const isArray = typeByOid(type.oid).elementOid !== 0 && typeByOid(type.oid).category === 'A';
  const oid = isArray ? type.oid : typeByOid(type.oid).arrayOid;
  if (oid === 0)
    throw new DriftError('42704', `could not find array type for data type ${displayType(type)}`, { position });
  return { kind: 'array', elements: items, nested: isArray, type: { oid, typmod: -1 }, position };
}

/** A chain of subscripts is one node with one subscript a dimension. */
function bindSubscript(syntax: SubscriptExpression, scope: Scope): BoundExpression {
  const chain: SubscriptExpression[] = [];
  let base: Expression = syntax;
  for (let apart = false; base.kind === 'subscript' && !apart;) {
    chain.unshift(base);
    apart = base.apart;
    base = base.operand;
  }
  const operand = scope.bind(base);
  const { position } = syntax;
  if (operand.type.oid === 3802) {
    if (chain.some((step) => step.slice))
      throw new DriftError('42804', 'jsonb subscript does not support slices', { position });
    return jsonSubscript(operand, jsonSubscripts(chain, scope), position);
  }
  const element = typeByOid(operand.type.oid).elementOid;
  if (element === 0) {
    throw new DriftError(
      '42804',
      `cannot subscript type ${displayType(operand.type)} because it does not support subscripting`,
      { position },
    );
  }
  const slice = chain.some((step) => step.slice);
  const index = (part: Expression | undefined): BoundExpression | null => {
    if (part === undefined) return null;
    const bound = scope.bind(part);
    const coerced = tryCoerce(bound, INT4, 'assignment', scope.state);
    if (coerced === null)
      throw new DriftError('42804', 'array subscript must have type integer', { position: bound.position });
    return coerced;
  };
  const subscripts = chain.map((step) => ({ slice: step.slice, lower: index(step.lower), upper: index(step.upper) }));
  const type = slice ? operand.type : { oid: element, typmod: operand.type.typmod };
  return { kind: 'subscript', operand, subscripts, type, position };
}

function bindField(syntax: FieldExpression, scope: Scope): BoundExpression {
  return fieldOf(scope.bind(syntax.operand), syntax.name, syntax.position);
}

function fieldOf(operand: BoundExpression, name: string, position: number): BoundExpression {
  if (operand.kind === 'row') {
    const field = (operand as RowExpression).fields[operand.names.indexOf(name)];
    if (field !== undefined) return { ...field, position };
    throw missingField(name, operand.type, position);
  }
  const selected = fieldSelection(operand, name, position);
  if (selected !== null) return selected;
  throw new DriftError(
    '42809',
    `column notation .${name} applied to type ${displayType(operand.type)}, which is not a composite type`,
    {
      position,
    },
  );
}

function bindCase(syntax: CaseExpression, scope: Scope): BoundExpression {
  const { state } = scope;
  const operand = syntax.operand === undefined ? null : scope.bind(syntax.operand);
  const subject =
    operand === null || operand.type.oid !== OID.unknown ? operand : coerce(operand, TEXT, 'implicit', state);
  const whens = syntax.whens.map(({ when }) => {
    const bound = scope.bind(when);
    if (subject === null) return asBoolean(bound, 'CASE/WHEN', state);
    return operate('=', subject, bound, { scope, position: when.position });
  });
  const results = syntax.whens.map(({ then }) => scope.bind(then));
  // ELSE comes first when the type is chosen, as in PostgreSQL.
  const otherwise: BoundExpression =
    syntax.otherwise === undefined ? { kind: 'const', value: null, type: UNKNOWN } : scope.bind(syntax.otherwise);
  const { type, items } = unify([otherwise, ...results], 'CASE', state);
  return {
    kind: 'case',
    branches: whens.map((when, i) => ({ when, then: items[i + 1] as BoundExpression })),
    otherwise: syntax.otherwise === undefined ? null : (items[0] as BoundExpression),
    type,
    position: syntax.position,
  };
}

function bindCast(syntax: CastExpression, scope: Scope): BoundExpression {
  const type = typeRefOf(syntax.type, scope.catalog);
  const { position } = syntax;
  if (syntax.operand.kind === 'array' && typeByOid(type.oid).elementOid !== 0) {
    const array = bindArray(syntax.operand.elements, type.oid, scope, syntax.operand.position);
    return type.typmod === -1 ? array : coerce(array, type, 'explicit', scope.state);
  }
  const operand = scope.bind(syntax.operand);
  const cast = coerce(operand, type, 'explicit', scope.state);
  return cast.kind === 'cast' ? { ...cast, position } : cast;
}
