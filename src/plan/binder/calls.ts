/**
 * Binding of calls: scalar, aggregate, window and set-returning functions, COALESCE and its kind, CURRENT_DATE and
 * its kind.
 *
 * An aggregate or window call becomes an expression node that the query's binder lifts into a plan node later. An
 * aggregate whose arguments mention only columns of an enclosing query belongs to that query; it is told by its
 * columns (grouping.ts).
 */
import { DriftError } from '../../base/error.ts';
import type { TypeRef } from '../../catalog/schema.ts';
import type { ConditionalCall, Expression, FunctionCall, SqlValue } from '../../sql/ast.ts';
import type { SortItem, WindowDefinition, WindowFrame as FrameSyntax } from '../../sql/ast-query.ts';
import type { AggregateFunction, SqlFunction, WindowFunction, SetFunction } from '../../sql/functions/function.ts';
import { functionsNamed } from '../../sql/functions/registry.ts';
import { refuseOtherDatabase } from '../../sql/other-database.ts';
import { resolveFunction, resolveOperator } from '../../sql/resolve.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { BoundExpression, ColumnId, FrameBound, SortKey, WindowFrame, WindowSpec } from '../expression.ts';
import { expressionKey } from '../expression-key.ts';
import { collectColumns, someExpression } from '../walk-expression.ts';
import {
  INT8,
  OID,
  TIMESTAMPTZ,
  asBoolean,
  coerce,
  decided,
  displayType,
  located,
  tryCoerce,
  unify,
} from './coerce.ts';
import { castByName } from './cast-by-name.ts';
import { definedAggregate } from './defined-aggregates.ts';
import { bindHypothetical, isHypothetical } from './hypothetical.ts';
import { argument, call, comparison } from './operators.ts';
import { bindRoutineCall, isRoutine, routinesNamed } from './routines.ts';
import { CLAUSES, type Scope } from './scope.ts';

/** Names the parser's keywords or older spellings use for functions that exist under another. */
const SYNTAX_NAMES: Readonly<Record<string, string>> = { 'at time zone': 'timezone' };

export function bindCall(syntax: FunctionCall, scope: Scope): BoundExpression {
  const { position } = syntax;
  const name = SYNTAX_NAMES[syntax.syntax ?? ''] ?? syntax.name.name;
  checkSchema(syntax, scope);
  const args = syntax.args.map((arg) => scope.bind(arg));
  const direct = syntax.withinGroup === undefined ? [] : syntax.withinGroup.map((item) => sortKey(item, scope));
  if (isHypothetical(syntax, name)) {
    const parts = bindHypothetical(name, args, direct, { scope, position });
    return bindAggregate(syntax, { ...parts, type: { oid: parts.fn.returns, typmod: -1 } }, scope);
  }
  const types = [...args, ...direct.map((key) => key.expression)].map((arg) => arg.type.oid);
  const { variadic, star, argNames } = syntax;
  const defined = routinesNamed(scope, syntax.name.schema, name);
  const conversion = defined.length > 0 ? null : castByName(syntax, args, scope);
  if (conversion !== null) return conversion;
  if (types.length === 0 && !star && defined.length === 0) requireStar(name, position);
  const resolved = located(position, () => resolveFunction(name, types, { variadic, star, names: argNames, defined }));
  const { fn } = resolved;
  const place = { scope, position };
  const converted = args.map((arg, i) => argument(arg, resolved.argTypes[i] ?? 0, place));
  if (fn.kind === 'aggregate' && fn.defined !== undefined) {
    if (fn.args.length === 0 && !star) throw starNeeded(name, position);
    const own = definedAggregate(fn, converted, variadic, scope);
    if (syntax.over !== undefined) return bindWindowCall(syntax, own.fn, own.args, own.type, scope);
    return bindAggregate(syntax, { ...own, direct }, scope);
  }
  const type: TypeRef = { oid: resolved.returns, typmod: -1 };
  if (isRoutine(fn)) {
    rejectAggregateSyntax(syntax);
    return bindRoutineCall(fn, converted, syntax, scope);
  }
  if (syntax.over !== undefined) return bindWindowCall(syntax, fn, converted, type, scope);
  switch (fn.kind) {
    case 'scalar':
      rejectAggregateSyntax(syntax);
      if (fn.volatility === 'volatile' && WRITERS.has(fn.name)) scope.state.writes = true;
      return { kind: 'call', fn, args: converted, variadicArray: syntax.variadic || undefined, type, position };
    case 'set':
      rejectAggregateSyntax(syntax);
      if (!scope.clause.sets) {
        throw new DriftError('0A000', `set-returning functions are not allowed in ${scope.clause.name}`, {
          position,
          hint: 'You might be able to move the set-returning function into a LATERAL FROM item.',
        });
      }
      scope.hasSets = true;
      return { kind: 'setCall', fn, args: converted, type: withFields(type, fn), position };
    case 'window':
      throw new DriftError('42809', `window function ${fn.name} requires an OVER clause`, { position });
    case 'aggregate':
      return bindAggregate(syntax, { fn, args: converted, direct, type }, scope);
  }
}

