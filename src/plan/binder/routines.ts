/**
 * Calls of functions that users have defined.
 *
 * A definition becomes a catalogue entry like those of the built-in functions, so that overloads are resolved by one
 * set of rules; then the arguments left out are filled by their defaults, those of VARIADIC become an array, and
 * polymorphic types take what the arguments say.
 *
 * A function in SQL that is one expression is not called at all: the expression is bound in its place, its parameters
 * standing for the arguments. So it costs what the expression costs, and the optimizer sees through it (PostgreSQL's
 * inline_function has the same conditions).
 */
import { DriftError, assert } from '../../base/error.ts';
import type { Catalog, RoutineDef, TypeRef } from '../../catalog/schema.ts';
import type { Expression, FunctionCall } from '../../sql/ast.ts';
import type { Query } from '../../sql/ast-query.ts';
import type {
  AggregateFunction,
  RoutineCall,
  ScalarFunction,
  SetFunction,
  SqlFunction,
} from '../../sql/functions/function.ts';
import { rangeConstructors } from '../../sql/functions/own-ranges.ts';
import { functionsNamed } from '../../sql/functions/registry.ts';
import { resolveFunction } from '../../sql/resolve.ts';
import { parse, parseExpression } from '../../sql/parser/parser.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { BoundExpression } from '../expression.ts';
import { isVolatile, someExpression } from '../walk-expression.ts';
import { OID, coerce, tryCoerce } from './coerce.ts';
import { attributesOf } from './composite-fields.ts';
import { argument } from './operators.ts';
import { CLAUSES, type OuterNames, Scope, type VisibleColumn } from './scope.ts';

const POLYMORPHIC = { any: 2276, anyarray: 2277, anyelement: 2283, anynonarray: 2776 } as const;
const NO_CALL = (): never => assert(false, 'a routine is called through its execution') as never;

/** Input arguments of a routine, in order. */
export function inputsOf(def: RoutineDef): RoutineDef['args'] {
  return def.args.filter(({ mode }) => mode === 'in' || mode === 'inout' || mode === 'variadic');
}

/** Columns of a routine's result: OUT arguments, a table's row, or the one value, which has no name. */
export function resultColumns(def: RoutineDef, catalog: Catalog): { readonly name: string; readonly type: TypeRef }[] {
  const out = def.args.filter(({ mode }) => mode === 'out' || mode === 'inout' || mode === 'table');
  if (out.length > 0) return out.map(({ name, type }, i) => ({ name: name === '' ? `column${i + 1}` : name, type }));
  if (def.returnsRow !== undefined) {
    const relation = catalog.byId(def.returnsRow);
    if (relation?.kind === 'table')
      return relation.columns.filter(({ hidden }) => hidden !== true).map(({ name, type }) => ({ name, type }));
  }
  const attributes = attributesOf(def.returns);
  if (attributes !== null) return attributes.map(({ name, type }) => ({ name, type }));
  return [{ name: '', type: def.returns }];
}

/** The type of one result: a row's is its table's today. */
function resultType(def: RoutineDef, catalog: Catalog): TypeRef {
  const out = def.args.filter(({ mode }) => mode === 'out' || mode === 'inout' || mode === 'table');
  const [only] = out;
  if (only !== undefined) return out.length === 1 && !def.procedure ? only.type : { oid: OID.record, typmod: -1 };
  const relation = def.returnsRow === undefined ? undefined : catalog.byId(def.returnsRow);
  if (relation?.kind !== 'table') return def.returns;
  return { oid: catalog.typeNamed(relation.schema, relation.name) ?? OID.record, typmod: -1 };
}

/** Whether the result is a row whose columns FROM shows. */
export function isRow(def: RoutineDef, columns: readonly { readonly name: string }[]): boolean {
  return columns.length !== 1 || def.returnsRow !== undefined || attributesOf(def.returns) !== null;
}

/** The functions of a name that users have defined. */
export function routinesNamed(scope: Scope, schema: string | undefined, name: string): readonly SqlFunction[] {
  const { registered } = scope.state.context;
  const own = registered === undefined ? [] : registered(name);
  const defs = scope.catalog.routines(schema, name);
  if (defs.length === 0 && own.length === 0 && functionsNamed(name).length === 0) {
    const type = scope.catalog.typeNamed(schema, name);
    return type === undefined ? own : rangeConstructors(type);
  }
  return defs.length === 0 ? own : [...defs.map((def) => entryOf(def, scope.catalog)), ...own];
}

