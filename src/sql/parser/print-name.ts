/** Prints names, types and constants so that the parser reads the same back, with quotes only where they are needed. */
import type { Expression, QualifiedName, TypeName } from '../ast.ts';
import { CATEGORIES, CATEGORY_TYPE_OR_FUNCTION, CATEGORY_UNRESERVED, FIRST_KEYWORD, keywordCode } from '../keywords.ts';

/** Words that may be names but would be read as something else in some place. */
const AMBIGUOUS = new Set(['seq', 'tag', 'partition', 'rows', 'range', 'groups', 'operator', 'double', 'unbounded']);

export function printName(name: string): string {
  return isPlain(name, CATEGORY_UNRESERVED) ? name : quoted(name);
}

/** Prints the name of a function or type. */
export function printCallableName(name: QualifiedName): string {
  if (name.schema !== undefined) return printQualifiedName(name);
  // Functions that have syntax of their own, called in the ordinary way.
  if (name.name === 'substring' || name.name === 'overlay') return name.name;
  return isPlain(name.name, CATEGORY_TYPE_OR_FUNCTION) ? name.name : quoted(name.name);
}

export function printQualifiedName(name: QualifiedName): string {
  const parts = [name.catalog, name.schema, name.name].filter((part) => part !== undefined);
  return parts.map(printName).join('.');
}

function isPlain(name: string, category: number): boolean {
  if (!/^[a-z_][a-z0-9_$]*$/.test(name) || AMBIGUOUS.has(name)) return false;
  const code = keywordCode(name, 0, name.length);
  if (code === 0) return true;
  const own = CATEGORIES[code - FIRST_KEYWORD] as number;
  return own === CATEGORY_UNRESERVED || own === category;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function printString(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** SQL's names of the types whose internal names are others. */
const SQL_NAMES: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  bool: 'boolean',
  numeric: 'numeric',
  varchar: 'varchar',
  bit: 'bit',
  varbit: 'bit varying',
  time: 'time',
  timestamp: 'timestamp',
  interval: 'interval',
};

export function printTypeName(type: TypeName, expression: (e: Expression) => string): string {
  const modifiers = type.modifiers.length === 0 ? '' : `(${type.modifiers.map(expression).join(', ')})`;
  const bounds = type.arrayBounds.map((bound) => `[${bound ?? ''}]`).join('');
  return `${type.setOf ? 'SETOF ' : ''}${printElementType(type, modifiers)}${bounds}`;
}

function printElementType(type: TypeName, modifiers: string): string {
  const { catalog, schema, name } = type;
  const database = catalog === undefined ? '' : `${printName(catalog)}.`;
  if (type.percentType) {
    return `${database}${schema === undefined ? '' : `${printName(schema)}.`}${printName(name)}%TYPE`;
  }
  if (schema !== undefined) return `${database}${printName(schema)}.${printName(name)}${modifiers}`;
  if (name === 'interval') {
    if (type.intervalFields === undefined) return `interval${modifiers}`;
    return `interval ${type.intervalFields}${modifiers}`;
  }
  if ((name === 'timestamptz' || name === 'timetz') && modifiers === '') return `${name.slice(0, -2)} with time zone`;
  if (name === 'bpchar' && modifiers !== '') return `char${modifiers}`;
  const known = SQL_NAMES[name];
  if (known !== undefined) return `${known}${modifiers}`;
  return `${isPlain(name, CATEGORY_TYPE_OR_FUNCTION) ? name : quoted(name)}${modifiers}`;
}
