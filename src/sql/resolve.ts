/**
 * Which function, operator, cast or common type is meant: PostgreSQL's rules (chapters 10.2, 10.3 and 10.5).
 *
 * Candidates are those whose arguments can be reached implicitly. Exact matches win; then the most exact matches; then
 * preferred types; then for literals of unknown type the category that the candidates agree on, strings first.
 */
import { DriftError } from '../base/error.ts';
import type { Value } from '../base/vector.ts';
import type { CoercionPath } from './resolve-types.ts';
import { T } from './functions/define.ts';
import type { ScalarFunction, SqlFunction } from './functions/function.ts';
import { operatorsNamed } from './functions/operators.ts';
import { ownRangeFunctions, ownRangeOperators } from './functions/own-ranges.ts';
import { castBetween, functionsNamed } from './functions/registry.ts';
import { isUserType, sameUserType } from '../catalog/user-types.ts';
import { typeByOid } from './types/registry.ts';
import { baseOfDomain, userCoercion } from './user-coercion.ts';

export type CoercionContext = 'implicit' | 'assignment' | 'explicit';

export interface ResolvedFunction<F = SqlFunction> {
  readonly fn: F;
  /** Types the arguments are converted to, one an argument; 0 for "as it is". */
  readonly argTypes: readonly number[];
  readonly returns: number;
}

const STRENGTH = { implicit: 0, assignment: 1, explicit: 2 } as const;
const INT2VECTOR = 22;
const OIDVECTOR = 30;
const RELABEL: CoercionPath = { method: 'relabel', fn: null, element: null };
const IO: CoercionPath = { method: 'io', fn: null, element: null };
const POLYMORPHIC: readonly number[] = [T.anyelement, T.anyarray, T.anynonarray, T.anyenum, T.any];

/** How a value of one type becomes another's in a context; null where it does not. */
export function coercionPath(from: number, to: number, context: CoercionContext): CoercionPath | null {
  if (from === to || POLYMORPHIC.includes(to)) return RELABEL;
  const own = userCoercion(from, to, (source, target) => coercionPath(source, target, context));
  if (own !== undefined) return own;
  const cast = castBetween(from, to);
  if (cast !== undefined) {
    if (STRENGTH[cast.context] > STRENGTH[context]) return null;
    return cast.fn === null ? RELABEL : { method: 'function', fn: cast.fn, element: null };
  }
  const [source, target] = [typeByOid(from), typeByOid(to)];
  // The vectors of the catalogs are read from text, and made of no array.
  if (source.category === 'A' && target.category === 'A' && to !== INT2VECTOR && to !== OIDVECTOR) {
    const inner = coercionPath(source.elementOid, target.elementOid, context);
    if (inner === null || inner.method === 'array') return null;
    return {
      method: 'array',
      fn: null,
      element: { method: inner.method, fn: inner.fn, from: source.elementOid, to: target.elementOid },
    };
  }
  if (source.oid === T.record && target.category === 'S' && context !== 'implicit') return IO;
  if (source.category === 'P' || target.category === 'P') return null;
  if (target.category === 'S' && context !== 'implicit') return IO;
  if (source.category === 'S' && context === 'explicit') return IO;
  return null;
}

export interface CallShape {
  readonly variadic?: boolean | undefined;
  readonly star?: boolean | undefined;
  readonly names?: readonly (string | undefined)[] | undefined;
  /** Functions that users have defined under this name. */
  readonly defined?: readonly SqlFunction[] | undefined;
  /** Only those: CALL. */
  readonly only?: boolean | undefined;
}

/** Finds the function meant by a call. Throws 42883 (none) or 42725 (several). */
export function resolveFunction(name: string, written: readonly number[], shape: CallShape = {}): ResolvedFunction {
  const args = written.map(baseOfDomain);
  checkNames(shape.names ?? []);
  const candidates: Candidate<SqlFunction>[] = [];
  const builtIn = shape.only === true ? [] : functionsNamed(name);
  const own = shape.only !== true && args.some(isUserType) ? ownRangeFunctions(name, args) : [];
  const all =
    shape.defined === undefined && own.length === 0 ? builtIn : [...builtIn, ...own, ...(shape.defined ?? [])];
  for (const fn of all) {
    const named = byName(fn, shape);
    const types = named === null ? parametersFor(fn, args.length, shape) : named.types;
    if (types !== null) candidates.push({ item: named?.fn ?? fn, types });
  }
  const found = choose(candidates, args);
  if (found === 'ambiguous')
    throw new DriftError('42725', `function ${callText(name, args, shape.names)} is not unique`, {
      hint: 'Could not choose a best candidate function. You might need to add explicit type casts.',
    });
  if (found === null) {
    throw new DriftError('42883', `function ${callText(name, args, shape.names)} does not exist`, {
      hint: 'No function matches the given name and argument types. You might need to add explicit type casts.',
    });
  }
  return resolved(found.item, found.types, args, shape.variadic === true, written);
}

