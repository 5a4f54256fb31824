/**
 * The types that CREATE TYPE and CREATE DOMAIN make, from their definitions.
 *
 * A value of an enum is the number of its label's place (EnumLabel.order): comparing, sorting, indexing and storing enums
 * is comparing, sorting, indexing and storing doubles, and a label that gets another name changes no row. A value of a
 * domain is one of its base type; its constraints are the concern of whoever makes such a value: input here, casts in
 * plan/binder/user-type-casts.ts. A composite value is an SqlRecord, whose fields' types its type knows.
 */
import { DriftError } from '../../base/error.ts';
import type { ColumnFormat, Value } from '../../base/vector.ts';
import type { TypeForm } from '../../catalog/schema.ts';
import { type UserType, userType } from '../../catalog/user-types.ts';
import type { EvalContext } from '../eval-context.ts';
import { arrayTypeOf } from './array.ts';
import { makeType, order } from './basic.ts';
import { makeMultirangeType } from './multirange.ts';
import { makeRangeType } from './range.ts';
import { printRecord, readRecord } from './record-text.ts';
import { SqlRecord } from './record.ts';
import { taggedCodec } from './tagged.ts';
import { cleanText } from './text-input.ts';
import type { SqlType } from './type.ts';

type TypeOf = (oid: number) => SqlType;

const tagged = (): ColumnFormat => ({ kind: 'boxed', codec: taggedCodec });

/** The type behind an internal number (catalog/user-types.ts), or the array type over it; undefined for other OIDs. */
export function makeUserType(oid: number, typeOf: TypeOf, stored: EvalContext): SqlType | undefined {
  const user = userType(oid);
  if (user === undefined) return undefined;
  if (oid !== user.oid) return arrayOf(typeOf(user.oid), stored);
  const { definition } = user;
  switch (definition.form) {
    case 'enum':
      return enumType(user, definition);
    case 'domain':
      return domainType(user, definition, typeOf);
    case 'composite':
      return compositeType(user, definition, typeOf);
    case 'range': {
      const spec = { oid, arrayOid: oid + 1, name: user.name, subtype: definition.subtype.oid };
      return { ...makeRangeType(spec, typeOf(spec.subtype), stored), ...names(user), format: tagged };
    }
    case 'multirange': {
      const spec = { oid, arrayOid: oid + 1, name: user.name, range: definition.range.oid };
      return { ...makeMultirangeType(spec, typeOf, stored), ...names(user), format: tagged };
    }
  }
}

function arrayOf(element: SqlType, stored: EvalContext): SqlType {
  return { ...arrayTypeOf(element, stored), format: tagged };
}

function plainName(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function names(user: UserType): Pick<SqlType, 'oid' | 'name' | 'display' | 'arrayOid'> {
  const { oid, schema, name } = user;
  const display = schema === 'public' ? plainName(name) : `${plainName(schema)}.${plainName(name)}`;
  return { oid, name, display, arrayOid: oid + 1 };
}

function enumType(user: UserType, { labels }: Extract<TypeForm, { form: 'enum' }>): SqlType {
  const orders = new Map(labels.map(({ label, order: place }) => [label, place]));
  const texts = new Map(labels.map(({ label, order: place }) => [place, label]));
  return makeType({
    ...names(user),
    category: 'E',
    length: 4,
    format: () => ({ kind: 'f64' }),
    input(text) {
      const place = orders.get(cleanText(text));
      if (place === undefined)
        throw new DriftError('22P02', `invalid input value for enum ${names(user).display}: "${text}"`);
      return place;
    },
    output: (value) => texts.get(value as number) ?? String(value),
    compare: order,
  });
}

/** Shared with the base type but for its name; reading a text checks the constraints. */
function domainType(user: UserType, { base }: Extract<TypeForm, { form: 'domain' }>, typeOf: TypeOf): SqlType {
  const type = typeOf(base.oid);
  const { oid } = user;
  return {
    ...type,
    ...names(user),
    preferred: false,
    format: () => type.format(base.typmod),
    input(text, _typmod, context) {
      const value = type.input(text, base.typmod, context);
      context.checkDomain(oid, value);
      return value;
    },
    applyTypmod: (value) => value,
    typmodText: () => '',
  };
}

function compositeType(
  user: UserType,
  { attributes }: Extract<TypeForm, { form: 'composite' }>,
  typeOf: TypeOf,
): SqlType {
  const oids = attributes.map(({ type }) => type.oid);
  const labels = attributes.map(({ name }) => name);
  const field = (record: SqlRecord, i: number): Value => record.values[i] ?? null;
  return makeType({
    ...names(user),
    category: 'C',
    length: -1,
    format: tagged,
    input(text, _typmod, context) {
      const parts = readRecord(cleanText(text), names(user).display, attributes.length);
      const values = parts.map((part, i) => {
        const { type } = attributes[i] as (typeof attributes)[number];
        if (part !== null) return typeOf(type.oid).input(part, type.typmod, context);
        if (userType(type.oid)?.definition.form === 'domain') context.checkDomain(type.oid, null);
        return null;
      });
      return new SqlRecord(values, oids, labels);
    },
    output: (value, context) =>
      printRecord(
        oids.map((oid, i) => {
          const part = field(value as SqlRecord, i);
          return part === null ? null : typeOf(oid).output(part, context);
        }),
      ),
    compare(a, b) {
      for (const [i, oid] of oids.entries()) {
        const [left, right] = [field(a as SqlRecord, i), field(b as SqlRecord, i)];
        if (left === null || right === null) {
          if (left !== right) return left === null ? 1 : -1;
          continue;
        }
        const { compare, display } = typeOf(oid);
        if (compare === undefined)
          throw new DriftError('42883', `could not identify a comparison function for type ${display}`);
        const found = compare(left, right);
        if (found !== 0) return found;
      }
      return 0;
    },
    hashKey: (value) =>
      oids
        .map((oid, i) => {
          const part = field(value as SqlRecord, i);
          const key = part === null ? '' : String(typeOf(oid).hashKey(part));
          return part === null ? 'n;' : `${key.length}:${key};`;
        })
        .join(''),
  });
}
