/** Names of functions, operators and roles: what regproc and its kind read and print. */
import { DriftError } from '../../base/error.ts';
import type { EvalContext } from '../eval-context.ts';
import { collationOfOid, requireCollation } from '../collations.ts';
import type { Procedure } from '../procedure-names.ts';
import { nameParts } from './catalog-types.ts';
import { badInput, cleanText } from './text-input.ts';
import type { SqlType } from './type.ts';

/** The user who owns everything. */
const ROLE_OID = 10;
const OWNER = 'drift';
/** The one text search configuration that has a name, and its dictionary. */
const SIMPLE: Readonly<Record<string, number>> = { regconfig: 3748, regdictionary: 3765 };

/** Reads a number or a name. Throws 42883, 42725, 42704, 22P02. */
export function findNamed(family: string, text: string, context: EvalContext, regtype: SqlType): number {
  const written = cleanText(text);
  const number = readNumber(written);
  if (number !== undefined) return number;
  switch (family) {
    case 'regproc':
      return only(context.procedures().functions(...nameOf(written)), 'function', written);
    case 'regprocedure':
    case 'regoperator':
      return findSignature(family, written, context, regtype);
    case 'regoper':
      return only(context.procedures().operators(operatorName(written)), 'operator', written);
    case 'regrole': {
      const [, name] = nameOf(written);
      return roleOid(name, context);
    }
    case 'regcollation': {
      const [schema, name] = nameOf(written);
      return requireCollation(context.catalog, { catalog: undefined, schema, name, position: 0 }).oid;
    }
    default:
      if (nameOf(written)[1] !== 'simple') throw badInput(family, text);
      return SIMPLE[family] ?? 0;
  }
}

/** Prints a name, or the number of what there is not. */
export function printNamed(family: string, oid: number, context: EvalContext, regtype: SqlType): string {
  const names = context.procedures();
  switch (family) {
    case 'regproc': {
      const found = names.functionByOid(oid);
      // A name that several functions share does not say which one is meant.
      if (found?.schema === 'pg_catalog' && names.functions(undefined, found.name).length > 1)
        return `pg_catalog.${quoted(found.name)}`;
      return found === undefined ? String(oid) : qualified(found, context);
    }
    case 'regprocedure': {
      const found = names.functionByOid(oid);
      return found === undefined ? String(oid) : `${qualified(found, context)}(${argText(found, context, regtype)})`;
    }
    case 'regoper':
      return names.operatorByOid(oid)?.name ?? String(oid);
    case 'regoperator': {
      const found = names.operatorByOid(oid);
      return found === undefined ? String(oid) : `${found.name}(${argText(found, context, regtype)})`;
    }
    case 'regrole': {
      const role = oid === ROLE_OID ? { kind: 'role', name: OWNER } : context.catalog.byId(oid);
      return role?.kind === 'role' ? quoted(role.name) : String(oid);
    }
    case 'regcollation': {
      const found = collationOfOid(context.catalog, oid);
      return found === undefined ? String(oid) : found.name === 'default' ? '"default"' : qualified(found, context);
    }
    default:
      return oid === SIMPLE[family] ? 'simple' : String(oid);
  }
}

/** Throws 42704. */
function roleOid(name: string, { catalog }: EvalContext): number {
  if (name === OWNER) return ROLE_OID;
  for (const object of catalog.objects()) if (object.kind === 'role' && object.name === name) return object.id;
  throw new DriftError('42704', `role "${name}" does not exist`);
}

function readNumber(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '-' || trimmed === '0') return 0;
  if (!/^\d+$/.test(trimmed)) return undefined;
  const value = Number(trimmed);
  if (value > 4294967295) throw new DriftError('22003', `value "${text}" is out of range for type oid`);
  return value;
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Schema (undefined: none written) and name. */
function nameOf(text: string): readonly [schema: string | undefined, name: string] {
  const [name = '', schema] = nameParts(text);
  return [schema, name];
}

function operatorName(text: string): string {
  return text.trim().replace(/^pg_catalog\./, '');
}

function only(found: readonly Procedure[], what: 'function' | 'operator', text: string): number {
  const [first] = found;
  if (first === undefined) {
    const message = what === 'function' ? `function "${text}" does not exist` : `operator does not exist: ${text}`;
    throw new DriftError('42883', message);
  }
  if (found.length > 1)
    throw new DriftError('42725', `more than one ${what} named ${what === 'function' ? `"${text}"` : text}`);
  return first.oid;
}

/** Of `name(type, type)`. */
function findSignature(
  family: 'regprocedure' | 'regoperator',
  text: string,
  context: EvalContext,
  regtype: SqlType,
): number {
  const match = /^\s*(.*?)\s*\((.*)\)\s*$/s.exec(text);
  if (match === null) throw new DriftError('22P02', 'expected a left parenthesis');
  const [, name = '', list = ''] = match;
  const written = list.trim() === '' ? [] : list.split(/,(?![^(]*\))/);
  const isOperator = family === 'regoperator';
  const args = written.map((arg) =>
    isOperator && /^\s*none\s*$/i.test(arg) ? 0 : (regtype.input(arg.trim(), -1, context) as number),
  );
  const names = context.procedures();
  const found = isOperator ? names.operators(operatorName(name)) : names.functions(...nameOf(name));
  const same = found.filter((candidate) => candidate.args.join() === args.join());
  return only(same, isOperator ? 'operator' : 'function', text);
}

function qualified(found: Pick<Procedure, 'schema' | 'name'>, context: EvalContext): string {
  const bare = found.schema === 'pg_catalog' || context.catalog.searched.includes(found.schema);
  return bare ? quoted(found.name) : `${quoted(found.schema)}.${quoted(found.name)}`;
}

function argText({ args }: Procedure, context: EvalContext, regtype: SqlType): string {
  return args.map((oid) => (oid === 0 ? 'NONE' : regtype.output(oid, context))).join(',');
}