/** Rows of a function with several columns: their fields can be asked for by name. */
function withFields(type: TypeRef, { columns }: SetFunction): TypeRef {
  if (columns.length < 2) return type;
  return { ...type, record: columns.map(({ name, oid }) => ({ name, type: { oid, typmod: -1 } })) };
}

function requireStar(name: string, position: number): void {
  if (!functionsNamed(name).some((fn) => fn.kind === 'aggregate' && fn.args.length === 0 && !fn.orderedSet)) return;
  throw starNeeded(name, position);
}

function starNeeded(name: string, position: number): DriftError {
  return new DriftError('42809', `${name}(*) must be used to call a parameterless aggregate function`, { position });
}

const WRITERS = new Set(['nextval', 'setval']);

const SYSTEM_SCHEMAS = new Set(['pg_catalog', 'information_schema', 'public', 'drift']);

function checkSchema(syntax: FunctionCall, scope: Scope): void {
  refuseOtherDatabase(syntax.name, scope.state.context.eval.database, '');
  const { schema } = syntax.name;
  if (schema !== undefined && scope.catalog.schema(schema) !== undefined) return;
  if (schema === undefined || SYSTEM_SCHEMAS.has(schema)) return;
  throw new DriftError('3F000', `schema "${schema}" does not exist`, { position: syntax.position });
}

function rejectAggregateSyntax(syntax: FunctionCall): void {
  const { position } = syntax;
  const { name } = syntax.name;
  const reject = (what: string): never => {
    throw new DriftError('42809', `${what} specified, but ${name} is not an aggregate function`, { position });
  };
  if (syntax.star)
    throw new DriftError('42809', `${name}(*) specified, but ${name} is not an aggregate function`, { position });
  if (syntax.distinct) reject('DISTINCT');
  if (syntax.orderBy.length > 0) reject('ORDER BY');
  if (syntax.withinGroup !== undefined) reject('WITHIN GROUP');
  if (syntax.filter !== undefined) reject('FILTER');
}

interface AggregateParts {
  readonly fn: AggregateFunction;
  readonly args: readonly BoundExpression[];
  readonly direct: readonly SortKey[];
  readonly type: TypeRef;
}

function bindAggregate(syntax: FunctionCall, parts: AggregateParts, scope: Scope): BoundExpression {
  const { position } = syntax;
  const { fn } = parts;
  const columns = new Set<ColumnId>();
  for (const arg of parts.args) collectColumns(arg, columns);
  for (const key of parts.direct) collectColumns(key.expression, columns);
  const order = syntax.orderBy.map((item) => sortKey(item, scope));
  const filter = bindFilter(syntax, scope);
  for (const key of order) collectColumns(key.expression, columns);
  if (filter !== null) collectColumns(filter, columns);
  // An aggregate over an enclosing query's columns is that query's, wherever it is written.
  const owner = scope.ownerOf(columns);
  if (!owner.clause.aggregates) {
    const { name } = owner.clause;
    throw new DriftError('42803', `aggregate functions are not allowed in ${name}`, { position });
  }
  const args = parts.args.map((arg) => decided(arg, scope.state));
  for (const part of [...args, ...order.map((key) => key.expression)]) rejectNested(part, position);
  if (fn.orderedSet && syntax.withinGroup === undefined) {
    throw new DriftError('42809', `WITHIN GROUP is required for ordered-set aggregate ${fn.name}`, { position });
  }
  if (!fn.orderedSet && syntax.withinGroup !== undefined) {
    throw new DriftError('42809', `${fn.name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP`, {
      position,
    });
  }
  if (syntax.distinct) {
    for (const key of order) {
      if (!args.some((arg) => sameUnlabelled(arg, key.expression))) {
        throw new DriftError(
          '42P10',
          'in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list',
          { position },
        );
      }
    }
  }
  owner.hasAggregates = true;
  const sorted =
    syntax.distinct && (fn.defined !== undefined || COLLECTING.has(fn.name)) ? distinctOrder(order, args) : order;
  return {
    kind: 'aggregate',
    call: {
      fn,
      args: [...args, ...parts.direct.map((key) => key.expression)],
      distinct: syntax.distinct,
      filter,
      order: syntax.withinGroup === undefined ? sorted : parts.direct,
    },
    type: parts.type,
    position,
  };
}

