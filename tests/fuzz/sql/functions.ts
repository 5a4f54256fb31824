/**
 * What expressions can be made of: the function catalogue itself, by result type. A function that is added to the engine
 * is fuzzed from then on.
 *
 * Left out are functions that answer by session, clock or catalogue, those that take what only some values have (a
 * format, a time zone, a pattern: special.ts writes them with sensible arguments), and those with polymorphic types.
 */
import type { OperatorEntry, SqlFunction } from '../../../src/sql/functions/function.ts';
import { operatorsNamed } from '../../../src/sql/functions/operators.ts';
import { allFunctions, castBetween } from '../../../src/sql/functions/registry.ts';
import { ALL_TYPES, type FuzzType, typeOf } from './types.ts';

export interface Callable {
  /** The call's text around its arguments. */
  readonly write: (args: readonly string[]) => string;
  readonly args: readonly FuzzType[];
  readonly name: string;
  readonly hash: number;
  /** Refuses some values of its types with class 22: used where an error does not drown the case. */
  readonly risky: boolean;
}

export interface AggregateCall {
  readonly hash: number;
  readonly name: string;
  readonly args: readonly FuzzType[];
  readonly returns: FuzzType;
}

const OPERATORS = ['+', '-', '*', '/', '%', '||', '&', '|', '#', '=', '<>', '<', '<=', '>', '>=', '<<', '>>', '->', '->>']
  .concat(['@>', '<@', '&&', '?', '-|-', '&<', '&>', '#>', '#>>', '#-', '^', '|/', '@', '~']); // prettier-ignore

/** Answer by session, clock, catalogue or chance. */
const UNSTABLE =
  /^(now|.*_timestamp|timeofday|current_.*|localtime.*|version|.*user|drift.*|pg_.*|to_reg.*|format_type|obj_description|col_description|getdatabaseencoding|txid.*|inet_.*|has_.*|set.*|curr.*|last.*|next.*)$/;
/** Only the sign of their answer is defined, or the encoding of the server decides. */
const OPEN =
  /^(bt(char|text|name|nametext|textname)cmp|bpcharcmp|byteacmp|(var)?bitcmp|uuid_cmp|network_cmp|.*_pattern_cmp|to_ascii)$/;
/** DriftDB's own. */
const OWN = /^period$/;
/** Take a pattern, format, zone, unit, encoding or name as text. */
const SPECIAL =
  /^(to_char|to_date|to_timestamp|to_number|date_trunc|date_part|extract|timezone|encode|decode|convert.*|regexp.*|similar.*|like.*|format|normalize|is_normalized|parse_ident|unistr|make_interval|xml.*|json.*_path.*|jsonb_set.*|jsonb_insert|age|width_bucket|overlay|get_bit|set_bit|get_byte|set_byte|array_fill|trim_array|date_bin|.*like|json_populate.*|jsonb_populate.*|quote_ident|string_to_array|json_object|jsonb_object)$/;
/** Refuse many values of their argument types. */
const RISKY =
  /^(sqrt|ln|log|log10|power|pow|exp|factorial|asin|acos|acosh|atanh|asind|acosd|make_.*|chr|jsonb?_array_length|lcm|gcd|repeat|lpad|rpad|substr|substring|array_.*|\/|%|\^|\|\/|sinh|cosh|numeric|cot|cotd|tan|tand|justify.*|split_part|concat|left|right)$/;
/** Made of too much memory or time by a big argument. */
const UNBOUNDED = /^(repeat|lpad|rpad|factorial|power|pow|exp|\^|random.*|generate.*|numeric_power|dpow)$/;

const byReturn = new Map<number, Callable[]>();
export const AGGREGATES: AggregateCall[] = [];

/** FNV-1a over what names a signature. */
function hashOf(name: string, args: readonly FuzzType[]): number {
  let hash = 0x811c9dc5;
  for (const char of `${name} ${args.map((arg) => arg.name).join()}`)
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return hash;
}

function add(returns: FuzzType, unhashed: Omit<Callable, 'hash'>): void {
  const callable = { ...unhashed, hash: hashOf(unhashed.name, unhashed.args) };
  const list = byReturn.get(returns.oid);
  if (list === undefined) byReturn.set(returns.oid, [callable]);
  else list.push(callable);
}

function known(oids: readonly number[]): FuzzType[] | undefined {
  const types = oids.map(typeOf);
  return types.every((type) => type !== undefined) ? (types as FuzzType[]) : undefined;
}

function addFunction(fn: SqlFunction): void {
  const args = known(fn.args);
  const returns = typeOf(fn.returns);
  if (args === undefined || returns === undefined || fn.variadic) return;
  // Wide scales: PostgreSQL's limit differs from version to version.
  if (/^(round|trunc)$/.test(fn.name) && args.length === 2) return;
  if (
    UNSTABLE.test(fn.name) ||
    OPEN.test(fn.name) ||
    OWN.test(fn.name) ||
    SPECIAL.test(fn.name) ||
    UNBOUNDED.test(fn.name)
  )
    return;
  if (fn.kind === 'aggregate' && !fn.orderedSet)
    AGGREGATES.push({ name: fn.name, args, returns, hash: hashOf(fn.name, args) });
  if (fn.kind !== 'scalar' || fn.volatility === 'volatile') return;
  const write = (values: readonly string[]): string => `${fn.name}(${values.join(', ')})`;
  add(returns, { write, args, name: fn.name, risky: RISKY.test(fn.name) });
}

function addOperator({ name, left, right, fn }: OperatorEntry): void {
  const args = known(left === 0 ? [right] : [left, right]);
  const returns = typeOf(fn.returns);
  if (args === undefined || returns === undefined || UNBOUNDED.test(name)) return;
  const write = (values: readonly string[]): string =>
    values.length === 1 ? `(${name} ${values[0]})` : `(${values[0]} ${name} ${values[1]})`;
  add(returns, { write, args, name, risky: RISKY.test(name) });
}

for (const fn of allFunctions()) addFunction(fn);
for (const name of OPERATORS) for (const operator of operatorsNamed(name)) addOperator(operator);
for (const from of ALL_TYPES) {
  for (const to of ALL_TYPES) {
    if (castBetween(from.oid, to.oid) === undefined) continue;
    const fromText = from.name === 'text' || from.name === 'varchar' || from.name === 'bpchar';
    add(to, {
      write: ([value]) => `(${value})::${to.name === 'bpchar' ? 'char(3)' : to.name}`,
      args: [from],
      name: `cast to ${to.name}`,
      risky: fromText && !['text', 'varchar', 'bpchar'].includes(to.name),
    });
  }
}

export function callablesReturning(type: FuzzType): readonly Callable[] {
  return byReturn.get(type.oid) ?? [];
}
