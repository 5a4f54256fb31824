/**
 * CREATE TYPE … AS RANGE: the range type, and the type of sets of its values beside it. Each is a type of the catalog; what
 * works with them is made of the subtype's order (sql/functions/own-ranges.ts).
 */
import { DriftError } from '../../base/error.ts';
import type { CatalogObject, TypeDef } from '../../catalog/schema.ts';
import { publicOidOf } from '../../catalog/user-types.ts';
import { resolveType } from '../../plan/binder/type-name.ts';
import { columnType } from '../../plan/collate/clause.ts';
import type { QualifiedName } from '../../sql/ast.ts';
import type { CreateRangeType } from '../../sql/ast-type.ts';
import { isCollatable } from '../../sql/collatable.ts';
import { collationOfKey } from '../../sql/collations.ts';
import { resolveFunction } from '../../sql/resolve.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { type DdlContext, schemaFor } from './context.ts';
import { refuseTakenType, writtenName } from './type-names.ts';

const FLOAT8 = 701;

export function createRangeType(context: DdlContext, statement: CreateRangeType): void {
  const { name, options, position } = statement;
  const schema = schemaFor(context, name);
  refuseTakenType(context, schema, name.name, name.position);
  const { catalog } = context.transaction;
  if (options.subtype === undefined)
    throw new DriftError('42601', 'type attribute "subtype" is required', { position });
  const subtype = resolveType(options.subtype, catalog);
  const { display, category, compare } = typeByOid(subtype.oid);
  if (category === 'P') throw new DriftError('42804', `range subtype cannot be ${display}`, { position });
  if (compare === undefined)
    throw new DriftError('42704', `data type ${display} has no default operator class for access method "btree"`, {
      hint: 'You must specify an operator class for the range type or define a default operator class for the subtype.',
    });
  refuseCollation(context, subtype.oid, options.collation);
  if (options.canonical !== undefined)
    throw new DriftError('0A000', 'range types with a canonicalization function are not supported', { position });
  if (options.subtypeDiff !== undefined) checkDifference(options.subtypeDiff, subtype.oid);
  const set = options.multirange ?? { ...name, schema, name: multirangeName(name.name) };
  const setSchema = schemaFor(context, set);
  if (catalog.typeObject(setSchema, set.name) !== undefined || set.name === name.name)
    throw new DriftError('42710', `type "${set.name}" already exists`, {
      detail: `Failed while creating a multirange type for type "${name.name}".`,
      hint: 'You can manually specify a multirange type name using the "multirange_type_name" attribute.',
    });
  const [id, multirange] = [context.nextId(), context.nextId()];
  const subtypeDiff = options.subtypeDiff === undefined ? {} : { subtypeDiff: writtenName(options.subtypeDiff) };
  const range: TypeDef = {
    kind: 'type',
    id,
    schema,
    name: name.name,
    definition: { form: 'range', subtype: { oid: subtype.oid, typmod: -1 }, multirange, ...subtypeDiff },
  };
  const sets: TypeDef = {
    kind: 'type',
    id: multirange,
    schema: setSchema,
    name: set.name,
    definition: { form: 'multirange', range: { oid: publicOidOf(id), typmod: -1 } },
  };
  context.transaction.changeCatalog([
    { id, object: range },
    { id: multirange, object: sets },
  ]);
}

/** `float8range` has `float8multirange`, `interval_of` has `interval_of_multirange`. */
function multirangeName(name: string): string {
  return name.includes('range') ? name.replace('range', 'multirange') : `${name}_multirange`;
}

/** Ranges are in the order of their stored keys: only collations by code units. */
function refuseCollation(context: DdlContext, subtype: number, name: QualifiedName | undefined): void {
  if (name === undefined) return;
  if (!isCollatable(subtype))
    throw new DriftError('42809', 'range collation specified but subtype does not support collation', name);
  const { catalog } = context.transaction;
  const { collation } = columnType(catalog, { oid: subtype, typmod: -1 }, name);
  if (collationOfKey(catalog, collation)?.provider === 'icu')
    throw new DriftError('0A000', 'range types under an ICU collation are not supported', name);
}

/** The function must be there: f(subtype, subtype) gives double precision. It is kept for show. */
function checkDifference(name: QualifiedName, subtype: number): void {
  const found = resolveFunction(name.name, [subtype, subtype]);
  if (found.returns !== FLOAT8)
    throw new DriftError('42P17', `range subtype diff function ${writtenName(name)} must return type double precision`);
}

/** The multirange goes with its range type, and not without. */
export function companions(objects: Iterable<CatalogObject>, named: readonly TypeDef[]): TypeDef[] {
  const ids = new Set(named.map(({ id }) => id));
  const found: TypeDef[] = [];
  for (const object of objects) {
    if (object.kind !== 'type' || object.definition.form !== 'range') continue;
    const { multirange } = object.definition;
    if (ids.has(object.id)) {
      for (const other of objects) if (other.kind === 'type' && other.id === multirange) found.push(other);
    } else if (ids.has(multirange)) {
      const set = named.find(({ id }) => id === multirange);
      throw new DriftError('2BP01', `cannot drop type ${set?.name ?? ''} because type ${object.name} requires it`, {
        hint: `You can drop type ${object.name} instead.`,
      });
    }
  }
  return found.filter(({ id }) => !ids.has(id));
}
