/**
 * CREATE TYPE, ALTER TYPE: enums and composite types. Domains are in domain.ts, DROP in type-drop.ts.
 *
 * A type is an object of the catalog like others, so every change of it is versioned: AS OF a time before ALTER TYPE the
 * old definition holds. Values outlive changes: an enum's are numbers that no change of labels touches, and a composite
 * type with further attributes reads older values as rows that end early.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { TypeDef } from '../../catalog/schema.ts';
import type { Attribute, EnumLabel, TypeForm } from '../../catalog/schema.ts';
import { publicOidOf } from '../../catalog/user-types.ts';
import { resolveType } from '../../plan/binder/type-name.ts';
import type { AlterComposite, AlterEnum, CreateCompositeType, CreateEnum } from '../../sql/ast-type.ts';
import type { RenameObject, SetObjectSchema } from '../../sql/ast-table.ts';
import { holdsType } from '../../sql/functions/composite-change.ts';
import { type DdlContext, define, schemaFor, skipExisting, skipMissing } from './context.ts';
import { rewriteHolders } from './drop-attribute.ts';
import {
  findType,
  refersTo,
  refuseTakenType,
  rewriteTexts,
  typeObjectNamed,
  withTypeRenamed,
  writtenName,
} from './type-names.ts';

const MAX_LABEL_BYTES = 63;

export function createEnum(context: DdlContext, { name, labels, position }: CreateEnum): void {
  const schema = schemaFor(context, name);
  refuseTakenType(context, schema, name.name, name.position);
  labels.forEach((label, i) => {
    refuseLabel(label, position);
    if (labels.indexOf(label) < i)
      throw new DriftError('23505', 'duplicate key value violates unique constraint "pg_enum_typid_label_index"', {
        detail: `Key (enumlabel)=(${label}) already exists.`,
      });
  });
  const definition: TypeForm = { form: 'enum', labels: labels.map((label, i) => ({ label, order: i + 1 })) };
  define(context, { kind: 'type', id: context.nextId(), schema, name: name.name, definition });
}

function refuseLabel(label: string, position: number): void {
  if (new TextEncoder().encode(label).length <= MAX_LABEL_BYTES) return;
  throw new DriftError('42602', `invalid enum label "${label}"`, {
    position,
    detail: `Labels must be ${MAX_LABEL_BYTES} bytes or less.`,
  });
}

export function createCompositeType(context: DdlContext, { name, attributes }: CreateCompositeType): void {
  const schema = schemaFor(context, name);
  refuseTakenType(context, schema, name.name, name.position);
  const found: Attribute[] = [];
  for (const { name: attribute, type } of attributes) {
    if (found.some((other) => other.name === attribute))
      throw new DriftError('42701', `column "${attribute}" specified more than once`, { position: type.position });
    found.push({ name: attribute, type: resolveType(type, context.transaction.catalog) });
  }
  const definition: TypeForm = { form: 'composite', attributes: found };
  define(context, { kind: 'type', id: context.nextId(), schema, name: name.name, definition });
}

/** ALTER TYPE … ADD VALUE: the new label's place is half way between its neighbours'. */
export function alterEnum(context: DdlContext, statement: AlterEnum): void {
  const { type, labels } = enumNamed(context, statement);
  const { value, neighbour, position } = statement;
  refuseLabel(value, position);
  if (labels.some(({ label }) => label === value)) {
    if (!statement.ifNotExists) throw new DriftError('42710', `enum label "${value}" already exists`, { position });
    skipExisting(context, `enum label "${value}"`, '42710');
    return;
  }
  let at = labels.length;
  if (neighbour !== undefined) {
    at = labels.findIndex(({ label }) => label === neighbour.value);
    if (at < 0) throw new DriftError('22023', `"${neighbour.value}" is not an existing enum label`, { position });
    if (neighbour.where === 'after') at++;
  }
  const added: EnumLabel = { label: value, order: orderBetween(labels[at - 1]?.order, labels[at]?.order) };
  define(context, { ...type, definition: { form: 'enum', labels: labels.toSpliced(at, 0, added) } });
}

function orderBetween(low: number | undefined, high: number | undefined): number {
  if (low === undefined) return high === undefined ? 1 : high - 1;
  if (high === undefined) return Math.floor(low) + 1;
  const middle = low + (high - low) / 2;
  if (middle === low || middle === high)
    throw new DriftError('54000', 'too many enum labels were added between two neighbours');
  return middle;
}

function enumNamed(
  context: DdlContext,
  { name, position }: Pick<AlterEnum, 'name' | 'position'>,
): { type: TypeDef; labels: readonly EnumLabel[] } {
  const type = typeObjectNamed(context, name);
  if (type.definition.form !== 'enum')
    throw new DriftError('42809', `${writtenName(name)} is not an enum`, { position });
  return { type, labels: type.definition.labels };
}

