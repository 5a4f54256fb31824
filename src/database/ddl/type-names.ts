/** Types by name for definitions: finding them, refusing names that are taken, and new names in texts that use them. */
import { DriftError } from '../../base/error.ts';
import type { CatalogObject, TypeDef } from '../../catalog/schema.ts';
import { publicOidOf, publicTypeOid } from '../../catalog/user-types.ts';
import type { QualifiedName } from '../../sql/ast.ts';
import { typeByName } from '../../sql/types/registry.ts';
import { type DdlContext, define } from './context.ts';

export function writtenName({ schema, name }: QualifiedName): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

/** An enum, domain or composite type by name; throws 42704, 42809 for what is none of these. */
export function typeObjectNamed(context: DdlContext, name: QualifiedName): TypeDef {
  const found = findType(context, name);
  if (found !== undefined) return found;
  const { position } = name;
  const builtin = name.schema === undefined || name.schema === 'pg_catalog' ? typeByName(name.name) : undefined;
  if (builtin !== undefined) throw new DriftError('42501', `must be owner of type ${builtin.display}`, { position });
  if (context.transaction.catalog.relation(name.schema, name.name)?.kind === 'table')
    throw new DriftError('42809', `"${name.name}" is a table's row type`, { position });
  throw new DriftError('42704', `type "${writtenName(name)}" does not exist`, { position });
}

export function findType(context: DdlContext, { schema, name }: QualifiedName): TypeDef | undefined {
  return context.transaction.catalog.typeObject(schema, name);
}

/** Throws 42710 when a type, or a relation with its row type, has the name. */
export function refuseTakenType(context: DdlContext, schema: string, name: string, position: number): void {
  const { catalog } = context.transaction;
  if (catalog.typeObject(schema, name) === undefined && catalog.relation(schema, name)?.kind !== 'table') return;
  throw new DriftError('42710', `type "${name}" already exists`, { position });
}

/** Whether a reference is to the type, or to arrays of it. */
export function refersTo(oid: number, type: TypeDef): boolean {
  const own = publicOidOf(type.id);
  const found = publicTypeOid(oid);
  return found === own || found === own + 1;
}

/** The text with the type's name changed where casts write it: after `::`, and after AS within CAST. */
export function withTypeRenamed(text: string, from: string, to: string): string {
  const plain = (name: string): string => (/^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);
  const escaped = (name: string): string => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const written = [plain(from), `"${from.replaceAll('"', '""')}"`].map(escaped).join('|');
  const pattern = new RegExp(
    `('(?:[^']|'')*')|(::\\s*|\\bas\\s+)((?:"(?:[^"]|"")*"|[\\w$]+)\\.)?(?:${written})(?![\\w$"])`,
    'gi',
  );
  return text.replace(pattern, (whole, string: string | undefined, before: string, schema: string | undefined) =>
    string === undefined ? `${before}${schema ?? ''}${plain(to)}` : whole,
  );
}

/** Rewrites every text that the catalog keeps, of what else than types themselves. */
export function rewriteTexts(context: DdlContext, rewrite: (text: string) => string): void {
  const maybe = (text: string | undefined): string | undefined => (text === undefined ? undefined : rewrite(text));
  for (const object of [...context.transaction.catalog.objects()]) {
    const next = rewritten(object, rewrite, maybe);
    if (JSON.stringify(next) !== JSON.stringify(object)) define(context, next);
  }
}

function rewritten(
  object: CatalogObject,
  rewrite: (text: string) => string,
  maybe: (text: string | undefined) => string | undefined,
): CatalogObject {
  if (object.kind === 'view') return { ...object, query: rewrite(object.query) };
  if (object.kind !== 'table') return object;
  return {
    ...object,
    materialized: maybe(object.materialized),
    columns: object.columns.map((column) => ({
      ...column,
      default: maybe(column.default),
      generated: maybe(column.generated),
    })),
    checks: object.checks.map((check) => ({ ...check, expression: rewrite(check.expression) })),
    indexes: object.indexes.map((index) => ({ ...index, keys: index.keys?.map(rewrite), where: maybe(index.where) })),
  };
}
