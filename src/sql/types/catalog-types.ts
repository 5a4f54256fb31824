/**
 * The types of PostgreSQL's own catalogs: `oid`, `name`, `"char"`, and the reg types, whose values are OIDs that are
 * read and printed as names.
 */
import { DriftError } from '../../base/error.ts';
import { schemaNameOf, schemaOidOf } from '../../catalog/oids.ts';
import { publicTypeOid } from '../../catalog/user-types.ts';
import type { EvalContext } from '../eval-context.ts';
import { makeType } from './basic.ts';
import { badInput, cleanText } from './text-input.ts';
import type { SqlType } from './type.ts';

const utf8 = new TextEncoder();
const MAX_NAME_BYTES = 63;

/** A name's first 63 bytes, cut between characters. */
export function fitName(text: string): string {
  if (text.length * 3 <= MAX_NAME_BYTES || utf8.encode(text).length <= MAX_NAME_BYTES) return text;
  let size = 0;
  let fitted = '';
  for (const char of text) {
    size += utf8.encode(char).length;
    if (size > MAX_NAME_BYTES) break;
    fitted += char;
  }
  return fitted;
}

/** "char" is one byte: a character of ASCII, or the octal number of a greater one. */
export function charOf(text: string): string {
  const octal = /^\\([0-3][0-7]{2})$/.exec(text);
  if (octal !== null) return charOfCode(Number.parseInt(octal[1] as string, 8));
  return text === '' ? '' : charOfCode(utf8.encode(text)[0] as number);
}

/** The character of a byte, negative ones counted from 256. */
export function charOfCode(code: number): string {
  if (code < -128 || code > 255) throw new DriftError('22003', '"char" out of range');
  const byte = code & 255;
  if (byte === 0) return '';
  return byte < 128 ? String.fromCharCode(byte) : `\\${byte.toString(8)}`;
}

export function charCode(char: string): number {
  const byte = char.startsWith('\\') && char.length === 4 ? Number.parseInt(char.slice(1), 8) : char.charCodeAt(0) || 0;
  return byte > 127 ? byte - 256 : byte;
}

function readOid(text: string): number {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw badInput('oid', text);
  const value = Number(text);
  if (value > 4294967295 || value < -2147483648)
    throw new DriftError('22003', `value "${text}" is out of range for type oid`);
  return value < 0 ? value + 4294967296 : value + 0;
}

const oidType = makeType({
  oid: 26,
  name: 'oid',
  display: 'oid',
  category: 'N',
  preferred: true,
  arrayOid: 1028,
  length: 4,
  format: () => ({ kind: 'int' }),
  input: readOid,
});

const nameType = makeType({
  oid: 19,
  name: 'name',
  display: 'name',
  category: 'S',
  arrayOid: 1003,
  length: 64,
  format: () => ({ kind: 'text' }),
  input: (text) => fitName(cleanText(text)),
});

const charType = makeType({
  oid: 18,
  name: 'char',
  display: '"char"',
  category: 'Z',
  arrayOid: 1002,
  length: 1,
  format: () => ({ kind: 'text' }),
  input: (text) => charOf(cleanText(text)),
  compare: (a, b) => (charCode(a as string) & 255) - (charCode(b as string) & 255),
});

const QUALIFIED_NAME = /^\s*(?:(?:"(?:[^"]|"")+"|[^."\s][^.\s]*)\s*(?:\.\s*(?!$)|$))+$/;

/** The parts of a qualified name, the last one first: quoted ones as they are, others in lower case. Throws 42602. */
export function nameParts(text: string): readonly string[] {
  if (!QUALIFIED_NAME.test(text)) throw new DriftError('42602', 'invalid name syntax');
  const parts = [...text.matchAll(/"((?:[^"]|"")*)"|([^.\s]+)/g)].map(
    (match) => match[1]?.replaceAll('""', '"') ?? (match[2] as string).toLowerCase(),
  );
  return parts.toReversed();
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** A number, or - for none; undefined for a name. */
function readNumber(text: string): number | undefined {
  if (text.trim() === '-') return 0;
  return /^\s*\d+\s*$/.test(text) ? readOid(text) : undefined;
}