export function entryOf(def: RoutineDef, catalog: Catalog): SqlFunction {
  const inputs = inputsOf(def);
  const args = inputs.map(({ mode, type }) => (mode === 'variadic' ? elementOf(type.oid) : type.oid));
  const columns = resultColumns(def, catalog).map(({ name, type }) => ({ name, oid: type.oid }));
  const common = {
    id: `routine ${def.id}(${args.join(',')})`,
    name: def.name,
    args,
    variadic: inputs.some(({ mode }) => mode === 'variadic'),
    optional: inputs.filter((input) => input.default !== undefined).length,
    names: inputs.map(({ name }) => name),
    returns: resultType(def, catalog).oid,
    strict: def.strict,
    volatility: def.volatility,
    routine: { def, argTypes: args, columns: [], returns: def.returns, row: false },
  };
  if (def.aggregate !== undefined) return aggregateEntry(def, common);
  return def.set ? { kind: 'set', ...common, columns, rows: NO_CALL } : { kind: 'scalar', ...common, call: NO_CALL };
}

/** The catalogue entry of a defined aggregate; `common` as for functions. */
function aggregateEntry(
  def: RoutineDef,
  common: Pick<AggregateFunction, 'id' | 'args' | 'variadic' | 'optional' | 'returns'>,
): AggregateFunction {
  // The names of some built-in aggregates mean more to planner and executor than to look them up.
  const name = functionsNamed(def.name).length > 0 ? `${def.schema}.${def.name}` : def.name;
  const steps = { init: NO_CALL, step: NO_CALL, final: NO_CALL };
  return { kind: 'aggregate', ...common, name, strict: false, orderedSet: false, defined: def, ...steps };
}

function elementOf(oid: number): number {
  if (oid === POLYMORPHIC.anyarray) return POLYMORPHIC.anyelement;
  const { elementOid } = typeByOid(oid);
  return elementOid === 0 ? oid : elementOid;
}

export type RoutineFunction = (ScalarFunction | SetFunction) & { readonly routine: RoutineCall };

export function isRoutine(fn: SqlFunction): fn is RoutineFunction {
  return (fn.kind === 'scalar' || fn.kind === 'set') && fn.routine !== undefined;
}

/** Binds a call whose function and arguments (converted, as written) are known. */
export function bindRoutineCall(
  fn: RoutineFunction,
  written: readonly BoundExpression[],
  syntax: FunctionCall,
  scope: Scope,
): BoundExpression {
  const { def } = fn.routine;
  const { position } = syntax;
  if (def.procedure) {
    const shown = `${def.name}(${written.map(({ type }) => typeByOid(type.oid).display).join(', ')})`;
    throw new DriftError('42809', `${shown} is a procedure`, { position, hint: 'To call a procedure, use CALL.' });
  }
  const args = completeArguments(fn, written, syntax.variadic, scope);
  const call = callOf(def, args, scope.catalog);
  const type = call.returns;
  if (!def.set) {
    const inlined = !call.row ? inline(def, args, type, scope) : null;
    if (inlined !== null) return { ...inlined, position };
  }
  if (def.volatility === 'volatile') scope.state.writes = true;
  const columns = call.columns.map((column) => ({ name: column.name, oid: column.type.oid }));
  const { id, name, strict, volatility } = fn;
  const entry = { id, name, strict, volatility, args: call.argTypes, variadic: false, optional: 0, returns: type.oid };
  if (!def.set)
    return { kind: 'call', fn: { kind: 'scalar', ...entry, routine: call, call: NO_CALL }, args, type, position };
  if (!scope.clause.sets) {
    throw new DriftError('0A000', `set-returning functions are not allowed in ${scope.clause.name}`, { position });
  }
  scope.hasSets = true;
  return {
    kind: 'setCall',
    fn: { kind: 'set', ...entry, columns, routine: call, rows: NO_CALL },
    args,
    type,
    position,
  };
}