/** Aggregates whose result shows the order of their rows. */
const COLLECTING = new Set(['array_agg', 'string_agg', 'json_agg', 'jsonb_agg', 'json_object_agg']);

/** DISTINCT sorts by all arguments, behind what ORDER BY says. */
function distinctOrder(order: readonly SortKey[], args: readonly BoundExpression[]): SortKey[] {
  const rest = args.filter((arg) => arg.kind !== 'const' && !order.some((key) => sameUnlabelled(key.expression, arg)));
  return [...order, ...rest.map((expression) => ({ expression, descending: false, nullsFirst: false }))];
}

/** Equal but for conversions that change nothing (varchar to text). */
function sameUnlabelled(a: BoundExpression, b: BoundExpression): boolean {
  const unlabelled = (part: BoundExpression): BoundExpression =>
    part.kind === 'cast' && part.method === 'relabel' ? unlabelled(part.operand) : part;
  return expressionKey(unlabelled(a)) === expressionKey(unlabelled(b));
}

function bindFilter(syntax: FunctionCall, scope: Scope): BoundExpression | null {
  const { filter } = syntax;
  if (filter === undefined) return null;
  return scope.within(CLAUSES.filter, () => asBoolean(scope.bind(filter), 'FILTER', scope.state));
}

function rejectNested(expression: BoundExpression, position: number): void {
  if (someExpression(expression, (part) => part.kind === 'aggregate')) {
    throw new DriftError('42803', 'aggregate function calls cannot be nested', {
      position: expression.position ?? position,
    });
  }
  if (someExpression(expression, (part) => part.kind === 'window')) {
    throw new DriftError('42803', 'aggregate function calls cannot contain window function calls', {
      position: expression.position ?? position,
    });
  }
  if (someExpression(expression, (part) => part.kind === 'setCall')) {
    throw new DriftError('0A000', 'aggregate function calls cannot contain set-returning function calls', {
      position: expression.position ?? position,
    });
  }
}

/** Binds an ORDER BY item that stands for itself (not an output name or number). */
export function sortKey(item: SortItem, scope: Scope): SortKey {
  return sortKeyOf(decided(scope.bind(item.expression), scope.state), item);
}

export function sortKeyOf(expression: BoundExpression, item: SortItem): SortKey {
  let { descending } = item;
  if (item.using !== undefined) {
    if (item.using === '>' || item.using === '>=') descending = true;
    else if (item.using !== '<' && item.using !== '<=') {
      const { using } = item;
      const { oid } = expression.type;
      located(item.position, () => resolveOperator(using, oid, oid));
      throw new DriftError('42809', `operator ${item.using} is not a valid ordering operator`, {
        position: item.position,
      });
    }
  }
  if (
    expression.kind !== 'row' &&
    typeByOid(expression.type.oid).compare === undefined &&
    expression.type.oid !== OID.record
  ) {
    throw new DriftError('42883', `could not identify an ordering operator for type ${displayType(expression.type)}`, {
      position: item.expression.position,
      hint: 'Use an explicit ordering operator or modify the query.',
    });
  }
  return { expression, descending, nullsFirst: item.nullsFirst ?? descending };
}

// ---- windows -----------------------------------------------------------------------------------------------------

