/**
 * CREATE, ALTER and DROP COLLATION. A collation is its locale's order; columns refer to it by its id, so it may be renamed.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { CatalogObject, CollationDef, TypeRef } from '../../catalog/schema.ts';
import type { QualifiedName } from '../../sql/ast.ts';
import type { AlterCollation, CollationOption, CreateCollation } from '../../sql/ast-collation.ts';
import type { DropStatement } from '../../sql/ast-table.ts';
import { ownCollation, requireCollation } from '../../sql/collations.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import { makeCollator } from '../../sql/types/collation.ts';
import { mentions } from './alter-column.ts';
import { alterTable } from './alter-table.ts';
import { type DdlContext, define, schemaFor, skipExisting, skipMissing } from './context.ts';
import { dropDependent } from './dependent.ts';
import { dropRelations } from './drop.ts';
import { quoted, tableText } from './names.ts';

const OPTIONS = new Set(['from', 'locale', 'lc_collate', 'lc_ctype', 'provider', 'deterministic', 'version']);
const PLAIN = new Set(['C', 'POSIX']);

export function createCollation(context: DdlContext, statement: CreateCollation): void {
  const { name } = statement;
  const schema = schemaFor(context, name);
  const { catalog } = context.transaction;
  const parts = partsOf(context, statement);
  if (ownCollation(catalog, schema, name.name) !== undefined) {
    if (!statement.ifNotExists) throw new DriftError('42710', `collation "${name.name}" already exists`, name);
    skipExisting(context, `collation "${name.name}"`, '42710');
    return;
  }
  define(context, { kind: 'collation', id: context.nextId(), schema, name: name.name, ...parts });
}

type Parts = Pick<CollationDef, 'provider' | 'locale'>;

function partsOf(context: DdlContext, { from, options }: CreateCollation): Parts {
  const said = new Map<string, CollationOption>();
  for (const option of options) {
    const { name, position } = option;
    if (!OPTIONS.has(name)) throw new DriftError('42601', `collation attribute "${name}" not recognized`, { position });
    if (said.has(name)) throw new DriftError('42601', 'conflicting or redundant options', { position });
    said.set(name, option);
  }
  const other = said.get('from')?.value;
  if (other !== undefined && options.length > 1)
    throw conflicting('FROM cannot be specified together with any other options.');
  const source = other === undefined ? from : { catalog: undefined, schema: undefined, name: other, position: 0 };
  return source === undefined ? optionParts(said) : copied(context, source);
}

function copied({ transaction }: DdlContext, name: QualifiedName): Parts {
  const { provider, locale } = requireCollation(transaction.catalog, name);
  if (provider === 'default') throw new DriftError('42P17', 'collation "default" cannot be copied', name);
  return { provider, locale: locale ?? 'C' };
}

function optionParts(said: ReadonlyMap<string, CollationOption>): Parts {
  const value = (name: string): string | undefined => said.get(name)?.value;
  const [locale, collate, ctype] = [value('locale'), value('lc_collate'), value('lc_ctype')];
  if (locale !== undefined && (collate !== undefined || ctype !== undefined))
    throw conflicting('LOCALE cannot be specified together with LC_COLLATE or LC_CTYPE.');
  const provider = (value('provider') ?? 'libc').toLowerCase();
  if (provider !== 'icu' && provider !== 'libc')
    throw new DriftError('42P17', `unrecognized collation provider: ${value('provider') ?? ''}`);
  const deterministic = !['false', 'off', '0'].includes((value('deterministic') ?? 'true').toLowerCase());
  const missing = (parameter: string): DriftError =>
    new DriftError('42P17', `parameter "${parameter}" must be specified`);
  if (provider === 'icu') {
    if (locale === undefined) throw missing('locale');
    makeCollator(locale);
    if (!deterministic) throw new DriftError('0A000', 'nondeterministic collations are not supported');
    return { provider, locale };
  }
  if (locale === undefined && collate === undefined) throw missing('lc_collate');
  if (locale === undefined && ctype === undefined) throw missing('lc_ctype');
  if (!deterministic) throw new DriftError('0A000', 'nondeterministic collations not supported with this provider');
  const order = locale ?? collate ?? '';
  if (!PLAIN.has(order)) {
    throw new DriftError('22023', `could not create locale "${order}": No such file or directory`, {
      detail: `The operating system could not find any locale data for the locale name "${order}".`,
      hint: 'Use an ICU collation: (provider = icu, locale = …).',
    });
  }
  return { provider, locale: order };
}

function conflicting(detail: string): DriftError {
  return new DriftError('42601', 'conflicting or redundant options', { detail });
}

/** Finds a collation to change; throws 42704, and 42501 for one of the system's. */
export function collationNamed({ transaction }: DdlContext, name: QualifiedName): CollationDef {
  const { own } = requireCollation(transaction.catalog, name);
  if (own === null) throw new DriftError('42501', `collation "${name.name}" belongs to the system`, name);
  return own;
}