/** CALL: the procedure and its input arguments. Arguments stand for OUT parameters as well; their values do not count. */
export function bindProcedureCall(
  syntax: FunctionCall,
  scope: Scope,
): { readonly call: RoutineCall; readonly args: readonly BoundExpression[] } {
  const { position, argNames, variadic } = syntax;
  const { schema, name } = syntax.name;
  const args = syntax.args.map((arg) => scope.bind(arg));
  const types = args.map((arg) => arg.type.oid);
  const defs = scope.catalog.routines(schema, name);
  const defined = defs.filter((def) => def.procedure).map((def) => entryOf(withOutputs(def), scope.catalog));
  const shown = `${name}(${types.map((oid) => typeByOid(oid).display).join(', ')})`;
  let found: SqlFunction;
  let argTypes: readonly number[];
  try {
    ({ fn: found, argTypes } = resolveFunction(name, types, { variadic, names: argNames, defined, only: true }));
  } catch (error) {
    if (!(error instanceof DriftError) || error.code !== '42883') throw error;
    if (defs.some((def) => !def.procedure && inputsOf(def).length === args.length))
      throw new DriftError('42809', `${shown} is not a procedure`, {
        position,
        hint: 'To call a function, use SELECT.',
      });
    throw new DriftError('42883', `procedure ${shown} does not exist`, {
      position,
      hint: 'No procedure matches the given name and argument types. You might need to add explicit type casts.',
    });
  }
  assert(isRoutine(found), 'CALL resolves among procedures');
  const all = found.routine.def;
  const converted = args.map((arg, i) => argument(arg, argTypes[i] ?? 0, { scope, position }));
  const complete = completeArguments(found, converted, variadic, scope);
  const own = defs.find(({ id }) => id === all.id) as RoutineDef;
  const inputs = complete.filter((_, i) => own.args[i]?.mode !== 'out');
  return { call: callOf(own, inputs, scope.catalog), args: inputs };
}

function withOutputs(def: RoutineDef): RoutineDef {
  return { ...def, args: def.args.map((arg) => (arg.mode === 'out' ? { ...arg, mode: 'in' } : arg)) };
}

/** All input arguments in the order of the definition: defaults filled in, the variadic rest as an array. */
export function completeArguments(
  fn: Pick<RoutineFunction, 'routine' | 'places'>,
  written: readonly BoundExpression[],
  variadicArray: boolean,
  scope: Scope,
): BoundExpression[] {
  const { def } = fn.routine;
  const inputs = inputsOf(def);
  const args: BoundExpression[] = [];
  inputs.forEach((input, i) => {
    if (input.mode === 'variadic' && !variadicArray && written.length > i) {
      const rest = written.slice(i);
      const element = rest[0]?.type.oid ?? elementOf(input.type.oid);
      const type = { oid: typeByOid(element).arrayOid, typmod: -1 };
      args.push({ kind: 'array', elements: rest, nested: false, type });
      return;
    }
    const at = fn.places === undefined ? i : fn.places.indexOf(i);
    const given = at < 0 ? undefined : written[at];
    args.push(given ?? defaultOf(def, input, scope));
  });
  return args;
}

function defaultOf(def: RoutineDef, input: RoutineDef['args'][number], scope: Scope): BoundExpression {
  assert(input.default !== undefined, `argument ${input.name} of ${def.name} has no default`);
  const own = new Scope({
    state: scope.state,
    hooks: scope.hooks,
    parent: null,
    catalog: scope.catalog,
    time: scope.time,
  });
  const bound = own.within(CLAUSES.values, () => own.bind(parseExpression(input.default as string)));
  return isPolymorphic(input.type.oid) ? bound : coerce(bound, input.type, 'assignment', scope.state);
}

function isPolymorphic(oid: number): boolean {
  return (Object.values(POLYMORPHIC) as number[]).includes(oid);
}

/** A call with the types that polymorphic arguments and results have in it. */
export function callOf(def: RoutineDef, args: readonly BoundExpression[], catalog: Catalog): RoutineCall {
  const argTypes = args.map(({ type }) => type.oid);
  let element = 0;
  inputsOf(def).forEach(({ type }, i) => {
    const actual = argTypes[i] as number;
    if (type.oid === POLYMORPHIC.anyarray) element ||= typeByOid(actual).elementOid;
    else if (type.oid === POLYMORPHIC.anyelement || type.oid === POLYMORPHIC.anynonarray) element ||= actual;
  });
  const concrete = (type: TypeRef): TypeRef => {
    if (!isPolymorphic(type.oid) || element === 0) return type;
    return { oid: type.oid === POLYMORPHIC.anyarray ? typeByOid(element).arrayOid : element, typmod: -1 };
  };
  const columns = resultColumns(def, catalog).map(({ name, type }) => ({ name, type: concrete(type) }));
  return { def, argTypes, columns, returns: concrete(resultType(def, catalog)), row: isRow(def, columns) };
}

