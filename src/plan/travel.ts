/**
 * Plans that travel: a plan as data that can be posted to another worker, and back.
 *
 * Nodes and expressions are plain objects already; what is not are functions of the catalogue and values of types with
 * classes of their own. Functions go by their names, for the other side has the same catalogue; values as bytes, which
 * the caller makes. Parameters become constants.
 *
 * Only what gives the same answer everywhere may travel: built-in functions that are immutable, built-in types, no
 * subqueries. Whatever else there is (users' functions, collations, what depends on settings) makes `packPlan` refuse,
 * by an allow-list: nothing is a function, or has a class, that is not known here.
 */
import type { Value, Vector } from '../base/vector.ts';
import { isUserType } from '../catalog/user-types.ts';
import type { SqlFunction } from '../sql/functions/function.ts';
import { partialAggregate } from '../sql/functions/partial-aggregates.ts';
import { allCasts, allFunctions, allOperators } from '../sql/functions/registry.ts';
import { typeByOid } from '../sql/types/registry.ts';
import type { PlanNode } from './plan.ts';

/** What is not plain data, packed and unpacked by who posts it. */
export interface Packing {
  readonly parameter: (index: number, oid: number) => Value;
  /** An object of a type's own class as something that can be cloned. */
  readonly value: (value: object, oid: number) => unknown;
  readonly columns: (columns: readonly Vector[], rowCount: number, oids: readonly number[]) => unknown;
}
export interface Unpacking {
  readonly value: (packed: unknown, oid: number) => Value;
  readonly columns: (packed: unknown, oids: readonly number[]) => readonly Vector[];
}

/** Kinds of nodes and expressions that stay at home. */
const AT_HOME: ReadonlySet<string> = new Set([
  'subquery',
  'nextValue',
  'setCall',
  'window',
  'systemScan',
  'functionScan',
  'cteScan',
  'workScan',
  'lockRows',
  'gather',
]);
/** boolean, integers, text, numeric, varchar: their texts depend on no setting. */
const PLAIN_TEXTS: ReadonlySet<number> = new Set([16, 20, 21, 23, 25, 705, 1043, 1700]);

class StaysAtHome extends Error {}

/** The plan as data; null where it cannot travel. */
export function packPlan(plan: PlanNode, packing: Packing): unknown {
  try {
    return pack(plan, packing);
  } catch (error) {
    if (error instanceof StaysAtHome) return null;
    throw error;
  }
}

/** Whether the plan can travel, whatever its parameters are. */
export function travels(plan: PlanNode): boolean {
  return packPlan(plan, { parameter: () => null, value: () => null, columns: () => null }) !== null;
}

type Fields = Readonly<Record<string, unknown>>;

function pack(value: unknown, packing: Packing): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw new StaysAtHome();
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map((item) => pack(item, packing));
  const name = nameOfFunction(value);
  if (name !== null) return { $function: name };
  if (Object.getPrototypeOf(value) !== Object.prototype) throw new StaysAtHome();
  return packFields(value as Fields, packing);
}

function packFields(fields: Fields, packing: Packing): unknown {
  const { kind, type } = fields as { readonly kind?: string; readonly type?: { readonly oid: number } };
  if (kind !== undefined && AT_HOME.has(kind)) throw new StaysAtHome();
  if (typeof type?.oid === 'number' && isUserType(type.oid)) throw new StaysAtHome();
  switch (kind) {
    case 'parameter':
      return constant(packing.parameter(fields['index'] as number, type?.oid ?? 0), fields, packing);
    case 'const':
      return constant(fields['value'] as Value, fields, packing);
    case 'cast':
      refuseSettings(fields);
      break;
    case 'values': {
      const { constants, outputs } = fields as unknown as PlanNode & { readonly kind: 'values' };
      if (constants === undefined) break;
      const oids = outputs.map((output) => output.type.oid);
      if (oids.some(isUserType)) throw new StaysAtHome();
      const columns = packing.columns(constants.columns, constants.rowCount, oids);
      return { kind, outputs, rows: [], $columns: columns, $rows: constants.rowCount };
    }
    case 'table':
      // What a scan asks of it.
      return { kind, id: fields['id'], name: fields['name'], columns: columnsOf(fields), key: fields['key'] };
    default:
  }
  const packed: Record<string, unknown> = {};
  // `written` is for EXPLAIN, and has functions that are merged at home.
  for (const [key, value] of Object.entries(fields)) if (key !== 'written') packed[key] = pack(value, packing);
  return packed;
}

function constant(value: Value, { type }: Fields, packing: Packing): unknown {
  const { oid } = type as { readonly oid: number };
  return typeof value === 'object' && value !== null
    ? { kind: 'const', type, $value: packing.value(value, oid) }
    : { kind: 'const', type, value };
}