/** Arrays are compared with arrays of the same type only; `||` takes others as well. */
const OF_ONE_TYPE: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=', '@>', '<@', '&&']);

function ofTwoTypes(left: number, right: number): boolean {
  return left !== right && left !== T.unknown && right !== T.unknown;
}

/** Finds the operator meant; left 0 for a prefix one. Throws 42883 or 42725. */
export function resolveOperator(name: string, first: number, second: number): ResolvedFunction<ScalarFunction> {
  const [left, right] = [baseOfDomain(first), baseOfDomain(second)];
  const args = left === 0 ? [right] : [left, right];
  const candidates: Candidate<ScalarFunction>[] = [];
  const own = args.some(isUserType) ? ownRangeOperators(name, args) : [];
  for (const entry of own.length === 0 ? operatorsNamed(name) : [...own, ...operatorsNamed(name)]) {
    if ((entry.left === 0) !== (left === 0)) continue;
    if (entry.right === T.anyarray && entry.left === T.anyarray && OF_ONE_TYPE.has(name) && ofTwoTypes(left, right))
      continue;
    candidates.push({ item: entry.fn, types: left === 0 ? [entry.right] : [entry.left, entry.right] });
  }
  // A literal beside a known type is first taken for that type.
  const assumed =
    left === 0 || (left !== T.unknown && right !== T.unknown)
      ? args
      : left === T.unknown
        ? [right, right]
        : [left, left];
  const exact = candidates.find(({ types }) => types.every((type, i) => type === assumed[i]));
  const found = exact ?? choose(candidates, args);
  if (found === 'ambiguous' || found === null) {
    const text = left === 0 ? `${name} ${display(right)}` : `${display(left)} ${name} ${display(right)}`;
    throw new DriftError(
      found === null ? '42883' : '42725',
      found === null ? `operator does not exist: ${text}` : `operator is not unique: ${text}`,
      { hint: 'You might need to add explicit type casts.' },
    );
  }
  return resolved(found.item, found.types, args, false);
}

/** The type that UNION, CASE, VALUES … unify to. Throws 42804. */
export function commonType(oids: readonly number[], context: string): number {
  const known = oids.filter((oid) => oid !== T.unknown);
  const [first] = known;
  if (first === undefined) return T.text;
  if (oids.every((oid) => oid === first)) return first;
  const bases = known.map(baseOfDomain);
  if (bases.some((base, i) => base !== known[i])) return commonType(bases, context);
  if (known.every((oid) => oid === first)) return first;
  let chosen = first;
  for (const oid of known) {
    if (oid === chosen || sameUserType(oid, chosen)) continue;
    const [type, current] = [typeByOid(oid), typeByOid(chosen)];
    if (type.category !== current.category || isUserType(oid) || isUserType(chosen)) {
      throw new DriftError('42804', `${context} types ${current.display} and ${type.display} cannot be matched`);
    }
    if (
      !current.preferred &&
      coercionPath(chosen, oid, 'implicit') !== null &&
      coercionPath(oid, chosen, 'implicit') === null
    )
      chosen = oid;
  }
  for (const oid of known) {
    if (coercionPath(oid, chosen, 'implicit') === null) {
      throw new DriftError('42846', `${context} could not convert type ${display(oid)} to ${display(chosen)}`);
    }
  }
  return chosen;
}

interface Candidate<F> {
  readonly item: F;
  /** Declared types, one an argument. */
  readonly types: readonly number[];
}

function checkNames(names: NonNullable<CallShape['names']>): void {
  names.forEach((name, i) => {
    if (name === undefined && names[i - 1] !== undefined)
      throw new DriftError('42601', 'positional argument cannot follow named argument');
    if (name !== undefined && names.indexOf(name) < i)
      throw new DriftError('42601', `argument name "${name}" used more than once`);
  });
}

/**
 * For a call with named arguments (f(a, c => 1)): the function as one of just these, and their types; types are null
 * where the names do not fit. Null for a call without names.
 */
