/**
 * Type names: keywords with syntax of their own (`double precision`, `timestamp(3) with time zone`, `interval day to
 * second`) become PostgreSQL's internal names (float8, timestamptz, interval), all others stay as written.
 */
import type { Expression, TypeName } from '../ast.ts';
import { CATEGORY_COLUMN_NAME, CATEGORIES, FIRST_KEYWORD } from '../keywords.ts';
import { STRING } from '../lexer.ts';
import type { Cursor } from './cursor.ts';

/** What a type is but for SETOF and array bounds. */
interface SimpleType {
  catalog?: string | undefined;
  schema: string | undefined;
  name: string;
  modifiers: readonly Expression[];
  intervalFields: string | undefined;
  percentType: boolean;
}

const PLAIN: Readonly<Record<string, string>> = {
  int: 'int4',
  integer: 'int4',
  smallint: 'int2',
  bigint: 'int8',
  real: 'float4',
  boolean: 'bool',
};

/** Parses Typename: `[SETOF] type [array bounds]`. */
export function parseTypeName(p: Cursor): TypeName {
  const { position } = p;
  const setOf = p.accept('setof');
  const simple = parseSimpleType(p);
  return finish(simple, parseArrayBounds(p), setOf, position);
}

/** Parses the keyword type before the string in `type 'text'`. */
export function parseKeywordType(p: Cursor): TypeName {
  const { position } = p;
  const simple = parseSimpleType(p);
  if (p.code !== STRING) p.fail();
  return finish(simple, [], false, position);
}

/** A type with a plain name, no array: made for `name 'text'`. */
export function namedType(
  schema: string | undefined,
  name: string,
  modifiers: readonly Expression[],
  position: number,
): TypeName {
  return finish({ schema, name, modifiers, intervalFields: undefined, percentType: false }, [], false, position);
}

function finish(
  type: SimpleType,
  arrayBounds: readonly (number | undefined)[],
  setOf: boolean,
  position: number,
): TypeName {
  const { catalog, schema, name, modifiers, intervalFields, percentType } = type;
  return {
    kind: 'typeName',
    catalog,
    schema,
    name,
    modifiers,
    intervalFields,
    arrayBounds,
    setOf,
    percentType,
    position,
  };
}

/** Whether the current keyword begins a type with syntax of its own. */
export function atKeywordType(p: Cursor): boolean {
  if (p.code < FIRST_KEYWORD || CATEGORIES[p.code - FIRST_KEYWORD] !== CATEGORY_COLUMN_NAME) return false;
  switch (p.word) {
    case 'bigint':
    case 'bit':
    case 'boolean':
    case 'char':
    case 'character':
    case 'dec':
    case 'decimal':
    case 'float':
    case 'int':
    case 'integer':
    case 'interval':
    case 'national':
    case 'nchar':
    case 'numeric':
    case 'real':
    case 'smallint':
    case 'time':
    case 'timestamp':
    case 'varchar':
      return true;
    default:
      return false;
  }
}

function parseArrayBounds(p: Cursor): (number | undefined)[] {
  if (p.accept('array')) {
    if (!p.accept('[')) return [undefined];
    const bound = p.integer();
    p.expect(']');
    return [bound];
  }
  const bounds: (number | undefined)[] = [];
  while (p.accept('[')) {
    bounds.push(p.at(']') ? undefined : p.integer());
    p.expect(']');
  }
  return bounds;
}

function simple(name: string, modifiers: readonly Expression[] = [], intervalFields?: string): SimpleType {
  return { schema: undefined, name, modifiers, intervalFields, percentType: false };
}

function parseSimpleType(p: Cursor): SimpleType {
  if (atKeywordType(p)) return parseKeywordSimpleType(p);
  if (p.at('double') && p.peekWord() === 'precision') {
    p.advance();
    p.advance();
    return simple('float8');
  }
  if (!p.isTypeOrFunctionName()) p.fail();
  const { catalog, schema, name } = p.restOfName(p.label(), p.position);
  if (p.at('%') && p.peekWord() === 'type') {
    p.advance();
    p.advance();
    return { schema, name, modifiers: [], intervalFields: undefined, percentType: true };
  }
  return { catalog, schema, name, modifiers: parseModifiers(p), intervalFields: undefined, percentType: false };
}