function bindWindowCall(
  syntax: FunctionCall,
  fn: SqlFunction,
  args: readonly BoundExpression[],
  type: TypeRef,
  scope: Scope,
): BoundExpression {
  const { position } = syntax;
  if (!scope.clause.windows)
    throw new DriftError('42P20', `window functions are not allowed in ${scope.clause.name}`, { position });
  if (fn.kind !== 'window' && fn.kind !== 'aggregate') {
    throw new DriftError('42809', `OVER specified, but ${fn.name} is not a window function nor an aggregate function`, {
      position,
    });
  }
  if (syntax.distinct) throw new DriftError('0A000', 'DISTINCT is not implemented for window functions', { position });
  if (syntax.orderBy.length > 0)
    throw new DriftError('0A000', 'aggregate ORDER BY is not implemented for window functions', { position });
  if (fn.kind === 'aggregate' && fn.orderedSet) {
    throw new DriftError('0A000', `OVER is not supported for ordered-set aggregate ${fn.name}`, { position });
  }
  const filter = bindFilter(syntax, scope);
  if (filter !== null && fn.kind === 'window') {
    throw new DriftError('0A000', 'FILTER is not implemented for non-aggregate window functions', { position });
  }
  for (const arg of args) {
    if (someExpression(arg, (part) => part.kind === 'window')) {
      throw new DriftError('42P20', 'window function calls cannot be nested', { position: arg.position });
    }
  }
  const window = scope.within(CLAUSES.window, () => windowSpec(syntax.over as WindowDefinition, scope));
  scope.hasWindows = true;
  const windowFn: WindowFunction | AggregateFunction = fn;
  const decidedArgs = args.map((arg) => decided(arg, scope.state));
  return { kind: 'window', call: { fn: windowFn, args: decidedArgs, filter }, window, type, position };
}

interface WindowParts {
  readonly partition: readonly Expression[];
  readonly order: readonly SortItem[];
  readonly frame: FrameSyntax | undefined;
}

/** Follows references to named windows; a copy may add ORDER BY and a frame, not PARTITION BY. */
function windowParts(definition: WindowDefinition, scope: Scope): WindowParts {
  const { position } = definition;
  if (definition.base === undefined) {
    return { partition: definition.partitionBy, order: definition.orderBy, frame: definition.frame };
  }
  const base = scope.window(definition.base);
  if (base === undefined) throw new DriftError('42704', `window "${definition.base}" does not exist`, { position });
  const inherited = windowParts(base, scope);
  if (definition.bare) return inherited;
  const reject = (what: string): never => {
    throw new DriftError('42P20', `cannot override ${what} of window "${definition.base ?? ''}"`, { position });
  };
  if (definition.partitionBy.length > 0) reject('PARTITION BY clause');
  if (definition.orderBy.length > 0 && inherited.order.length > 0) reject('ORDER BY clause');
  if (inherited.frame !== undefined) {
    throw new DriftError('42P20', `cannot copy window "${definition.base}" because it has a frame clause`, {
      position,
    });
  }
  return {
    partition: inherited.partition,
    order: definition.orderBy.length > 0 ? definition.orderBy : inherited.order,
    frame: definition.frame,
  };
}

function windowSpec(definition: WindowDefinition, scope: Scope): WindowSpec {
  const parts = windowParts(definition, scope);
  const partition = parts.partition.map((expression) => decided(scope.bind(expression), scope.state));
  const order = parts.order.map((item) => sortKey(item, scope));
  return { partition, order, frame: frameOf(parts.frame, order, scope) };
}

function frameOf(syntax: FrameSyntax | undefined, order: readonly SortKey[], scope: Scope): WindowFrame {
  if (syntax === undefined) {
    return {
      mode: 'range',
      start: { kind: 'unbounded preceding' },
      end: { kind: 'current row' },
      exclude: 'no others',
    };
  }
  const { position } = syntax;
  const end = syntax.end ?? { kind: 'current row' as const, offset: undefined, position };
  const invalid = (message: string): never => {
    throw new DriftError('42P20', message, { position });
  };
  if (syntax.start.kind === 'unbounded following') invalid('frame start cannot be UNBOUNDED FOLLOWING');
  if (end.kind === 'unbounded preceding') invalid('frame end cannot be UNBOUNDED PRECEDING');
  if (syntax.start.kind === 'current row' && end.kind === 'preceding')
    invalid('frame starting from current row cannot have preceding rows');
  if (syntax.start.kind === 'following' && end.kind === 'preceding')
    invalid('frame starting from following row cannot have preceding rows');
  if (syntax.start.kind === 'following' && end.kind === 'current row')
    invalid('frame starting from following row cannot have preceding rows');
  if (syntax.unit === 'groups' && order.length === 0) invalid('GROUPS mode requires an ORDER BY clause');
  const bound = (side: FrameSyntax['start']): FrameBound => frameBound(side, syntax.unit, order, scope);
  return { mode: syntax.unit, start: bound(syntax.start), end: bound(end), exclude: syntax.exclude ?? 'no others' };
}

