/**
 * Named change feeds: drift_feed(name [, seq]), drift_advance_feed(name, seq), drift_drop_feed(name).
 *
 * A feed is a name and the last commit that its reader has handled. The state at that commit, and all after it, is kept,
 * whatever retention says, until the feed moves on or is dropped. The positions are rows of a table of the database's own,
 * drift.feeds, made with the first one: to move a feed is a change like others, which commits or fails with the
 * transaction that it is in. So who writes what he makes of the changes into the same database handles each exactly once.
 *
 * A feed follows the line that it was made on. A branch begins with those of its parent, where they stood at the fork;
 * what one of its own has not handled of the time before the fork is kept on the main line (needs.ts).
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { TableDef } from '../../catalog/schema.ts';
import type { FeedCall } from '../../sql/functions/function.ts';
import { lockAdvisory } from '../../txn/lock/advisory.ts';
import { ownTable } from '../ddl/own-table.ts';
import { FEEDS_TABLE, type Feed, feedsAt } from './feed-positions.ts';
import { refuseWrites, type Scene } from '../statement.ts';

/** What feeds' locks are told apart by from those of users ("drif"). */
const LOCKS = 0x64726966;
const [INT8, TEXT] = [20, 25] as const;

/** Throws 42704 for a feed that is not there, 22023 for a commit in the future, 25006. */
export function* callFeed(scene: Scene, { feed }: FeedCall, args: readonly Value[]): Task<Value> {
  const name = String(args[0]);
  const { core, transaction } = scene;
  if (feed !== 'open') refuseWrites(scene);
  // Who else moves the feed is waited for, to the end of his transaction.
  const key = { high: LOCKS, low: hashOf(name), sub: 2 } as const;
  yield* lockAdvisory(core.manager.locks, core.host, transaction, {
    key,
    shared: false,
    transactional: true,
    waits: true,
  });
  const known = yield* positionOf(scene, name);
  if (feed === 'open') {
    if (known !== null) return known;
    const from = args[1] === undefined ? core.manager.published : Number(args[1]);
    put(scene, feedsTable(scene), { name, seq: checked(scene, from) }, false);
    return from;
  }
  if (feed === 'drop') {
    if (known === null) return false;
    writable(scene, feedsTable(scene)).delete(name, true);
    return true;
  }
  if (known === null) throw new DriftError('42704', `change feed "${name}" does not exist`);
  const seq = checked(scene, Number(args[1]));
  // What was handled stays handled.
  if (seq <= known) return known;
  put(scene, feedsTable(scene), { name, seq }, true);
  return seq;
}

/** As the transaction has left it, else as it is now: nobody else moves it. */
function* positionOf({ core: { store, manager }, transaction }: Scene, name: string): Task<number | null> {
  const def = transaction.catalog.relation('drift', FEEDS_TABLE);
  const own = def?.kind === 'table' ? transaction.writes(def.id) : null;
  const entry = own?.latestEntry(name) ?? -1;
  if (own !== null && entry >= 0) return own.isLive(entry) ? Number(valueAt(own.rows()[1] as Vector, entry)) : null;
  const feeds = yield* feedsAt(store, manager.catalog, manager.published);
  return feeds.find((feed) => feed.name === name)?.seq ?? null;
}

function checked({ core: { manager, store } }: Scene, seq: number): number {
  manager.timeLine.checkSeq(seq);
  for (const [id] of store.limits()) {
    const historyFrom = manager.catalog.byId(id) === undefined ? 0 : store.table(id).historyFrom;
    if (seq < historyFrom) throw new DriftError('72000', `history before commit ${historyFrom} is not there any more`);
  }
  return seq;
}

function put(scene: Scene, def: TableDef, { name, seq }: Pick<Feed, 'name' | 'seq'>, existed: boolean): void {
  writable(scene, def).put(name, [name, seq], existed, null);
}

function writable(scene: Scene, { id }: TableDef): ReturnType<Scene['transaction']['writesFor']> {
  return scene.transaction.writesFor(id, scene.core.store.table(id).columns);
}

function feedsTable(scene: Scene): TableDef {
  refuseWrites(scene);
  return ownTable(scene, FEEDS_TABLE, [
    ['name', TEXT],
    ['seq', INT8],
  ]);
}

/** FNV-1a. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
