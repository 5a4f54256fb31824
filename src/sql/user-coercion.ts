/**
 * Conversions to, from and between user-defined types, beyond those through text that every type has.
 *
 * Two versions of one type (catalog/user-types.ts) share their values. A domain's values are its base type's; the way into
 * a domain checks its constraints (`domainCast`). Rows become records freely.
 */
import { assert } from '../base/error.ts';
import type { Value } from '../base/vector.ts';
import type { TypeForm } from '../catalog/schema.ts';
import { isUserType, sameUserType, userType } from '../catalog/user-types.ts';
import { T } from './functions/define.ts';
import type { ScalarFunction } from './functions/function.ts';
import type { CoercionPath } from './resolve-types.ts';
import { SqlRecord } from './types/record.ts';
import { typeByOid } from './types/registry.ts';

const RELABEL: CoercionPath = { method: 'relabel', fn: null, element: null };

export function domainOf(oid: number): Extract<TypeForm, { form: 'domain' }> | null {
  const type = userType(oid);
  return type?.oid === oid && type.definition.form === 'domain' ? type.definition : null;
}

/** The type that a domain, or a domain over domains, stands on; other types are their own. */
export function baseOfDomain(oid: number): number {
  let base = oid;
  for (let domain = domainOf(base); domain !== null; domain = domainOf(base)) base = domain.base.oid;
  return base;
}

/** Undefined where no user-defined type is concerned, or one that converts as any other does. */
export function userCoercion(
  from: number,
  to: number,
  path: (from: number, to: number) => CoercionPath | null,
): CoercionPath | null | undefined {
  if (!isUserType(from) && !isUserType(to)) return undefined;
  if (sameUserType(from, to)) return RELABEL;
  const target = domainOf(to);
  if (target !== null) {
    const inner = from === target.base.oid ? RELABEL : path(from, target.base.oid);
    if (inner === null || inner.method === 'array') return inner;
    return { method: 'function', fn: domainCast(to, from, inner), element: null };
  }
  const source = domainOf(from);
  if (source !== null) return source.base.oid === to ? RELABEL : path(source.base.oid, to);
  if (to === T.record && typeByOid(from).category === 'C')
    return { method: 'function', fn: toRecord(from), element: null };
  return undefined;
}

/** Whether a domain, or one it stands on, says anything about its values. */
export function isConstrained(oid: number): boolean {
  const domain = domainOf(oid);
  return domain !== null && (domain.notNull || domain.checks.length > 0 || isConstrained(domain.base.oid));
}

/** Converts by `inner`, fits the base type's modifier, and checks; nulls are checked as well. */
export function domainCast(oid: number, from: number, inner: CoercionPath): ScalarFunction {
  const domain = domainOf(oid);
  assert(domain !== null, 'a domain has a definition');
  const base = typeByOid(domain.base.oid);
  const { typmod } = domain.base;
  return {
    kind: 'scalar',
    id: `domain_cast(${from},${oid})`,
    name: 'domain_cast',
    args: [from],
    returns: oid,
    variadic: false,
    optional: 0,
    strict: false,
    volatility: 'stable',
    call(context, value) {
      let result: Value = value;
      if (value !== null) {
        if (inner.method === 'io') result = base.input(typeByOid(from).output(value, context), typmod, context);
        else {
          result = inner.fn === null ? value : inner.fn.call(context, value);
          if (typmod !== -1 && result !== null) result = base.applyTypmod(result, typmod, false);
        }
      }
      context.checkDomain(oid, result);
      return result;
    },
  };
}

/** A record knows its fields' types, which a composite value leaves to its type. */
function toRecord(oid: number): ScalarFunction {
  const definition = userType(oid)?.definition;
  assert(definition?.form === 'composite', 'a composite type has fields');
  const oids = definition.attributes.map(({ type }) => type.oid);
  const names = definition.attributes.map(({ name }) => name);
  return {
    kind: 'scalar',
    id: `to_record(${oid})`,
    name: 'to_record',
    args: [oid],
    returns: T.record,
    variadic: false,
    optional: 0,
    strict: true,
    volatility: 'immutable',
    call: (_context, value) => {
      const { values } = value as SqlRecord;
      return new SqlRecord(
        oids.map((_, i) => values[i] ?? null),
        oids,
        names,
      );
    },
  };
}
