/**
 * Taking locks: each function finds who is in the way, waits (waits.ts) until nobody is, and takes the lock in the same
 * turn. What was taken is noted in the transaction, which gives it back at its end or at a savepoint.
 */
import type { KeyMap, Keys } from '../../base/key-set.ts';
import { DriftError } from '../../base/error.ts';
import type { Host } from '../../base/host.ts';
import type { Task } from '../../base/task.ts';
import type { Key } from '../../table/table.ts';
import type { TableWrites } from '../table-writes.ts';
import type { Transaction } from '../transaction.ts';
import { HeavyLock, type Queued } from './heavy-locks.ts';
import { FOR_UPDATE, rowStrength, tableConflicts, tableModeNames, WEAK_MODES } from './modes.ts';
import { type Claim, RowLocks } from './row-locks.ts';
import type { LockSpace } from './space.ts';
import type { Party, Wanted } from './party.ts';
import { Waits } from './waits.ts';

/** What to do where somebody is in the way. */
export type Blocked = 'block' | 'nowait' | 'skip locked';

const TABLE_KIND = { conflicts: tableConflicts };

export function waitsOf(space: LockSpace, host: Host): Waits {
  return (space.waits ??= new Waits(host));
}

/** The row locks of a table, made where there are none. */
export function rowLocksOf(space: LockSpace, tableId: number): RowLocks {
  let locks = space.rows.get(tableId);
  if (locks === undefined) space.rows.set(tableId, (locks = new RowLocks()));
  return locks;
}

/** Makes a write set known to others. */
export function registerWrites(space: LockSpace, owner: Transaction, tableId: number, writes: TableWrites): void {
  const locks = rowLocksOf(space, tableId);
  const writer = { owner, writes, place: -1 };
  locks.writers.add(writer);
  owner.endings.push(() => locks.writers.remove(writer));
}

// ---- tables ------------------------------------------------------------------------------------------------------

/** Who is in the way of using a table in a mode. */
function inTheWayOfTable(
  space: LockSpace,
  { party: self, used: own }: Transaction,
  { tableId, mode }: TableRequest,
  place: Queued | null,
): Party[] {
  const found = new Set(space.tables.get(tableId)?.inTheWay(self, mode, place, own.get(tableId)) ?? []);
  const conflicts = tableConflicts(mode) & WEAK_MODES;
  if (conflicts !== 0)
    for (const { party, used } of space.active.items)
      if (party !== self && ((used.get(tableId) ?? 0) & conflicts) !== 0) found.add(party);
  return [...found];
}

/** Whether locking a table so would have to wait now. */
export function wouldWait(space: LockSpace, owner: Transaction, request: TableRequest): boolean {
  const { tableId, mode } = request;
  if (((space.tables.get(tableId)?.maskOf(owner.party) ?? 0) & mode) === mode) return false;
  return inTheWayOfTable(space, owner, request, null).length > 0;
}

export interface TableRequest {
  readonly tableId: number;
  readonly name: string;
  readonly mode: number;
  readonly nowait?: boolean | undefined;
}

/** Locks a table until the transaction ends; says whether it had to wait. Throws 55P03 with NOWAIT. */
export function* lockTable(space: LockSpace, host: Host, owner: Transaction, request: TableRequest): Task<boolean> {
  const { tableId, name, mode, nowait = false } = request;
  const { party } = owner;
  if ((mode & ~WEAK_MODES) === 0) {
    const waited = yield* waitForTable(space, host, owner, request);
    space.use(owner, tableId, mode);
    return waited;
  }
  let lock = space.tables.get(tableId);
  if (lock === undefined) space.tables.set(tableId, (lock = new HeavyLock(TABLE_KIND)));
  if ((lock.maskOf(party) & mode) === mode) return false;
  const queued: Queued = { party, mode };
  space.strong++;
  lock.queue.push(queued);
  let waited = false;
  try {
    for (;;) {
      const blockers = inTheWayOfTable(space, owner, request, queued);
      if (blockers.length === 0) break;
      if (nowait) throw notAvailable(`relation "${name}"`);
      waited = true;
      yield* waitsOf(space, host).until(party, blockers, tableWanted(tableId, name, mode));
    }
  } catch (error) {
    space.strong--;
    throw error;
  } finally {
    lock.queue.splice(lock.queue.indexOf(queued), 1);
  }
  const taken = lock;
  taken.take(party, mode);
  owner.locks.push(() => {
    taken.release(party, mode);
    space.strong--;
    if (taken.isEmpty && space.tables.get(tableId) === taken) space.tables.delete(tableId);
  });
  return waited;
}

/** Waits until nobody holds what conflicts with using a table so; says whether it had to. Takes nothing. */
export function* waitForTable(space: LockSpace, host: Host, owner: Transaction, request: TableRequest): Task<boolean> {
  const { tableId, name, mode, nowait = false } = request;
  for (let waited = false; ; waited = true) {
    const blockers = inTheWayOfTable(space, owner, request, null);
    if (blockers.length === 0) return waited;
    if (nowait) throw notAvailable(`relation "${name}"`);
    yield* waitsOf(space, host).until(owner.party, blockers, tableWanted(tableId, name, mode));
  }
}

