/**
 * Functions in JavaScript, registered through the API: scalar functions, aggregates and set-returning functions that SQL
 * calls like its own. They belong to the running engine and not to the database: whoever opens it registers them again.
 *
 * Values cross as results do: numbers, texts, booleans, Dates, arrays, parsed JSON, bytes; numeric and interval as text.
 * What a function throws is an error of the statement: 38000, or its own if it is a DriftError.
 */
import { DriftError } from '../base/error.ts';
import type { Value } from '../base/vector.ts';
import type { Catalog, TypeRef } from '../catalog/schema.ts';
import { resolveType } from '../plan/binder/type-name.ts';
import type { TypeName } from '../sql/ast.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import type { AggregateFunction, ScalarFunction, SetFunction, SqlFunction } from '../sql/functions/function.ts';
import { parseTypeName } from '../sql/parser/parser.ts';
import { SqlArray } from '../sql/types/array.ts';
import { SqlRecord } from '../sql/types/record.ts';
import { typeByOid } from '../sql/types/registry.ts';
import type { AggregateParts, FunctionBody, FunctionOptions, Parameter } from './api.ts';
import { coerceParameter } from './parameters.ts';

type Body = (...args: readonly unknown[]) => unknown;

const RECORD = 2249;
const OID = { json: 114, date: 1082, timestamp: 1114, timestamptz: 1184, jsonb: 3802 } as const;
const MS_PER_DAY = 86_400_000;
const DATE_INFINITY = 2147483647;

/** Adds a function to those registered; one of the same arguments and results is replaced. */
export function register(
  { registered, catalog }: { readonly registered: Map<string, SqlFunction[]>; readonly catalog: Catalog },
  name: string,
  options: FunctionOptions,
  body: FunctionBody,
): void {
  const fn = functionOf(name, options, body, catalog);
  const same = registered.get(name) ?? [];
  const old = same.find((other) => other.kind === fn.kind && other.id === fn.id);
  // Plans hold on to the entry, so its content changes.
  if (old === undefined) registered.set(name, [...same.filter((other) => !sameArguments(other, fn)), fn]);
  else Object.assign(old, fn);
}

function sameArguments(a: SqlFunction, b: SqlFunction): boolean {
  return a.args.length === b.args.length && a.args.every((oid, i) => oid === b.args[i]);
}

function functionOf(name: string, options: FunctionOptions, body: FunctionBody, catalog: Catalog): SqlFunction {
  const { returns, strict = false, volatility = 'volatile' } = options;
  const listed = Array.isArray(options.args) ? (options.args as readonly string[]) : Object.values(options.args ?? {});
  const args = listed.map((text) => typeOf(text, catalog).type.oid);
  const names = Array.isArray(options.args) ? undefined : Object.keys(options.args ?? {});
  const result = typeof returns === 'string' ? typeOf(returns, catalog) : null;
  const columns =
    result === null
      ? Object.entries(returns as Readonly<Record<string, string>>).map(([column, type]) => ({
          name: column,
          oid: typeOf(type, catalog).type.oid,
        }))
      : [{ name: '', oid: result.type.oid }];
  const oid = columns.length === 1 && result !== null ? result.type.oid : RECORD;
  const id = `registered ${name}(${args.join()}):${columns.map((column) => `${column.name} ${column.oid}`).join()}`;
  const common = { id, name, args, names, variadic: false, optional: 0, returns: oid, strict, volatility };
  if (typeof body !== 'function') return aggregateOf(common, body);
  const run = body as Body;
  if (result !== null && !result.set) return scalarOf(common, run);
  return setOf(common, columns, run, result === null);
}

function typeOf(text: string, catalog: Catalog): { readonly type: TypeRef; readonly set: boolean } {
  const name: TypeName = parseTypeName(text);
  return { type: resolveType(name, catalog), set: name.setOf };
}

type Common = Pick<
  ScalarFunction,
  'id' | 'name' | 'args' | 'names' | 'variadic' | 'optional' | 'returns' | 'strict' | 'volatility'
>;

function scalarOf(common: Common, body: Body): ScalarFunction {
  const { name, args, returns } = common;
  return {
    kind: 'scalar',
    ...common,
    call: (context, ...values) =>
      toSql(
        guarded(name, () => body(...toJs(values, args, context))),
        returns,
        context,
        name,
      ),
  };
}

