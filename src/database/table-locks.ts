/**
 * Table locks of statements: those that plain statements wait for, LOCK TABLE, and what definitions take.
 *
 * A definition locks the tables it names before it begins, and then those that its changes of the catalog turn out to
 * concern; where others are in the way it is taken back and comes again when they have ended.
 */
import { DriftError } from '../base/error.ts';
import { runSync, type Task } from '../base/task.ts';
import type { CatalogObject, TableDef } from '../catalog/schema.ts';
import type { QualifiedName } from '../sql/ast.ts';
import type { LockTable, Statement } from '../sql/ast-statement.ts';
import { lockTable, type TableRequest, wouldWait } from '../txn/lock/manager.ts';
import { ACCESS_EXCLUSIVE, SHARE, SHARE_ROW_EXCLUSIVE, tableBit } from '../txn/lock/modes.ts';
import { Again } from './again.ts';
import type { ResultSet } from './api.ts';
import { command } from './show.ts';
import type { Scene } from './statement.ts';

/** LOCK TABLE: until the transaction ends. Throws 25P01 outside of a transaction, 55P03 with NOWAIT. */
export function* lockTables(scene: Scene, { tables, mode, nowait }: LockTable): Task<ResultSet> {
  const { core, transaction } = scene;
  if (!scene.inBlock) throw new DriftError('25P01', 'LOCK TABLE can only be used in transaction blocks');
  const found = tables.map((name) => lockable(scene, name));
  for (const { id, name } of found) {
    const request = { tableId: id, name, mode: tableBit(mode), nowait };
    yield* lockTable(core.manager.locks, core.host, transaction, request);
  }
  return command('LOCK TABLE');
}

function lockable({ eval: { catalog } }: Scene, name: QualifiedName): CatalogObject & { readonly name: string } {
  const found = catalog.relation(name.schema, name.name);
  if (found === undefined)
    throw new DriftError('42P01', `relation "${name.name}" does not exist`, { position: name.position });
  if (found.kind !== 'table' && found.kind !== 'view')
    throw new DriftError('42809', `cannot lock relation "${name.name}"`, {
      position: name.position,
      ...(found.kind === 'sequence' ? { detail: 'This operation is not supported for sequences.' } : {}),
    });
  return found;
}

/** Locks the tables that a definition names, before it begins. */
export function lockNamed(scene: Scene, statement: Statement): void {
  const { catalog } = scene.transaction;
  const requests: TableRequest[] = [];
  for (const [name, mode] of namedTables(statement)) {
    const found = catalog.relation(name.schema, name.name);
    if (found?.kind === 'table') requests.push({ tableId: found.id, name: found.name, mode });
  }
  lockOrComeAgain(scene, requests);
}

function namedTables(statement: Statement): (readonly [QualifiedName, number])[] {
  switch (statement.kind) {
    case 'createIndex':
      return [[statement.table, SHARE]];
    case 'alterTable':
      return [[statement.name, ACCESS_EXCLUSIVE]];
    case 'truncate':
      return statement.tables.map((name) => [name, ACCESS_EXCLUSIVE] as const);
    case 'createTrigger':
      return [[statement.table, SHARE_ROW_EXCLUSIVE]];
    case 'drop':
      return statement.object === 'table' ? statement.names.map(({ name }) => [name, ACCESS_EXCLUSIVE] as const) : [];
    default:
      return [];
  }
}

/** Locks the tables that a definition has changed, which others know: `before` are the objects as they were. */
export function lockChanged(
  scene: Scene,
  statement: Statement,
  before: ReadonlyMap<number, CatalogObject | null>,
): void {
  const { core, transaction } = scene;
  const committed = core.manager.catalog;
  const requests: TableRequest[] = [];
  for (const { id, object } of transaction.catalogChanges()) {
    if (before.get(id) === object) continue;
    const known = committed.byId(id);
    if (known?.kind === 'table') requests.push({ tableId: id, name: known.name, mode: modeOf(statement) });
    if (object?.kind !== 'table') continue;
    for (const parent of newParents(object, before.get(id) ?? known ?? null)) {
      const other = committed.byId(parent);
      if (other?.kind === 'table') requests.push({ tableId: parent, name: other.name, mode: SHARE_ROW_EXCLUSIVE });
    }
  }
  lockOrComeAgain(scene, requests);
}

function modeOf({ kind }: Statement): number {
  if (kind === 'createIndex') return SHARE;
  return kind === 'createTrigger' || kind === 'comment' ? SHARE_ROW_EXCLUSIVE : ACCESS_EXCLUSIVE;
}

function newParents(table: TableDef, before: CatalogObject | null): number[] {
  const known = before?.kind === 'table' ? before.foreignKeys : [];
  return table.foreignKeys
    .filter(({ name }) => !known.some((other) => other.name === name))
    .map(({ foreignTableId }) => foreignTableId);
}

/** Takes locks that nobody stands in the way of; else the statement is taken back, waits for them and comes again. */
function lockOrComeAgain({ core, transaction }: Scene, requests: readonly TableRequest[]): void {
  const { locks } = core.manager;
  const lockAll = function* (): Task<void> {
    for (const request of requests) yield* lockTable(locks, core.host, transaction, request);
  };
  if (requests.some((request) => wouldWait(locks, transaction, request))) throw new Again(lockAll);
  // Nobody is in the way, so this does not wait.
  runSync(lockAll());
}
