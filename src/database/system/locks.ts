/** Locks as `drift.locks` and pg_locks show them: who holds which, who waits for whom. */
import type { Value } from '../../base/vector.ts';
import type { Catalog } from '../../catalog/schema.ts';
import { SqlArray } from '../../sql/types/array.ts';
import { type Key, OP_NONE, OP_UPDATE } from '../../table/table.ts';
import { advisoryKey, advisoryModeName } from '../../txn/lock/advisory.ts';
import type { HeavyLock } from '../../txn/lock/heavy-locks.ts';
import { printableKey } from '../../txn/lock/manager.ts';
import { FOR_UPDATE, NO_KEY_UPDATE, rowStrength, tableModeNames } from '../../txn/lock/modes.ts';
import type { Holder } from '../../txn/lock/row-locks.ts';
import type { LockSpace } from '../../txn/lock/space.ts';
import type { TableWrites } from '../../txn/table-writes.ts';
import type { Backend } from '../activity.ts';
import { DATABASE_OID } from './constants.ts';
import type { SystemRecord, SystemContext } from './source.ts';

/** Rows of one write set that are listed one by one; more are one entry without a key. */
const MOST_ROWS = 1000;
const INT4 = 23;
const PG_LOCKS_OID = 12073;

interface Entry {
  readonly session: number;
  readonly kind: 'table' | 'row' | 'advisory' | 'transaction';
  readonly tableId?: number | undefined;
  readonly key?: string | undefined;
  readonly mode: string;
  readonly granted: boolean;
  /** µs since 1970: of a wait its start, else that of the transaction. */
  readonly since: number | null;
  readonly blockedBy: readonly number[];
}

type Looked = Pick<SystemContext, 'locks' | 'backends'>;

function* entries({ locks, backends }: Looked): Generator<Entry> {
  yield* tables(locks, backends);
  yield* rows(locks);
  for (const [id, lock] of locks.advisory)
    for (const [session, mode] of grantsOf(lock))
      yield held(session, 'advisory', advisoryModeName(mode), startOf(backends, session), { key: id });
  for (const { id, party } of backends.values()) {
    if (party.wait === null) continue;
    const { wanted, blockers, since } = party.wait;
    yield {
      session: id,
      kind: WAITS[wanted.kind],
      tableId: wanted.tableId,
      key: wanted.key,
      mode: wanted.mode,
      granted: false,
      since,
      blockedBy: blockers.map((blocker) => blocker.id),
    };
  }
}

const WAITS = { relation: 'table', tuple: 'row', advisory: 'advisory', transactionid: 'transaction' } as const;

function held(
  session: number,
  kind: Entry['kind'],
  mode: string,
  since: number | null,
  what: { readonly tableId?: number; readonly key?: string },
): Entry {
  return { session, kind, mode, granted: true, since, blockedBy: [], ...what };
}

function startOf(backends: ReadonlyMap<number, Backend>, session: number): number | null {
  return backends.get(session)?.open?.transaction.startedAt ?? null;
}

/** Sessions with each mode that they hold. */
function* grantsOf(lock: HeavyLock): Generator<readonly [session: number, mode: number]> {
  for (const { party, counts } of lock.grants.values()) for (const mode of counts.keys()) yield [party.id, mode];
}

function* tables(locks: LockSpace, backends: ReadonlyMap<number, Backend>): Generator<Entry> {
  for (const { party, used, startedAt } of locks.active.items)
    for (const [tableId, mask] of used)
      for (const mode of tableModeNames(mask)) yield held(party.id, 'table', mode, startedAt, { tableId });
  for (const [tableId, lock] of locks.tables)
    for (const [session, mask] of grantsOf(lock))
      for (const mode of tableModeNames(mask))
        yield held(session, 'table', mode, startOf(backends, session), { tableId });
}

function* rows(locks: LockSpace): Generator<Entry> {
  for (const [tableId, { holders, writers }] of locks.rows) {
    for (const [owner, holder] of holders)
      for (const [key, mode] of heldRows(holder))
        yield held(owner.party.id, 'row', modeName(mode), owner.startedAt, {
          tableId,
          ...(key === null ? {} : { key }),
        });
    for (const { owner, writes } of writers.items)
      for (const [key, mode] of written(writes))
        yield held(owner.party.id, 'row', modeName(mode), owner.startedAt, {
          tableId,
          ...(key === null ? {} : { key }),
        });
  }
}