/** ALTER TYPE … ADD, DROP and ALTER ATTRIBUTE. */
export function* alterComposite(context: DdlContext, statement: AlterComposite): Task<void> {
  const found = typeObjectNamed(context, statement.name);
  for (const action of statement.actions) {
    const type = context.transaction.catalog.byId(found.id);
    if (type?.kind !== 'type' || type.definition.form !== 'composite')
      throw new DriftError('42809', `"${found.name}" is not a composite type`, { position: statement.position });
    const at = type.definition.attributes.findIndex(({ name }) => name === action.name);
    define(context, { ...type, definition: { form: 'composite', attributes: changed(context, type, action) } });
    if (action.kind === 'drop' && at >= 0) yield* rewriteHolders(context, type, at);
    if (action.kind === 'add') yield* rewriteHolders(context, type, null);
  }
}

function changed(context: DdlContext, type: TypeDef, action: AlterComposite['actions'][number]): Attribute[] {
  const attributes = type.definition.form === 'composite' ? [...type.definition.attributes] : [];
  const at = attributes.findIndex(({ name }) => name === action.name);
  const { position } = action;
  if (action.kind === 'add') {
    if (at >= 0)
      throw new DriftError('42701', `column "${action.name}" of relation "${type.name}" already exists`, { position });
    const added = resolveType(action.type, context.transaction.catalog);
    if (refersTo(added.oid, type))
      throw new DriftError('42P16', `composite type ${type.name} cannot be made a member of itself`, { position });
    attributes.push({ name: action.name, type: added });
    return attributes;
  }
  if (at < 0) {
    if (action.kind === 'drop' && action.ifExists) {
      skipMissing(context, `column "${action.name}" of relation "${type.name}"`);
      return attributes;
    }
    throw new DriftError('42703', `column "${action.name}" of relation "${type.name}" does not exist`, { position });
  }
  if (action.kind === 'alter') refuseStored(context, type);
  if (action.kind === 'drop') attributes.splice(at, 1);
  else attributes[at] = { name: action.name, type: resolveType(action.type, context.transaction.catalog) };
  return attributes;
}

/** A field's values would have to be converted wherever they are: PostgreSQL refuses it too. */
function refuseStored(context: DdlContext, type: TypeDef): void {
  for (const object of context.transaction.catalog.objects()) {
    if (object.kind !== 'table') continue;
    const column = object.columns.find((candidate) => holdsType(candidate.type.oid, publicOidOf(type.id)));
    if (column === undefined) continue;
    throw new DriftError(
      '0A000',
      `cannot alter type "${type.name}" because column "${object.name}.${column.name}" uses it`,
    );
  }
}

/** ALTER TYPE and ALTER DOMAIN … RENAME: of the type, of a label, of an attribute. */
export function renameType(context: DdlContext, statement: RenameObject): void {
  const { name } = statement.name;
  const { part, newName } = statement;
  const type = typeObjectNamed(context, name);
  const { definition } = type;
  const position = statement.position;
  if (part === undefined) {
    refuseTakenType(context, type.schema, newName, name.position);
    define(context, { ...type, name: newName });
    rewriteTexts(context, (text) => withTypeRenamed(text, type.name, newName));
    return;
  }
  if (part.kind === 'value') {
    const { labels } = enumNamed(context, { name, position });
    refuseLabel(newName, position);
    if (!labels.some(({ label }) => label === part.name))
      throw new DriftError('22023', `"${part.name}" is not an existing enum label`, { position });
    if (labels.some(({ label }) => label === newName))
      throw new DriftError('42710', `enum label "${newName}" already exists`, { position });
    const renamed = labels.map((item) => (item.label === part.name ? { ...item, label: newName } : item));
    define(context, { ...type, definition: { form: 'enum', labels: renamed } });
    return;
  }
  if (definition.form === 'domain') {
    if (!definition.checks.some((check) => check.name === part.name))
      throw new DriftError('42704', `constraint "${part.name}" of domain "${type.name}" does not exist`, { position });
    const checks = definition.checks.map((check) => (check.name === part.name ? { ...check, name: newName } : check));
    define(context, { ...type, definition: { ...definition, checks } });
    return;
  }
  if (definition.form !== 'composite')
    throw new DriftError('42809', `"${type.name}" is not a composite type`, { position });
  if (!definition.attributes.some((attribute) => attribute.name === part.name))
    throw new DriftError('42703', `column "${part.name}" does not exist`, { position });
  if (definition.attributes.some((attribute) => attribute.name === newName))
    throw new DriftError('42701', `column "${newName}" of relation "${type.name}" already exists`, { position });
  const attributes = definition.attributes.map((attribute) =>
    attribute.name === part.name ? { ...attribute, name: newName } : attribute,
  );
  define(context, { ...type, definition: { form: 'composite', attributes } });
}

export function setTypeSchema(context: DdlContext, { name: { name }, schema: to }: SetObjectSchema): void {
  const type = typeObjectNamed(context, name);
  const schema = schemaFor(context, { ...name, schema: to });
  if (schema === type.schema) return;
  if (findType(context, { ...name, schema, name: type.name }) !== undefined)
    throw new DriftError('42710', `type "${type.name}" already exists in schema "${schema}"`, {
      position: name.position,
    });
  define(context, { ...type, schema });
}
