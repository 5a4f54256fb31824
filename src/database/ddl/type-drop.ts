/**
 * DROP TYPE and DROP DOMAIN. What is made of a type depends on it: columns, attributes of composite types, domains over
 * it, and views that name it. CASCADE drops these; without it they are an error (2BP01).
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { CatalogObject, TypeDef } from '../../catalog/schema.ts';
import type { DropStatement } from '../../sql/ast-table.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import { mentions } from './alter-column.ts';
import { alterTable } from './alter-table.ts';
import { type DdlContext, define, skipMissing } from './context.ts';
import { dropDependent } from './dependent.ts';
import { dropRelations } from './drop.ts';
import { quoted, tableText } from './names.ts';
import { companions } from './range-type.ts';
import { findType, refersTo, typeObjectNamed, writtenName } from './type-names.ts';

export function* dropTypes(context: DdlContext, statement: DropStatement): Task<void> {
  const found: TypeDef[] = [];
  for (const { name } of statement.names) {
    if (statement.ifExists && findType(context, name) === undefined) {
      skipMissing(context, `type "${writtenName(name)}"`);
      continue;
    }
    const type = typeObjectNamed(context, name);
    if (statement.object === 'domain' && type.definition.form !== 'domain')
      throw new DriftError('42809', `"${name.name}" is not a domain`, { position: name.position });
    found.push(type);
  }
  yield* dropTypeObjects(context, found, statement.cascade);
}

/** The types of a schema that is dropped with all that is in it. */
export function* dropTypesIn(context: DdlContext, schema: string): Task<void> {
  const types = [...context.transaction.catalog.objects()].filter(
    (object): object is TypeDef => object.kind === 'type' && object.schema === schema,
  );
  yield* dropTypeObjects(context, types, true);
}

function* dropTypeObjects(context: DdlContext, named: readonly TypeDef[], cascade: boolean): Task<void> {
  const all = [...named, ...companions([...context.transaction.catalog.objects()], named)];
  const gone = new Map(all.map((type) => [type.id, type]));
  // Types made of a type go with it; the map grows while it is walked.
  for (const type of gone.values()) {
    for (const other of context.transaction.catalog.objects()) {
      if (other.kind !== 'type' || gone.has(other.id) || !isMadeOf(other, type)) continue;
      if (other.definition.form === 'domain' || other.definition.form === 'range') {
        dropDependent(context, `type ${type.name}`, `type ${other.name}`, cascade);
        gone.set(other.id, other);
        for (const set of companions([...context.transaction.catalog.objects()], [other])) gone.set(set.id, set);
      }
    }
  }
  for (const type of gone.values()) {
    for (const object of [...context.transaction.catalog.objects()]) {
      if (!gone.has(object.id)) yield* release(context, type, object, cascade);
    }
  }
  for (const { id } of gone.values()) context.transaction.changeCatalog([{ id, object: null }]);
}

function isMadeOf(object: TypeDef, type: TypeDef): boolean {
  const { definition } = object;
  if (definition.form === 'range') return refersTo(definition.subtype.oid, type);
  return definition.form === 'domain' && refersTo(definition.base.oid, type);
}

/** Takes the references to a type out of an object, or the object away. */
function* release(context: DdlContext, type: TypeDef, object: CatalogObject, cascade: boolean): Task<void> {
  if (object.kind === 'view') {
    if (!new RegExp(`(::|\\bas\\b)`, 'i').test(object.query) || !mentions(object.query, type.name)) return;
    dropDependent(context, `type ${type.name}`, `view ${object.name}`, cascade);
    dropRelations(context, [object], true);
  }
  if (object.kind === 'type' && object.definition.form === 'composite') {
    const { attributes } = object.definition;
    const lost = attributes.filter((attribute) => refersTo(attribute.type.oid, type));
    for (const { name } of lost)
      dropDependent(context, `type ${type.name}`, `column ${name} of composite type ${object.name}`, cascade);
    if (lost.length === 0) return;
    const left = attributes.filter((attribute) => !lost.includes(attribute));
    define(context, { ...object, definition: { form: 'composite', attributes: left } });
  }
  if (object.kind !== 'table') return;
  for (const column of object.columns) {
    if (!refersTo(column.type.oid, type)) continue;
    dropDependent(context, `type ${type.name}`, `column ${column.name} of table ${object.name}`, cascade);
    const statement = parseOne(`ALTER TABLE ${tableText(object)} DROP COLUMN ${quoted(column.name)} CASCADE`);
    if (statement.kind === 'alterTable') yield* alterTable(context, statement);
  }
}