function parseModifiers(p: Cursor): readonly Expression[] {
  return p.at('(') ? p.parenthesised(() => p.grammar.expression(p)) : [];
}

function parseKeywordSimpleType(p: Cursor): SimpleType {
  const { word, position } = p;
  p.advance();
  const plain = PLAIN[word];
  if (plain !== undefined) return simple(plain);
  switch (word) {
    case 'dec':
    case 'decimal':
    case 'numeric':
      return simple('numeric', parseModifiers(p));
    case 'float':
      return simple(parseFloatPrecision(p));
    case 'bit': {
      const varying = p.accept('varying');
      const modifiers = parseModifiers(p);
      return simple(varying ? 'varbit' : 'bit', varying || modifiers.length > 0 ? modifiers : [one(position)]);
    }
    case 'interval':
      return parseInterval(p);
    case 'time':
    case 'timestamp':
      return parseTime(p, word);
    default:
      return parseCharacter(p, word, position);
  }
}

function one(position: number): Expression {
  return { kind: 'integer', value: 1, position };
}

function parseFloatPrecision(p: Cursor): string {
  if (!p.accept('(')) return 'float8';
  const { position } = p;
  const bits = p.integer();
  p.expect(')');
  if (bits < 1) p.refuse('precision for type float must be at least 1 bit', position, '22023');
  if (bits > 53) p.refuse('precision for type float must be less than 54 bits', position, '22023');
  return bits <= 24 ? 'float4' : 'float8';
}

function parseCharacter(p: Cursor, word: string, position: number): SimpleType {
  if (word === 'national' && !p.accept('character')) p.expect('char');
  const varying = word === 'varchar' || p.accept('varying');
  let modifiers: readonly Expression[] = [];
  if (p.accept('(')) {
    const length = p.position;
    modifiers = [{ kind: 'integer', value: p.integer(), position: length }];
    p.expect(')');
  }
  return simple(varying ? 'varchar' : 'bpchar', varying || modifiers.length > 0 ? modifiers : [one(position)]);
}

function parsePrecision(p: Cursor): readonly Expression[] {
  if (!p.accept('(')) return [];
  const { position } = p;
  const value = p.integer();
  p.expect(')');
  return [{ kind: 'integer', value, position }];
}

function parseTime(p: Cursor, word: string): SimpleType {
  const modifiers = parsePrecision(p);
  let zone = false;
  if ((p.at('with') || p.at('without')) && p.peekWord() === 'time') {
    zone = p.at('with');
    p.advance();
    p.advance();
    p.expect('zone');
  }
  return simple(zone ? `${word}tz` : word, modifiers);
}

const INTERVAL_FIELDS = ['year', 'month', 'day', 'hour', 'minute', 'second'];
const INTERVAL_RANGES = new Set([
  'year to month',
  'day to hour',
  'day to minute',
  'day to second',
  'hour to minute',
  'hour to second',
  'minute to second',
]);

function parseInterval(p: Cursor): SimpleType {
  const modifiers = parsePrecision(p);
  if (modifiers.length > 0) return simple('interval', modifiers);
  const fields = parseIntervalFields(p);
  return simple('interval', fields.modifiers, fields.fields);
}

/** Parses `day to second(3)` and the like, behind INTERVAL or behind the string of an interval constant. */
export function parseIntervalFields(p: Cursor): { fields: string | undefined; modifiers: readonly Expression[] } {
  if (!INTERVAL_FIELDS.includes(p.word)) return { fields: undefined, modifiers: [] };
  let fields = p.word;
  p.advance();
  if (p.at('to')) {
    p.advance();
    fields += ` to ${p.word}`;
    if (!INTERVAL_RANGES.has(fields)) p.fail();
    p.advance();
  }
  return { fields, modifiers: fields.endsWith('second') ? parsePrecision(p) : [] };
}