function frameBound(
  side: FrameSyntax['start'],
  mode: WindowFrame['mode'],
  order: readonly SortKey[],
  scope: Scope,
): FrameBound {
  if (side.kind !== 'preceding' && side.kind !== 'following') return { kind: side.kind };
  const place = { scope, position: side.position };
  const offset = scope.bind(side.offset as Expression);
  if (mode !== 'range') {
    const what = mode.toUpperCase();
    const converted = tryCoerce(offset, INT8, 'assignment', scope.state);
    if (converted === null) {
      throw new DriftError('42804', `argument of ${what} must be type bigint, not type ${displayType(offset.type)}`, {
        position: offset.position,
      });
    }
    return { kind: side.kind, offset: converted, shift: null };
  }
  const [key] = order;
  if (key === undefined || order.length !== 1) {
    throw new DriftError('42P20', 'RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column', place);
  }
  // PRECEDING goes against the sort direction: key - offset when ascending, key + offset when descending.
  const operator = (side.kind === 'preceding') === key.descending ? '+' : '-';
  const unknownAs = offset.type.oid === OID.unknown ? offsetType(key.expression.type.oid) : offset.type.oid;
  const resolved = located(side.position, () => rangeShift(operator, key.expression.type, unknownAs));
  const wanted = resolved.argTypes[1] ?? unknownAs;
  return {
    kind: side.kind,
    offset: coerce(offset, { oid: wanted, typmod: -1 }, 'implicit', scope.state),
    shift: resolved.fn,
  };
}

function rangeShift(operator: string, key: TypeRef, offset: number): ReturnType<typeof resolveOperator> {
  const { category } = typeByOid(key.oid);
  const message = `RANGE with offset PRECEDING/FOLLOWING is not supported for column type ${displayType(key)}`;
  if (category !== 'N' && category !== 'D' && category !== 'T') throw new DriftError('0A000', message);
  try {
    return resolveOperator(operator, key.oid, offset);
  } catch (error) {
    if (!(error instanceof DriftError) || error.code !== '42883') throw error;
    throw new DriftError('0A000', `${message} and offset type ${typeByOid(offset).display}`, {
      hint: 'Cast the offset value to an appropriate type.',
    });
  }
}

function offsetType(key: number): number {
  return key === OID.date || key === OID.timestamp || key === OID.timestamptz || key === OID.time ? OID.interval : key;
}

/** Binds the parts of CASE or COALESCE, which cannot have several rows. */
export function withoutSets<T>(scope: Scope, name: string, bind: () => T): T {
  return scope.clause.sets ? scope.within({ ...scope.clause, name, sets: false }, bind) : bind();
}

// ---- calls with rules of their own -------------------------------------------------------------------------------

export function bindConditional(syntax: ConditionalCall, scope: Scope): BoundExpression {
  const { position } = syntax;
  const bind = (): BoundExpression[] => syntax.args.map((arg) => scope.bind(arg));
  const args = syntax.name === 'coalesce' ? withoutSets(scope, 'COALESCE', bind) : bind();
  if (syntax.name === 'nullif') {
    const [first, second] = args;
    if (first === undefined || second === undefined)
      throw new DriftError('42601', 'NULLIF requires two arguments', { position });
    const compared = comparison('=', first, second, { scope, position });
    const result = compared.left;
    return {
      kind: 'nullIf',
      result,
      left: compared.left,
      right: compared.right,
      equal: compared.fn,
      type: result.type,
      position,
    };
  }
  const { type, items } = unify(args, syntax.name.toUpperCase(), scope.state);
  if (syntax.name === 'coalesce') return { kind: 'coalesce', args: items, type, position };
  if (typeByOid(type.oid).compare === undefined) {
    throw new DriftError('42883', `could not identify a comparison function for type ${displayType(type)}`, {
      position,
    });
  }
  return { kind: syntax.name, args: items, type, position };
}

export function bindSqlValue(syntax: SqlValue, scope: Scope): BoundExpression {
  const place = { scope, position: syntax.position };
  const typmod = syntax.precision ?? -1;
  const now = (oid: number): BoundExpression =>
    coerce(call('now', [], place), { oid, typmod }, 'explicit', scope.state);
  switch (syntax.name) {
    case 'current_date':
      return now(OID.date);
    case 'current_time':
      return now(OID.timetz);
    case 'current_timestamp':
      return typmod === -1 ? call('now', [], place) : now(TIMESTAMPTZ.oid);
    case 'localtime':
      return now(OID.time);
    case 'localtimestamp':
      return now(OID.timestamp);
    case 'current_user':
    case 'current_role':
    case 'user':
      return call('current_user', [], place);
    case 'session_user':
      return call('session_user', [], place);
    case 'current_catalog':
      return call('current_database', [], place);
    case 'current_schema':
      return call('current_schema', [], place);
  }
}