function setOf(common: Common, columns: SetFunction['columns'], body: Body, records: boolean): SetFunction {
  const { name, args } = common;
  return {
    kind: 'set',
    ...common,
    columns,
    *rows(context, ...values) {
      const result = guarded(name, () => body(...toJs(values, args, context)));
      for (const item of iterated(name, result)) {
        if (!records) yield [toSql(item, columns[0]?.oid ?? 0, context, name)];
        else yield columns.map((column, i) => toSql(cellOf(item, column.name, i), column.oid, context, name));
      }
    },
  };
}

/** A row is an array of its columns' values, or an object with their names. */
function cellOf(item: unknown, name: string, index: number): unknown {
  if (Array.isArray(item)) return item[index] as unknown;
  return typeof item === 'object' && item !== null ? (item as Readonly<Record<string, unknown>>)[name] : item;
}

function* iterated(name: string, result: unknown): Generator {
  if (result === null || result === undefined) return;
  if (typeof result !== 'object' || !(Symbol.iterator in result))
    throw new DriftError('39000', `function "${name}" must return an iterable`);
  const iterator = guarded(name, () => (result as Iterable<unknown>)[Symbol.iterator]());
  try {
    for (;;) {
      const step = guarded(name, () => iterator.next());
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    iterator.return?.();
  }
}

function aggregateOf(common: Common, parts: AggregateParts): AggregateFunction {
  const { name, args, returns } = common;
  return {
    kind: 'aggregate',
    ...common,
    orderedSet: false,
    init: () => guarded(name, () => parts.init()),
    step: (state, values, context) => guarded(name, () => parts.step(state, ...toJs(values, args, context))),
    final: (state, context) =>
      toSql(
        guarded(name, () => parts.final(state)),
        returns,
        context,
        name,
      ),
  };
}

/** Runs the caller's code: its errors are the statement's. */
function guarded<T>(name: string, run: () => T): T {
  let result: T;
  try {
    result = run();
  } catch (error) {
    if (error instanceof DriftError) throw error;
    throw new DriftError(
      '38000',
      `function "${name}" failed: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new DriftError('0A000', `function "${name}" must not be asynchronous`);
  }
  return result;
}

// ---- values ----------------------------------------------------------------------------------------------------------

function toJs(values: readonly Value[], oids: readonly number[], context: EvalContext): unknown[] {
  return values.map((value, i) => jsValue(value, oids[i] ?? 0, context));
}

function jsValue(value: Value, oid: number, context: EvalContext): unknown {
  if (value === null) return null;
  if (value instanceof SqlArray) return nested(value, context);
  if (value instanceof SqlRecord)
    return Object.fromEntries(
      value.names.map((name, i) => [name, jsValue(value.values[i] ?? null, value.oids[i] ?? 0, context)]),
    );
  switch (oid) {
    case OID.json:
    case OID.jsonb:
      return JSON.parse(typeByOid(oid).output(value, context));
    case OID.date:
      return Math.abs(Number(value)) >= DATE_INFINITY
        ? Math.sign(Number(value)) * Infinity
        : new Date(Number(value) * MS_PER_DAY);
    case OID.timestamp:
    case OID.timestamptz:
      return Number.isFinite(Number(value)) ? new Date(Math.floor(Number(value) / 1000)) : Number(value);
    default:
  }
  if (typeof value !== 'object') return value;
  return value instanceof Uint8Array ? value.slice() : typeByOid(oid).output(value, context);
}

function nested({ dimensions, elements, elementOid }: SqlArray, context: EvalContext): unknown[] {
  let items: unknown[] = elements.map((element) => jsValue(element, elementOid, context));
  for (const size of dimensions.slice(1).toReversed()) {
    const rows: unknown[] = [];
    for (let at = 0; at < items.length; at += size) rows.push(items.slice(at, at + size));
    items = rows;
  }
  return items;
}

function toSql(value: unknown, oid: number, context: EvalContext, name: string): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'function' || typeof value === 'symbol')
    throw new DriftError('39000', `function "${name}" returned a ${typeof value}`);
  const given = value instanceof Date ? value.toISOString() : value;
  return coerceParameter(given as Parameter, oid, context, 0);
}