export function alterCollation(context: DdlContext, { name, action }: AlterCollation): void {
  requireCollation(context.transaction.catalog, name);
  if (action !== 'refresh') return;
  context.notices.push({ severity: 'NOTICE', code: '00000', message: 'version has not changed' });
}

/** RENAME TO and SET SCHEMA. */
export function renameCollation(
  context: DdlContext,
  name: QualifiedName,
  to: { readonly name?: string; readonly schema?: string },
): void {
  const old = collationNamed(context, name);
  const schema = to.schema === undefined ? old.schema : schemaFor(context, { ...name, schema: to.schema });
  const changed = { ...old, name: to.name ?? old.name, schema };
  const taken = ownCollation(context.transaction.catalog, changed.schema, changed.name);
  if (taken !== undefined) {
    const text = `collation "${changed.name}" for encoding "UTF8" already exists in schema "${changed.schema}"`;
    throw new DriftError('42710', text);
  }
  define(context, changed);
}

export function* dropCollations(context: DdlContext, statement: DropStatement): Task<void> {
  for (const { name } of statement.names) {
    let found: CollationDef | null = null;
    try {
      ({ own: found } = requireCollation(context.transaction.catalog, name));
    } catch (error) {
      if (!statement.ifExists || !(error instanceof DriftError) || !['42704', '3F000'].includes(error.code))
        throw error;
      skipMissing(context, `collation "${name.name}"`);
      continue;
    }
    if (found === null)
      throw new DriftError(
        '2BP01',
        `cannot drop collation "${name.name}" because it is required by the database system`,
      );
    yield* dropCollation(context, found, statement.cascade);
  }
}

/** The collations of a schema that is dropped with all that is in it. */
export function* dropCollationsIn(context: DdlContext, schema: string): Task<void> {
  for (const object of [...context.transaction.catalog.objects()])
    if (object.kind === 'collation' && object.schema === schema) yield* dropCollation(context, object, true);
}

function* dropCollation(context: DdlContext, collation: CollationDef, cascade: boolean): Task<void> {
  for (const object of [...context.transaction.catalog.objects()]) yield* release(context, collation, object, cascade);
  context.transaction.changeCatalog([{ id: collation.id, object: null }]);
}

/** Drops what an object has of the collation: a column, an index, or the view that names it. */
function* release(context: DdlContext, collation: CollationDef, object: CatalogObject, cascade: boolean): Task<void> {
  const key = `#${collation.id}`;
  const uses = ({ type }: { readonly type: TypeRef }): boolean => type.collation === key;
  const run = function* (text: string): Task<void> {
    const statement = parseOne(text);
    if (statement.kind === 'alterTable') yield* alterTable(context, statement);
  };
  if (object.kind === 'table') {
    for (const column of object.columns) {
      if (!uses(column)) continue;
      dropDependent(context, `collation ${collation.name}`, `column ${column.name} of table ${object.name}`, cascade);
      yield* run(`ALTER TABLE ${tableText(object)} DROP COLUMN ${quoted(column.name)} CASCADE`);
    }
    for (const index of object.indexes)
      if (index.columns.some((part) => part.collation === key))
        dropDependent(context, `collation ${collation.name}`, `index ${index.name}`, false);
  }
  if (object.kind === 'view' && /\bcollate\b/i.test(object.query) && mentions(object.query, collation.name)) {
    dropDependent(context, `collation ${collation.name}`, `view ${object.name}`, cascade);
    dropRelations(context, [object], true);
  }
  if (object.kind !== 'type') return;
  const { definition } = object;
  const own =
    (definition.form === 'domain' && uses({ type: definition.base })) ||
    (definition.form === 'composite' && definition.attributes.some(uses));
  if (own) dropDependent(context, `collation ${collation.name}`, `type ${object.name}`, false);
}