function modeName(mode: number): string {
  return `FOR ${rowStrength(mode).toUpperCase()}`;
}

/** Rows that a transaction has locked and not written. */
function* heldRows({ layers }: Holder): Generator<readonly [key: string | null, mode: number]> {
  const listed = new Map<Key, number>();
  for (const layer of layers)
    for (const [key, mode] of layer.entries()) {
      listed.set(key, (listed.get(key) ?? 0) | mode);
      if (listed.size <= MOST_ROWS) continue;
      for (const [row, own] of listed) yield [printableKey(row), own];
      yield [null, FOR_UPDATE];
      return;
    }
  for (const [key, mode] of listed) yield [printableKey(key), mode];
}

/** What a transaction has written it has locked. */
function* written(writes: TableWrites): Generator<readonly [key: string | null, mode: number]> {
  let listed = 0;
  for (let entry = 0; entry < writes.count; entry++) {
    const op = writes.opAt(entry);
    if (op === OP_NONE || writes.latestEntry(writes.keyAt(entry)) !== entry) continue;
    if (++listed > MOST_ROWS) {
      yield [null, FOR_UPDATE];
      return;
    }
    yield [printableKey(writes.keyAt(entry)), op === OP_UPDATE ? NO_KEY_UPDATE : FOR_UPDATE];
  }
}

/** Rows of drift.locks. */
export function* lockRows(context: Looked & { readonly catalog: Catalog }): Generator<readonly Value[]> {
  for (const { session, kind, tableId, key, mode, granted, since, blockedBy } of entries(context)) {
    const table = tableId === undefined ? undefined : context.catalog.byId(tableId);
    const named = table?.kind === 'table' ? table : null;
    yield [
      session,
      kind,
      named?.schema ?? null,
      named?.name ?? null,
      key ?? null,
      mode,
      granted,
      since,
      SqlArray.of([...blockedBy], INT4),
    ];
  }
}

/** Rows of pg_locks. Transactions have no numbers before they commit: their sessions' stand for them. */
export function* pgLocks(context: SystemContext): Generator<SystemRecord> {
  const { backends, eval: scene } = context;
  for (const { id, open, activity } of backends.values()) {
    if (open === null && activity.state !== 'active') continue;
    yield { ...common(id), locktype: 'virtualxid', virtualxid: `${id}/1`, mode: 'ExclusiveLock', fastpath: true };
  }
  yield { ...common(scene.sessionId), locktype: 'relation', relation: PG_LOCKS_OID, ...WEAK };
  const writing = new Set<number>();
  for (const { writers } of context.locks.rows.values())
    for (const { owner, writes } of writers.items) if (writes.count > 0) writing.add(owner.party.id);
  for (const id of writing)
    yield { ...common(id), locktype: 'transactionid', transactionid: id, mode: 'ExclusiveLock' };
  for (const entry of entries(context)) {
    // Rows are locked in the rows themselves in PostgreSQL: only a wait for one shows, as one for who has it.
    if (entry.kind === 'row' && entry.granted) continue;
    yield { ...common(entry.session), ...shown(entry) };
  }
}

const WEAK = { database: DATABASE_OID, mode: 'AccessShareLock', fastpath: true } as const;

function common(pid: number): SystemRecord {
  return { pid, virtualtransaction: `${pid}/1`, granted: true, fastpath: false };
}

function shown({ kind, tableId, key, mode, granted, since, blockedBy }: Entry): SystemRecord {
  const state: SystemRecord = { granted, waitstart: granted ? null : since };
  if (kind === 'table')
    return { ...state, locktype: 'relation', database: DATABASE_OID, relation: tableId ?? null, mode };
  if (kind === 'advisory') {
    const { high, low, sub } = advisoryKey(key ?? '');
    return { ...state, locktype: 'advisory', database: DATABASE_OID, classid: high, objid: low, objsubid: sub, mode };
  }
  return { ...state, locktype: 'transactionid', transactionid: blockedBy[0] ?? null, mode: 'ShareLock' };
}
