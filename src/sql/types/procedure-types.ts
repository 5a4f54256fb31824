/**
 * regproc, regprocedure, regoper, regoperator: functions and operators by OID, read and printed by name; regrole; and
 * the text search types, of which only the one configuration there is has a name.
 */
import { DriftError } from '../../base/error.ts';
import type { EvalContext } from '../eval-context.ts';
import type { Procedure } from '../procedure-names.ts';
import { makeType } from './basic.ts';
import { badInput, cleanText } from './text-input.ts';
import type { SqlType } from './type.ts';

const ROLE = { oid: 10 } as const;

function readNumber(text: string): number | undefined {
  const trimmed = cleanText(text).trim();
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
  const parts = [...text.matchAll(/"((?:[^"]|"")*)"|([^."\s]+)/g)].map(
    (match) => match[1]?.replaceAll('""', '"') ?? (match[2] as string).toLowerCase(),
  );
  return parts.length > 1 ? [parts.at(-2), parts.at(-1) as string] : [undefined, parts[0] ?? ''];
}

interface Family {
  readonly oid: number;
  readonly name: string;
  readonly arrayOid: number;
  find(text: string, context: EvalContext): number;
  print(oid: number, context: EvalContext): string | undefined;
}

function family({ oid, name, arrayOid, find, print }: Family): SqlType {
  return makeType({
    oid,
    name,
    display: name,
    category: 'N',
    arrayOid,
    length: 4,
    format: () => ({ kind: 'int' }),
    input: (text, _typmod, context) => readNumber(text) ?? find(cleanText(text), context),
    output: (value, context) => (value === 0 ? '-' : (print(value as number, context) ?? String(value))),
  });
}

/** `typeOid` reads a type's name (regtype), `typeText` prints one. */
export function procedureTypes(
  typeOid: (text: string, context: EvalContext) => number,
  typeText: (oid: number, context: EvalContext) => string,
): readonly SqlType[] {
  const only = (found: readonly Procedure[], what: string, text: string): number => {
    const [first] = found;
    if (first === undefined) {
      const message = what === 'function' ? `function "${text}" does not exist` : `operator does not exist: ${text}`;
      throw new DriftError('42883', message);
    }
    if (found.length > 1) {
      const shown = what === 'function' ? `"${text}"` : text;
      throw new DriftError('42725', `more than one ${what} named ${shown}`);
    }
    return first.oid;
  };
  /** Name and types of `name(type, type)`. */
  const signature = (text: string, context: EvalContext, what: string): readonly [string, number[]] => {
    const match = /^\s*(.*?)\s*\((.*)\)\s*$/s.exec(text);
    if (match === null) throw new DriftError('22P02', 'expected a left parenthesis');
    const list = (match[2] as string).trim();
    const args = list === '' ? [] : list.split(/,(?![^(]*\))/);
    const oids = args.map((arg) =>
      what === 'operator' && /^none$/i.test(arg.trim()) ? 0 : typeOid(arg.trim(), context),
    );
    return [match[1] as string, oids];
  };
  const same = (a: readonly number[], b: readonly number[]): boolean => a.join() === b.join();
  const qualified = (found: Procedure, context: EvalContext): string => {
    const bare = found.schema === 'pg_catalog' || context.catalog.searched.includes(found.schema);
    return bare ? quoted(found.name) : `${quoted(found.schema)}.${quoted(found.name)}`;
  };
  const argText = (found: Procedure, context: EvalContext): string =>
    found.args.map((oid) => (oid === 0 ? 'NONE' : typeText(oid, context))).join(',');
  return [
    family({
      oid: 24,
      name: 'regproc',
      arrayOid: 1008,
      find: (text, context) => only(context.procedures().functions(...nameOf(text)), 'function', text),
      print(oid, context) {
        const names = context.procedures();
        const found = names.functionByOid(oid);
        // A name that several functions share does not say which one is meant.
        if (found?.schema === 'pg_catalog' && names.functions(undefined, found.name).length > 1)
          return `pg_catalog.${quoted(found.name)}`;
        return found && qualified(found, context);
      },
    }),
    family({
      oid: 2202,
      name: 'regprocedure',
      arrayOid: 2207,
      find(text, context) {
        const [name, args] = signature(text, context, 'function');
        const found = context.procedures().functions(...nameOf(name));
        return only(
          found.filter((candidate) => same(candidate.args, args)),
          'function',
          text,
        );
      },
      print(oid, context) {
        const found = context.procedures().functionByOid(oid);
        return found && `${qualified(found, context)}(${argText(found, context)})`;
      },
    }),
    family({
      oid: 2203,
      name: 'regoper',
      arrayOid: 2208,
      find: (text, context) =>
        only(context.procedures().operators(text.trim().replace(/^pg_catalog\./, '')), 'operator', text),
      print: (oid, context) => context.procedures().operatorByOid(oid)?.name,
    }),
    family({
      oid: 2204,
      name: 'regoperator',
      arrayOid: 2209,
      find(text, context) {
        const [name, args] = signature(text, context, 'operator');
        const found = context.procedures().operators(name.replace(/^pg_catalog\./, ''));
        return only(
          found.filter((candidate) => same(candidate.args, args)),
          'operator',
          text,
        );
      },
      print(oid, context) {
        const found = context.procedures().operatorByOid(oid);
        return found && `${found.name}(${argText(found, context)})`;
      },
    }),
    family({
      oid: 4096,
      name: 'regrole',
      arrayOid: 4097,
      find(text, { user }) {
        const [, name] = nameOf(text);
        if (name !== user) throw new DriftError('42704', `role "${name}" does not exist`);
        return ROLE.oid;
      },
      print: (oid, { user }) => (oid === ROLE.oid ? quoted(user) : undefined),
    }),
    ...(
      [
        [3734, 'regconfig', 3735],
        [3769, 'regdictionary', 3770],
      ] as const
    ).map(([oid, name, arrayOid]) =>
      family({
        oid,
        name,
        arrayOid,
        find(text) {
          if (nameOf(text)[1] !== 'simple') throw badInput(name, text);
          return name === 'regconfig' ? 3748 : 3765;
        },
        print: (value) => (value === 3748 || value === 3765 ? 'simple' : undefined),
      }),
    ),
  ];
}