function tableWanted(tableId: number, name: string, mode: number): Wanted {
  return {
    kind: 'relation',
    mode: tableModeNames(mode).at(-1) ?? '',
    text: `relation ${tableId} ("${name}")`,
    tableId,
  };
}

// ---- rows --------------------------------------------------------------------------------------------------------

export interface RowRequest {
  readonly tableId: number;
  readonly name: string;
  readonly mode: number;
  readonly blocked: Blocked;
}

/** Waits until nobody is in the way of locking a row; false where it is to be skipped. Throws 55P03 with NOWAIT. */
export function* waitForRow(
  space: LockSpace,
  host: Host,
  owner: Transaction,
  key: Key,
  request: RowRequest,
): Task<boolean> {
  const locks = space.rows.get(request.tableId);
  if (locks === undefined) return true;
  for (;;) {
    const blockers = locks.inTheWay(owner, key, request.mode);
    if (blockers.length === 0) return true;
    if (request.blocked === 'skip locked') return false;
    if (request.blocked === 'nowait') throw notAvailable(`row in relation "${request.name}"`);
    yield* waitsOf(space, host).until(owner.party, partiesOf(blockers), rowWanted(request, key, blockers));
  }
}

/** Waits for transactions whose uncommitted rows may come to stand in the way of a new one. */
export function* waitForOwners(
  space: LockSpace,
  host: Host,
  owner: Transaction,
  owners: readonly Transaction[],
  { tableId, name }: { readonly tableId: number; readonly name: string },
): Task<void> {
  const [first] = owners;
  if (first === undefined) return;
  yield* waitsOf(space, host).until(owner.party, partiesOf(owners), {
    kind: 'transactionid',
    mode: 'ShareLock',
    text: `transaction of process ${first.party.id} on relation ${tableId} ("${name}")`,
    tableId,
  });
}

/** Rows from which on they have a layer of their own. */
const MANY_ROWS = 256;

/** Notes locks on rows until the transaction ends. REQUIRES: nobody is in the way. */
export function takeRows(
  space: LockSpace,
  owner: Transaction,
  tableId: number,
  keys: readonly Key[],
  mode: number,
): void {
  const locks = rowLocksOf(space, tableId);
  const layer = keys.length < MANY_ROWS ? null : layerOf(locks, owner);
  if (layer !== null) {
    for (const key of keys) locks.take(owner, key, mode, layer);
    return;
  }
  const taken: Key[] = [];
  for (const key of keys) if (locks.take(owner, key, mode)) taken.push(key);
  if (taken.length === 0) return;
  owner.locks.push(() => {
    // It has ended: its notes of tables go first.
    if (owner.used.size === 0) locks.releaseAll(owner);
    else for (const key of taken) locks.release(owner, key, mode);
  });
}

/** The layer of the statement that is being run, or null where there are too many. */
function layerOf(locks: RowLocks, owner: Transaction): KeyMap | null {
  const known = locks.layerSince(owner, owner.lockMark);
  if (known !== null) return known;
  const layer = locks.newLayer(owner, owner.locks.length);
  if (layer !== null) owner.locks.push(() => locks.dropLayer(owner, layer));
  return layer;
}

/** Holds rows while a statement works on them: until they are written, or until `drop`. */
export function claimRows(
  space: LockSpace,
  owner: Transaction,
  tableId: number,
  keys: Keys,
  mode: number = FOR_UPDATE,
): { drop(): void } {
  const locks = rowLocksOf(space, tableId);
  const claim: Claim = { owner, keys, mode };
  locks.claims.add(claim);
  const undo = (): void => void locks.claims.delete(claim);
  owner.locks.push(undo);
  return {
    drop() {
      undo();
      claim.keys = NO_KEYS;
      if (owner.locks.at(-1) === undo) owner.locks.pop();
    },
  };
}

const NO_KEYS: Keys = new Set<Key>();

function rowWanted(request: RowRequest, key: Key, blockers: readonly Transaction[]): Wanted {
  const [first] = blockers;
  return {
    kind: 'tuple',
    mode: `FOR ${rowStrength(request.mode).toUpperCase()}`,
    text: `row ${printableKey(key)} of relation ${request.tableId} ("${request.name}") locked by process ${first?.party.id ?? 0}`,
    tableId: request.tableId,
    key: printableKey(key),
  };
}

/** Keys of several columns are byte strings. */
export function printableKey(key: Key): string {
  return typeof key === 'string'
    ? [...key].map((char) => (char < ' ' || char > '~' ? `\\x${char.charCodeAt(0).toString(16)}` : char)).join('')
    : String(key);
}

function partiesOf(transactions: readonly Transaction[]): Party[] {
  return [...new Set(transactions.map(({ party }) => party))];
}

function notAvailable(what: string): DriftError {
  return new DriftError('55P03', `could not obtain lock on ${what}`);
}