/** regclass: a relation. Printed with its schema where its name alone does not find it. */
const regclassType = makeType({
  ...oidType,
  oid: 2205,
  name: 'regclass',
  display: 'regclass',
  preferred: false,
  arrayOid: 2210,
  input(text, _typmod, context) {
    const number = readNumber(text);
    if (number !== undefined) return number;
    const [name = '', schema, database] = nameParts(cleanText(text));
    const { catalog } = context;
    if (database !== undefined && database !== context.database)
      throw new DriftError('0A000', `cross-database references are not implemented: "${text}"`);
    const found = catalog.relation(schema, name)?.id ?? context.systemClassOid(schema, name);
    if (found !== undefined) return found;
    if (schema !== undefined && schemaOidOf(catalog, schema) === undefined)
      throw new DriftError('3F000', `schema "${schema}" does not exist`);
    throw new DriftError('42P01', `relation "${text}" does not exist`);
  },
  output(value, context: EvalContext) {
    if (value === 0) return '-';
    const object = context.systemClassName(value as number);
    if (object === undefined) return String(value);
    const found = context.systemClassOid(undefined, object.name) === value;
    return found ? quoted(object.name) : `${quoted(object.schema)}.${quoted(object.name)}`;
  },
});

const regnamespaceType = makeType({
  ...oidType,
  oid: 4089,
  name: 'regnamespace',
  display: 'regnamespace',
  preferred: false,
  arrayOid: 4090,
  input(text, _typmod, { catalog }) {
    const number = readNumber(text);
    if (number !== undefined) return number;
    const [name = '', ...more] = nameParts(cleanText(text));
    if (more.length > 0) throw new DriftError('42602', 'invalid name syntax');
    const oid = schemaOidOf(catalog, name);
    if (oid === undefined) throw new DriftError('3F000', `schema "${name}" does not exist`);
    return oid;
  },
  output(value, { catalog }: EvalContext) {
    if (value === 0) return '-';
    const name = schemaNameOf(catalog, value as number);
    return name === null ? String(value) : quoted(name);
  },
});

/** Finds a type by the spelling of its name; undefined where there is none. */
type TypeFinder = (name: string) => SqlType | undefined;

/** A type's name, quoted or not, without pg_catalog before it, and brackets of arrays. */
const SPELLED_TYPE =
  /^\s*(?:"?pg_catalog"?\s*\.\s*)?((?:(?:"[^"]+"|[^\s".[\]]+)\s*\.\s*)?"[^"]+"|[^"[\]]+?)\s*((?:\[\s*\d*\s*\]\s*)*)$/i;

/** regtype: a type in any of its spellings, with a modifier (which is dropped) or not. */
function regtypeType(find: TypeFinder, byOid: (oid: number) => SqlType | undefined): SqlType {
  return makeType({
    ...oidType,
    oid: 2206,
    name: 'regtype',
    display: 'regtype',
    preferred: false,
    arrayOid: 2211,
    input(text, _typmod, { catalog }) {
      const number = readNumber(text);
      if (number !== undefined) return number;
      const spelled = SPELLED_TYPE.exec(cleanText(text));
      if (spelled === null || /[.,(]\s*$/.test(spelled[1] ?? ''))
        throw new DriftError('42601', `invalid type name "${text}"`);
      const [, written = '', array = ''] = spelled;
      const plain = written
        .toLowerCase()
        .replace(/\s*\([\d\s,]*\)/, '')
        .replaceAll(/\s+/g, ' ');
      const type = written.startsWith('"') ? find(written.slice(1, -1)) : find(plain === 'char' ? 'bpchar' : plain);
      const oid = array === '' ? type?.oid : type?.arrayOid;
      if (oid !== undefined && oid !== 0) return oid;
      const [name = '', schema] = nameParts(written.replace(/\s*\([\d\s,]*\)/, ''));
      const own = catalog.typeNamed(schema, name);
      if (own !== undefined) return publicTypeOid(own + (array === '' ? 0 : 1));
      throw new DriftError('42704', `type "${text.trim()}" does not exist`);
    },
    output(value, { catalog }) {
      const oid = value as number;
      return oid === 0 ? '-' : (byOid(catalog.typeOfOid(oid) ?? oid)?.display ?? String(oid));
    },
  });
}

export function catalogTypes(find: TypeFinder, byOid: (oid: number) => SqlType | undefined): readonly SqlType[] {
  return [oidType, nameType, charType, regclassType, regnamespaceType, regtypeType(find, byOid)];
}