// ---- inlining --------------------------------------------------------------------------------------------------------

/** The expression that a call stands for; null where it has to be called. */
function inline(
  def: RoutineDef,
  args: readonly BoundExpression[],
  type: TypeRef,
  scope: Scope,
): BoundExpression | null {
  const { state } = scope;
  if (def.language !== 'sql' || def.settings !== undefined || state.inlining.has(def.id)) return null;
  if (type.oid === OID.void || type.oid === OID.record) return null;
  const syntax = singleExpression(def.body);
  if (syntax === null) return null;
  const uses = args.map(() => 0);
  const names = argumentNames(def, args, (i) => (uses[i] = (uses[i] ?? 0) + 1));
  const own = new Scope({ state, hooks: scope.hooks, parent: null, catalog: scope.catalog, time: scope.time, names });
  let bound: BoundExpression | null;
  state.inlining.add(def.id);
  try {
    bound = tryCoerce(
      own.within(CLAUSES.values, () => own.bind(syntax)),
      type,
      'assignment',
      state,
    );
  } catch (error) {
    if (error instanceof DriftError) return null;
    throw error;
  } finally {
    state.inlining.delete(def.id);
  }
  if (bound === null || bound.type.oid !== type.oid) return null;
  if (def.volatility !== 'volatile' && isVolatile(bound)) return null;
  if (someExpression(bound, (part) => part.kind === 'subquery')) return null;
  if (def.strict && (uses.includes(0) || someExpression(bound, (part) => !isStrict(part)))) return null;
  const shared = args.some((arg, i) => uses[i] !== 1 && (isVolatile(arg) || (uses[i] !== 0 && isCostly(arg))));
  return shared ? null : bound;
}

function isStrict(part: BoundExpression): boolean {
  if (part.kind === 'call') return part.fn.strict;
  return part.kind === 'cast' || part.kind === 'const' || part.kind === 'column' || part.kind === 'parameter';
}

/** More than a look: computed once is better. */
function isCostly(arg: BoundExpression): boolean {
  return someExpression(
    arg,
    (part) => part.kind === 'subquery' || (part.kind === 'call' && part.fn.routine !== undefined),
  );
}

const singles = new Map<string, Expression | null>();
const MAX_SINGLES = 1000;

/** The expression of a body that is `SELECT expression` and nothing more. */
function singleExpression(body: string): Expression | null {
  let found = singles.get(body);
  if (found === undefined) {
    const statements = parse(body);
    const [only] = statements;
    found = statements.length === 1 && only?.kind === 'query' ? expressionOf(only) : null;
    if (singles.size >= MAX_SINGLES) singles.clear();
    singles.set(body, found);
  }
  return found;
}

/** The one expression of `SELECT expression`, if a query is that. */
export function expressionOf(query: Query): Expression | null {
  const { body } = query;
  if (body.kind !== 'select' || query.with !== undefined || query.orderBy.length > 0 || query.locking.length > 0)
    return null;
  if (query.limit !== undefined || query.offset !== undefined || body.from.length > 0 || body.where !== undefined)
    return null;
  if (body.groupBy.length > 0 || body.having !== undefined || body.distinct !== undefined || body.into !== undefined)
    return null;
  const [target] = body.targets;
  if (target === undefined || body.targets.length > 1 || target.expression.kind === 'star') return null;
  return target.expression;
}

/** A routine's arguments by name and number, each standing for an expression. */
export function argumentNames(
  def: RoutineDef,
  args: readonly BoundExpression[],
  used: (index: number) => void = () => undefined,
): OuterNames {
  const columns: (VisibleColumn & { readonly index: number })[] = inputsOf(def).flatMap(({ name }, index) => {
    const expression = args[index];
    return name === '' || expression === undefined ? [] : [{ name, expression, index }];
  });
  return {
    conflict: 'column',
    column(name) {
      const found = columns.find((column) => column.name === name);
      if (found !== undefined) used(found.index);
      return found;
    },
    relation(schema, name) {
      if (schema !== undefined || name !== def.name) return undefined;
      // Whoever asks for `f.x` may take any of them.
      for (const { index } of columns) used(index);
      return { schema: undefined, name, columns, pseudo: [], table: null };
    },
    parameter(index) {
      const found = args[index];
      if (found !== undefined) used(index);
      return found;
    },
  };
}
