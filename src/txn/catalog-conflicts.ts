/**
 * Definitions that others have committed since a transaction's snapshot, against the definitions it is about to commit.
 *
 * Its own were checked against the catalog of the snapshot. What could have become wrong since is asked again here, when
 * nothing can come in between any more: names that are taken, schemas and tables that are gone, rows that an index, a
 * constraint or a copy has not seen. The loser comes again (40001) or learns that the name is taken.
 */
import { DriftError } from '../base/error.ts';
import type { CatalogChange, CatalogState } from '../catalog/catalog.ts';
import type { CatalogObject, TableDef } from '../catalog/schema.ts';
import { isUserType, objectOfType, publicTypeOid } from '../catalog/user-types.ts';

export interface CatalogConflictParts {
  readonly changes: readonly CatalogChange[];
  /** The newest catalog, without the changes. */
  readonly applied: CatalogState;
  readonly snapshot: number;
  /** Commit that last changed a table's rows. */
  readonly lastChange: (tableId: number) => number;
  /** Whether the transaction has rows of its own for a table. */
  readonly writes: (tableId: number) => boolean;
}

/** Throws 40001, 42P07, 42P06 or 42710. */
export function refuseCatalogConflicts(parts: CatalogConflictParts): void {
  const own = new Set(parts.changes.map(({ id }) => id));
  for (const { id, object } of parts.changes) {
    if (object === null) refuseDependents(parts, own, id);
    else refuseTakenName(parts, own, object);
    const before = parts.applied.byId(id);
    if (before?.kind !== 'table') continue;
    const after = object?.kind === 'table' ? object : null;
    if (needsAllRows(parts, before, after)) refuseNewRows(parts, id);
  }
}

/** True where the change was made of the rows that the snapshot had, or checked with them. */
function needsAllRows(parts: CatalogConflictParts, before: TableDef, after: TableDef | null): boolean {
  if (after === null) return true;
  const added = <T extends { readonly name: string }>(now: readonly T[], old: readonly T[]): boolean =>
    now.some((item) => !old.some(({ name }) => name === item.name));
  const oldColumns = new Map(before.columns.map((column) => [column.id, column]));
  return (
    after.indexes.some((index) => !before.indexes.some(({ id }) => id === index.id)) ||
    added(after.checks, before.checks) ||
    added(after.foreignKeys, before.foreignKeys) ||
    after.columns.some((column) => column.notNull && oldColumns.get(column.id)?.notNull === false) ||
    (after.nextColumnId !== before.nextColumnId && parts.writes(before.id))
  );
}

function refuseNewRows({ lastChange, snapshot }: CatalogConflictParts, tableId: number): void {
  if (lastChange(tableId) > snapshot) throw conflict();
}

/** What was dropped must not have become part of something else. */
function refuseDependents({ applied }: CatalogConflictParts, own: ReadonlySet<number>, id: number): void {
  const gone = applied.byId(id);
  if (gone === undefined) return;
  for (const object of applied.objects()) {
    if (own.has(object.id)) continue;
    const inside = gone.kind === 'schema' && 'schema' in object && object.schema === gone.name;
    const refers =
      gone.kind === 'table' && object.kind === 'table' && object.foreignKeys.some((key) => key.foreignTableId === id);
    if (inside || refers || (gone.kind === 'type' && usesType(object, gone.id))) throw conflict();
  }
}

function usesType(object: CatalogObject, id: number): boolean {
  const concerns = ({ type }: { readonly type: { readonly oid: number } }): boolean =>
    isUserType(type.oid) && objectOfType(publicTypeOid(type.oid)).id === id;
  if (object.kind === 'table') return object.columns.some(concerns);
  if (object.kind !== 'type') return false;
  const { definition } = object;
  switch (definition.form) {
    case 'enum':
      return false;
    case 'domain':
      return concerns({ type: definition.base });
    case 'composite':
      return definition.attributes.some(concerns);
    case 'range':
      return concerns({ type: definition.subtype });
    case 'multirange':
      return concerns({ type: definition.range });
  }
}

function refuseTakenName(parts: CatalogConflictParts, own: ReadonlySet<number>, object: CatalogObject): void {
  const { applied } = parts;
  const another = (found: CatalogObject | undefined): boolean =>
    found !== undefined && found.id !== object.id && !own.has(found.id);
  if (object.kind === 'tag' || object.kind === 'schema') {
    const [found, code] =
      object.kind === 'tag' ? [applied.tag(object.name), '42710'] : [applied.schema(object.name), '42P06'];
    if (another(found)) throw new DriftError(code, `${object.kind} "${object.name}" already exists`);
    return;
  }
  if (object.kind === 'role') return;
  const made = parts.changes.some((change) => change.object?.kind === 'schema' && change.object.name === object.schema);
  if (applied.schema(object.schema) === undefined && !made) throw conflict();
  if (object.kind === 'collation') {
    for (const other of applied.objects()) {
      if (other.kind === 'collation' && other.schema === object.schema && other.name === object.name && another(other))
        throw new DriftError('42710', `collation "${object.name}" already exists`);
    }
    return;
  }
  if (object.kind === 'type') {
    if (another(applied.typeObject(object.schema, object.name)))
      throw new DriftError('42710', `type "${object.name}" already exists`);
    return;
  }
  const indexes = object.kind === 'table' ? object.indexes.map((index) => index.name) : [];
  for (const name of [object.name, ...indexes]) {
    if (another(applied.relation(object.schema, name)) || another(applied.tableOfIndex(object.schema, name)))
      throw new DriftError('42P07', `relation "${name}" already exists`);
  }
  if (object.kind !== 'table') return;
  const before = applied.byId(object.id);
  const known = before?.kind === 'table' ? before.foreignKeys : [];
  for (const key of object.foreignKeys) {
    if (known.some(({ name }) => name === key.name) || own.has(key.foreignTableId)) continue;
    if (applied.byId(key.foreignTableId) === undefined) throw conflict();
    refuseNewRows(parts, key.foreignTableId);
  }
}

function conflict(): DriftError {
  return new DriftError('40001', 'could not serialize access: another transaction has changed the same tables', {
    hint: 'The transaction might succeed if retried.',
  });
}