function columnsOf(table: Fields): unknown {
  const columns = table['columns'] as readonly Fields[];
  return columns.map(({ id, name, type }) => ({ id, name, type }));
}

/** Conversions by text depend on DateStyle, TimeZone and others, but for a few types. */
function refuseSettings({ method, operand, type }: Fields): void {
  if (method === 'function' || method === 'relabel') return;
  const from = (operand as { readonly type: { readonly oid: number } }).type.oid;
  const to = (type as { readonly oid: number }).oid;
  if (method !== 'io' || !PLAIN_TEXTS.has(from) || !PLAIN_TEXTS.has(to)) throw new StaysAtHome();
}

// ---- functions ---------------------------------------------------------------------------------------------------

let names: Map<object, string> | null = null;
let byName: Map<string, SqlFunction | null> | null = null;

/** The catalogue by name; a name that two functions have is none. */
function catalogue(): { readonly names: Map<object, string>; readonly byName: Map<string, SqlFunction | null> } {
  if (names !== null && byName !== null) return { names, byName };
  const all = new Set<SqlFunction>(allFunctions());
  for (const { fn } of allOperators()) all.add(fn);
  for (const { fn } of allCasts()) if (fn !== null) all.add(fn);
  names = new Map();
  byName = new Map();
  for (const fn of all) {
    const name = nameOf(fn);
    byName.set(name, byName.has(name) ? null : fn);
  }
  for (const [name, fn] of byName) if (fn !== null) names.set(fn, name);
  return { names, byName };
}

function nameOf({ kind, id, args, returns }: SqlFunction): string {
  return `${kind} ${id} ${args.join()} ${returns}`;
}

const PART = 'part of ';

/** Null for what is no function; throws for a function that stays at home. */
function nameOfFunction(value: object): string | null {
  if (!('kind' in value) || !('id' in value) || !('returns' in value)) return null;
  const fn = value as SqlFunction;
  if (fn.kind !== 'scalar' && fn.kind !== 'aggregate') throw new StaysAtHome();
  if (fn.kind === 'scalar' && (fn.volatility !== 'immutable' || fn.waits !== undefined || fn.engine !== undefined))
    throw new StaysAtHome();
  const name = catalogue().names.get(fn);
  if (name !== undefined) return name;
  if (fn.kind === 'aggregate' && fn.typed !== undefined) {
    // Made for the types of a call, which are its own.
    const own = nameOf(fn);
    const base = catalogue().byName.get(own);
    const isPlain = fn.args.every((oid) => typeByOid(oid).category !== 'P');
    if (isPlain && base?.kind === 'aggregate' && base.typed === fn.typed) return own;
  }
  // A part of an aggregate is made anew from the whole.
  for (const [whole, known] of catalogue().names)
    if ((whole as SqlFunction).kind === 'aggregate' && fn.id === `${PART}${(whole as SqlFunction).id}`)
      return `${PART}${known}`;
  throw new StaysAtHome();
}

function functionNamed(name: string): SqlFunction {
  const isPart = name.startsWith(PART);
  const fn = catalogue().byName.get(isPart ? name.slice(PART.length) : name);
  if (fn === undefined || fn === null) throw new Error(`no function ${name}`);
  if (!isPart) return fn;
  const part = fn.kind === 'aggregate' ? partialAggregate(fn, fn.args)?.parts[0] : undefined;
  if (part === undefined) throw new Error(`no parts of ${name}`);
  return part;
}

// ---- the other side ----------------------------------------------------------------------------------------------

/** The plan that was packed. */
export function unpackPlan(packed: unknown, unpacking: Unpacking): PlanNode {
  return unpack(packed, unpacking) as PlanNode;
}

function unpack(value: unknown, unpacking: Unpacking): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map((item) => unpack(item, unpacking));
  const fields = value as Fields;
  if (typeof fields['$function'] === 'string') return functionNamed(fields['$function']);
  if ('$value' in fields) {
    const type = fields['type'] as { readonly oid: number };
    return { kind: 'const', type, value: unpacking.value(fields['$value'], type.oid) };
  }
  if ('$columns' in fields) {
    const outputs = fields['outputs'] as readonly { readonly type: { readonly oid: number } }[];
    const columns = unpacking.columns(
      fields['$columns'],
      outputs.map(({ type }) => type.oid),
    );
    return { kind: 'values', outputs, rows: [], constants: { columns, rowCount: fields['$rows'] } };
  }
  const unpacked: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(fields)) unpacked[key] = unpack(item, unpacking);
  return unpacked;
}