function byName(
  fn: SqlFunction,
  { names: written, variadic = false }: CallShape,
): { readonly fn: SqlFunction; readonly types: readonly number[] | null } | null {
  if (written === undefined || written.every((name) => name === undefined)) return null;
  const { names } = fn;
  if (names === undefined || (fn.kind !== 'scalar' && fn.kind !== 'set')) return { fn, types: null };
  // The repeated argument has a name as an array only.
  if (fn.variadic !== variadic || (variadic && written.length < fn.args.length)) return { fn, types: null };
  const last = fn.args.length - 1;
  const places = written.map((name, i) => (name === undefined ? i : names.indexOf(name)));
  const required = fn.args.length - fn.optional;
  const whole = fn.args.every((_, i) => i >= required || places.includes(i));
  if (!whole || new Set(places).size < places.length || places.includes(-1)) return { fn, types: null };
  const types = places.map((place) => {
    const type = fn.args[place] as number;
    return variadic && place === last ? typeByOid(type).arrayOid : type;
  });
  if (fn.routine !== undefined) return { fn: { ...fn, args: types, places }, types };
  const inPlace = (values: readonly Value[]): Value[] => {
    const full: Value[] = [];
    places.forEach((place, i) => (full[place] = values[i] as Value));
    // Holes are undefined to the function, which has its defaults for them.
    return full;
  };
  if (fn.kind === 'set') {
    const { rows } = fn;
    return { fn: { ...fn, args: types, rows: (context, ...values) => rows(context, ...inPlace(values)) }, types };
  }
  const { call } = fn;
  return { fn: { ...fn, args: types, call: (context, ...values) => call(context, ...inPlace(values)) }, types };
}

/** Declared types spread over the arguments of a call; null where the counts do not fit. */
function parametersFor(fn: SqlFunction, count: number, shape: CallShape): readonly number[] | null {
  if (shape.star === true) return fn.args.length === 0 ? [] : null;
  if (fn.kind === 'aggregate' && fn.name === 'count' && count === 0) return null;
  const fixed = fn.args.length - 1;
  if (!fn.variadic || count <= fixed)
    return count <= fn.args.length && count >= fn.args.length - fn.optional ? fn.args.slice(0, count) : null;
  const repeated = fn.args[fixed] as number;
  if (shape.variadic === true) {
    if (count !== fn.args.length) return null;
    return repeated === T.any ? fn.args : [...fn.args.slice(0, fixed), typeByOid(repeated).arrayOid];
  }
  return [...fn.args.slice(0, fixed), ...new Array<number>(count - fixed).fill(repeated)];
}

function choose<F>(candidates: readonly Candidate<F>[], args: readonly number[]): Candidate<F> | 'ambiguous' | null {
  const exact = candidates.find(
    ({ types }) => types.length === args.length && types.every((type, i) => type === args[i]),
  );
  if (exact !== undefined) return exact;
  let left = candidates.filter(
    ({ types }) =>
      types.length === args.length &&
      types.every((type, i) => reachable(args[i] as number, type)) &&
      polymorphicFits(types, args),
  );
  if (left.length <= 1) return left[0] ?? null;
  left = best(left, (candidate) => score(candidate, args, (type, arg) => type === arg));
  if (left.length === 1) return left[0] as Candidate<F>;
  left = best(left, (candidate) =>
    score(
      candidate,
      args,
      (type, arg) =>
        type === arg ||
        (typeByOid(type).preferred && arg !== T.unknown && typeByOid(type).category === typeByOid(arg).category),
    ),
  );
  if (left.length === 1) return left[0] as Candidate<F>;
  left = byCategory(left, args);
  if (left.length === 1) return left[0] as Candidate<F>;
  const known = new Set(args.filter((arg) => arg !== T.unknown));
  if (known.size === 1 && args.includes(T.unknown)) {
    // Taken for the type that the others have, a literal may fit one candidate only.
    const assumed = args.map(() => [...known][0] as number);
    const same = left.filter(
      ({ types }) => types.every((type, i) => reachable(assumed[i] as number, type)) && polymorphicFits(types, assumed),
    );
    if (same.length === 1) return same[0] as Candidate<F>;
  }
  return 'ambiguous';
}

/** Literals of unknown type: the category the candidates share, strings preferred; then its preferred type. */
function byCategory<F>(candidates: readonly Candidate<F>[], args: readonly number[]): Candidate<F>[] {
  let left = [...candidates];
  args.forEach((arg, i) => {
    if (arg !== T.unknown) return;
    const categories = left.map(({ types }) => typeByOid(types[i] as number).category);
    const category = categories.includes('S')
      ? 'S'
      : categories.every((other) => other === categories[0])
        ? categories[0]
        : undefined;
    if (category === undefined) return;
    const inside = left.filter(({ types }) => typeByOid(types[i] as number).category === category);
    const preferred = inside.filter(({ types }) => typeByOid(types[i] as number).preferred);
    left = preferred.length > 0 ? preferred : inside.length > 0 ? inside : left;
  });
  return left;
}

