/**
 * A body ready to run: its tree, and the types of its variables under one catalog. Made once for a routine and a list of
 * argument types (for a trigger function: a table), and again when the catalog has changed.
 */
import { DriftError } from '../../../base/error.ts';
import type { Catalog, RoutineDef, TypeRef } from '../../../catalog/schema.ts';
import { attributesOf, inputsOf } from '../../../plan/bind-outer.ts';
import type { Datum, PlBody } from '../../../sql/plpgsql/ast.ts';
import { parseBody } from '../../../sql/plpgsql/parser.ts';
import { namedType } from '../../ddl/routine-types.ts';
import type { Unit } from '../nested.ts';
import type { Prepared } from './prepared.ts';

/** What a variable holds. `record` takes any row; a row of a table has its columns from the start. */
export type DatumType =
  | { readonly kind: 'scalar'; readonly type: TypeRef }
  | { readonly kind: 'record' }
  | {
      readonly kind: 'row';
      readonly names: readonly string[];
      readonly types: readonly TypeRef[];
      /** Of its composite type. */
      readonly oid: number;
    };

/** A value that an expression asks for: a variable, or a field of one. */
export interface Slot {
  readonly datum: number;
  readonly field: string | null;
}

export interface Compiled {
  readonly body: PlBody;
  /** `f(integer)`, for messages. */
  readonly signature: string;
  /** All slots of all expressions; an expression's parameters are numbers of these. */
  readonly slots: Slot[];
  readonly slotNumbers: Map<string, number>;
  readonly versions: Map<number, Typed>;
}

/** A body under one catalog. */
export interface Typed {
  readonly types: DatumType[];
  readonly prepared: Map<object, Prepared>;
  /** Statements that EXECUTE made, by their text and parameters. */
  readonly dynamic: Map<string, Unit>;
}

export const TRIGGER = 2279;
const RECORD = 2249;
const REFCURSOR: TypeRef = { oid: 1790, typmod: -1 };

/** Names of the arguments that a body can use: all of them, OUT and TABLE columns too. */
export function argumentNamesOf(def: RoutineDef): string[] {
  return def.args.map(({ name }) => name);
}

export function compileBody(text: string, def: RoutineDef | null, signature: string): Compiled {
  const body = parseBody(text, {
    label: def?.name,
    args: def === null ? [] : argumentNamesOf(def),
    trigger: def?.returns.oid === TRIGGER,
  });
  return { body, signature, slots: [], slotNumbers: new Map(), versions: new Map() };
}

/** Sessions may be at different catalogs at once; older ones come back for the past. */
const MAX_VERSIONS = 4;

/** The body with the types of its variables under a catalog. */
export function typedUnder(
  compiled: Compiled,
  catalog: Catalog,
  def: RoutineDef | null,
  argTypes: readonly number[],
): Typed {
  const known = compiled.versions.get(catalog.version);
  if (known !== undefined) return known;
  const { body } = compiled;
  const types = body.datums.map((datum) => typeOf(datum, catalog));
  types[body.found] = scalar(16);
  for (const [name, index] of body.special) types[index] = specialType(name);
  if (def !== null) argumentTypes(def, argTypes).forEach((type, i) => (types[body.args[i] as number] = scalar(type)));
  for (const index of handlerVariables(body)) types[index] = scalar(25);
  const typed: Typed = { types, prepared: new Map(), dynamic: new Map() };
  if (compiled.versions.size >= MAX_VERSIONS) compiled.versions.delete(compiled.versions.keys().next().value as number);
  compiled.versions.set(catalog.version, typed);
  return typed;
}

/** Types of all arguments in the order of the definition; those of input arguments as they are in the call. */
function argumentTypes(def: RoutineDef, argTypes: readonly number[]): number[] {
  const inputs = inputsOf(def);
  return def.args.map((arg) => {
    const at = inputs.indexOf(arg);
    return at < 0 ? arg.type.oid : (argTypes[at] ?? arg.type.oid);
  });
}

/** SQLSTATE and SQLERRM of all handlers: the only variables of these names without a type. */
function* handlerVariables(body: PlBody): Generator<number> {
  for (const [i, { name, type }] of body.datums.entries())
    if (type === undefined && (name === 'sqlstate' || name === 'sqlerrm')) yield i;
}

function scalar(oid: number): DatumType {
  return ofType({ oid, typmod: -1 });
}

function ofType(type: TypeRef): DatumType {
  if (type.oid === RECORD) return { kind: 'record' };
  const attributes = attributesOf(type);
  if (attributes === null) return { kind: 'scalar', type };
  return {
    kind: 'row',
    names: attributes.map((attribute) => attribute.name),
    types: attributes.map((attribute) => attribute.type),
    oid: type.oid,
  };
}

function typeOf(datum: Datum, catalog: Catalog): DatumType {
  if (datum.cursor !== undefined) return { kind: 'scalar', type: REFCURSOR };
  const { type } = datum;
  if (type === undefined) return { kind: 'record' };
  if (datum.rowType) return rowOf(type.schema, type.name, type.position, catalog);
  const found = namedType(type, catalog);
  if (found.row !== undefined) return rowOf(type.schema, type.name, type.position, catalog);
  return ofType(found.type);
}

function rowOf(schema: string | undefined, name: string, position: number, catalog: Catalog): DatumType {
  const relation = catalog.relation(schema, name);
  if (relation?.kind !== 'table') throw new DriftError('42P01', `relation "${name}" does not exist`, { position });
  const columns = relation.columns.filter((column) => column.hidden !== true);
  return {
    kind: 'row',
    names: columns.map((column) => column.name),
    types: columns.map((column) => column.type),
    oid: catalog.typeNamed(relation.schema, relation.name) ?? RECORD,
  };
}

const SPECIAL: Readonly<Record<string, number>> = { tg_relid: 26, tg_nargs: 23, tg_argv: 1009 };

function specialType(name: string): DatumType {
  if (name === 'new' || name === 'old') return { kind: 'record' };
  return scalar(SPECIAL[name] ?? 25);
}

/** The number of a slot, given to it when it is first asked for. */
export function slotOf(compiled: Compiled, datum: number, field: string | null): number {
  const key = field === null ? `${datum}` : `${datum}.${field}`;
  let number = compiled.slotNumbers.get(key);
  if (number === undefined) {
    number = compiled.slots.push({ datum, field }) - 1;
    compiled.slotNumbers.set(key, number);
  }
  return number;
}
