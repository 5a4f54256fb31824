/**
 * Table locks of statements: those that plain statements wait for, LOCK TABLE, and what definitions take.
 *
 * A definition locks the tables it names before it begins, and then those that its changes of the catalog turn out to
 * concern; where others are in the way it is taken back and comes again when they have ended.
 */
import { DriftError } from '../base/error.ts';
import { runSync, type Task } from '../base/task.ts';
import type { CatalogObject, TableDef, ViewDef } from '../catalog/schema.ts';
import type { QualifiedName } from '../sql/ast.ts';
import type { LockTable, Statement } from '../sql/ast-statement.ts';
import { lockTable, type TableRequest, waitsOf, wouldWait } from '../txn/lock/manager.ts';
import { ACCESS_SHARE, type LockSpace } from '../txn/lock/space.ts';
import type { Transaction } from '../txn/transaction.ts';
import { ACCESS_EXCLUSIVE, SHARE, SHARE_ROW_EXCLUSIVE, tableBit } from '../txn/lock/modes.ts';
import { Again } from './again.ts';
import { mentions } from './ddl/alter-column.ts';
import { readsRelation } from './ddl/query-names.ts';
import { signatureOf } from './routine/result.ts';
import type { ResultSet } from './api.ts';
import { command } from './show.ts';
import { refuseInUse } from './table-in-use.ts';
import type { Scene } from './statement.ts';

/** LOCK TABLE: until the transaction ends. Throws 25P01 outside of a transaction, 55P03 with NOWAIT. */
export function* lockTables(scene: Scene, { tables, mode, nowait }: LockTable): Task<ResultSet> {
  const { core, transaction } = scene;
  if (!scene.inBlock) throw new DriftError('25P01', 'LOCK TABLE can only be used in transaction blocks');
  const found = withRead(
    scene,
    tables.map((name) => lockable(scene, name)),
  );
  for (const { id, name } of found) {
    const request = { tableId: id, name, mode: tableBit(mode), nowait };
    yield* lockTable(core.manager.locks, core.host, transaction, request);
  }
  return command('LOCK TABLE');
}

/** A view stands for all that it reads as well. */
function withRead(scene: Scene, named: readonly Lockable[]): ReadonlySet<Lockable> {
  const { catalog } = scene.transaction;
  // It grows while it is walked.
  const all = new Set(named);
  for (const object of all) {
    if (object.kind !== 'view') continue;
    for (const other of catalog.objects()) {
      if (other.kind !== 'view' && other.kind !== 'table') continue;
      const view = { text: object.query, path: object.path };
      if (mentions(object.query, other.name) && readsRelation(catalog, view, other)) all.add(other);
    }
  }
  return all;
}

type Lockable = TableDef | ViewDef;

const KINDS: Readonly<Record<string, string>> = {
  sequence: 'sequences',
  index: 'indexes',
  table: 'materialized views',
};

function lockable({ eval: { catalog } }: Scene, name: QualifiedName): Lockable {
  const found = catalog.relation(name.schema, name.name);
  const isIndex = found === undefined && catalog.tableOfIndex(name.schema, name.name) !== undefined;
  if (found === undefined && !isIndex)
    throw new DriftError('42P01', `relation "${name.name}" does not exist`, { position: name.position });
  if (found?.kind === 'view' || (found?.kind === 'table' && found.materialized === undefined)) return found;
  throw new DriftError('42809', `cannot lock relation "${name.name}"`, {
    position: name.position,
    detail: `This operation is not supported for ${KINDS[found?.kind ?? 'index'] ?? ''}.`,
  });
}

/** Definitions as errors about tables in use name them. */
const IN_USE: Readonly<Record<string, string>> = {
  createIndex: 'CREATE INDEX',
  alterTable: 'ALTER TABLE',
  truncate: 'TRUNCATE',
  drop: 'DROP TABLE',
};

/** Locks the tables that a definition names, before it begins. */
export function lockNamed(scene: Scene, statement: Statement): void {
  const { catalog } = scene.transaction;
  const requests: TableRequest[] = [];
  for (const [name, mode] of namedTables(statement)) {
    const found = catalog.relation(name.schema, name.name);
    if (found?.kind !== 'table') continue;
    const what = IN_USE[statement.kind];
    if (what !== undefined) refuseInUse(scene, what, found);
    requests.push({ tableId: found.id, name: found.name, mode });
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
    if (object !== null) requests.push(...readBy(scene, object));
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

/** What a view reads stays until it is known to others. */
function readBy({ transaction: { catalog }, core }: Scene, object: CatalogObject): TableRequest[] {
  const text = object.kind === 'view' ? object.query : object.kind === 'table' ? object.materialized : undefined;
  if (text === undefined) return [];
  const path = object.kind === 'view' ? object.path : undefined;
  const requests: TableRequest[] = [];
  for (const table of core.manager.catalog.objects())
    if (table.kind === 'table' && mentions(text, table.name) && readsRelation(catalog, { text, path }, table))
      requests.push({ tableId: table.id, name: table.name, mode: ACCESS_SHARE });
  return requests;
}

/**
 * Names that transactions are giving to what they make: another one that wants the same name waits for the end of the
 * first, and comes again to see whether the name is taken.
 */
const naming = new WeakMap<LockSpace, Map<string, Transaction>>();

export function lockNames({ core, transaction }: Scene, before: ReadonlyMap<number, CatalogObject | null>): void {
  const { locks, catalog: committed } = core.manager;
  let names = naming.get(locks);
  if (names === undefined) naming.set(locks, (names = new Map()));
  const given = names;
  for (const { id, object } of transaction.catalogChanges()) {
    if (object === null || before.get(id) === object) continue;
    const old = namesOf(before.get(id) ?? committed.byId(id) ?? null);
    for (const name of namesOf(object)) {
      const owner = given.get(name);
      if (owner === transaction || old.includes(name)) continue;
      if (owner !== undefined) {
        throw new Again(() =>
          waitsOf(locks, core.host).until(transaction.party, [owner.party], {
            kind: 'transactionid',
            mode: 'ShareLock',
            text: `transaction of process ${owner.party.id}, which makes ${name}`,
          }),
        );
      }
      given.set(name, transaction);
      transaction.locks.push(() => given.delete(name));
    }
  }
}

/** What nobody else may be called, by kinds that have names of their own. */
function namesOf(object: CatalogObject | null): readonly string[] {
  switch (object?.kind) {
    case 'table':
      return [object.name, ...object.indexes.map(({ name }) => name)].map(
        (name) => `relation ${object.schema}.${name}`,
      );
    case 'view':
    case 'sequence':
      return [`relation ${object.schema}.${object.name}`];
    case 'routine':
      return [`routine ${object.schema}.${signatureOf(object)}`];
    case 'type':
    case 'collation':
      return [`${object.kind} ${object.schema}.${object.name}`];
    case 'schema':
    case 'tag':
    case 'role':
      return [`${object.kind} ${object.name}`];
    default:
      return [];
  }
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