function best<T>(items: readonly T[], points: (item: T) => number): T[] {
  const scores = items.map(points);
  const top = Math.max(...scores);
  return items.filter((_, i) => scores[i] === top);
}

function score<F>(
  { types }: Candidate<F>,
  args: readonly number[],
  counts: (type: number, arg: number) => boolean,
): number {
  return types.filter((type, i) => counts(type, args[i] as number)).length;
}

function reachable(from: number, to: number): boolean {
  if (from === to || to === T.any || to === T.anyelement) return true;
  if (to === T.anyarray) return from === T.unknown || typeByOid(from).category === 'A';
  if (to === T.anyenum) return from === T.unknown || typeByOid(from).category === 'E';
  if (to === T.anynonarray) return from === T.unknown || typeByOid(from).category !== 'A';
  if (from === T.unknown) return typeByOid(to).category !== 'P';
  return coercionPath(from, to, 'implicit') !== null;
}

function isPolymorphic(type: number): boolean {
  return type === T.anyelement || type === T.anyarray || type === T.anynonarray || type === T.anyenum;
}

/** anyelement and anyarray must agree on one element type. */
function polymorphicFits(types: readonly number[], args: readonly number[]): boolean {
  const element = elementOf(types, args);
  // A literal alone does not say of which enum it is.
  return element === null ? !types.includes(T.anyenum) : element !== 'conflict';
}

function elementOf(types: readonly number[], args: readonly number[]): number | null | 'conflict' {
  let element: number | null = null;
  for (let i = 0; i < types.length; i++) {
    const [type, arg] = [types[i] as number, args[i] as number];
    if (arg === T.unknown || !isPolymorphic(type)) continue;
    const own = type === T.anyarray ? typeByOid(arg).elementOid : arg;
    if (element !== null && element !== own) {
      if (coercionPath(own, element, 'implicit') !== null) continue;
      if (coercionPath(element, own, 'implicit') === null) return 'conflict';
    }
    element = own;
  }
  return element;
}

/** Polymorphic types take what the arguments say; `any` leaves an argument as it is. */
function resolved<F extends SqlFunction>(
  fn: F,
  types: readonly number[],
  args: readonly number[],
  variadicArray: boolean,
  written: readonly number[] = args,
): ResolvedFunction<F> {
  const found = elementOf(types, args);
  if (found === null && types.some(isPolymorphic))
    throw new DriftError('42804', 'could not determine polymorphic type because input has type unknown');
  const element = found === 'conflict' || found === null ? T.text : found;
  const concrete = (type: number): number => {
    if (type === T.anyelement || type === T.anynonarray || type === T.anyenum) return element;
    if (type === T.anyarray) return typeByOid(element).arrayOid;
    return type;
  };
  const argTypes = types.map((type) => {
    if (type === T.any) return 0;
    return concrete(type);
  });
  const returns = concrete(fn.returns);
  const actual = argTypes.map((type, i) => (type === 0 ? (written[i] as number) : type));
  if (variadicArray && actual.length > 0) actual.push(typeByOid(actual.pop() as number).elementOid);
  return { fn: withColumns(specialised(fn, actual, returns), concrete), argTypes, returns };
}

/** A set-returning function whose columns are of the types that its polymorphic ones stand for. */
function withColumns<F extends SqlFunction>(fn: F, concrete: (type: number) => number): F {
  if (fn.kind !== 'set' || !fn.columns.some(({ oid }) => isPolymorphic(oid))) return fn;
  return { ...fn, columns: fn.columns.map(({ name, oid }) => ({ name, oid: concrete(oid) })) };
}

/** The function made for the types of a call, where it asks for them. */
function specialised<F extends SqlFunction>(fn: F, types: readonly number[], returns: number): F {
  if (fn.kind === 'scalar' && fn.typed !== undefined) return { ...fn, call: fn.typed(types, returns) };
  if (fn.kind === 'set' && fn.typed !== undefined) return { ...fn, rows: fn.typed(types, returns) };
  if (fn.kind === 'aggregate' && fn.typed !== undefined) return { ...fn, ...fn.typed(types, returns) };
  return fn;
}

function display(oid: number): string {
  return typeByOid(oid).display;
}

function callText(name: string, args: readonly number[], names: CallShape['names']): string {
  const shown = args.map((oid, i) => {
    const given = names?.[i];
    return given === undefined ? display(oid) : `${given} => ${display(oid)}`;
  });
  return `${name}(${shown.join(', ')})`;
}
