/**
 * Retention: history that is old enough goes, unless something needs it.
 *
 * `history_retention` of a table says how long states are kept: before each checkpoint the limit of its history moves on to
 * the state of that long ago. DELETE HISTORY FROM t BEFORE moves it once. Neither passes what others need (the view
 * drift.retention shows it):
 *
 *     a tag               the state that it names
 *     a change feed       what comes after the last commit that it has read, or has said that it has handled (feeds.ts)
 *     a transaction       its snapshot, or the moment that it reads; also drift.as_of of a session
 *
 * Moving the limit is one step that readers see at once; what only earlier states need goes in the background
 * (table/history-limit.ts). It is no commit: no state of the database differs by it.
 */
import { DriftError } from '../../base/error.ts';
import { type Task, wait } from '../../base/task.ts';
import type { TableDef } from '../../catalog/schema.ts';
import type { DeleteHistory } from '../../sql/ast-history.ts';
import type { Notice, ResultSet } from '../api.ts';
import type { Core } from '../core.ts';
import { tableNamed } from '../ddl/context.ts';
import { ddlContext } from '../definition.ts';
import { command } from '../show.ts';
import { refuseWrites, type Scene } from '../statement.ts';
import { feedsAt } from './feed-positions.ts';
import { protections, type Sources } from './protections.ts';

/** DELETE HISTORY FROM t BEFORE moment: states before it cannot be read any more, and what only they need is removed. */
export function* deleteHistory(scene: Scene, { table: name, before, position }: DeleteHistory): Task<ResultSet> {
  refuseWrites(scene);
  if (scene.inBlock || scene.depth > 0)
    throw new DriftError('25001', 'DELETE HISTORY cannot run inside a transaction block', { position });
  const context = ddlContext(scene);
  const table = tableNamed(context, name, true);
  const wanted = yield* orBegin(context.resolveMoment(before));
  const { core } = scene;
  const [needed] = protections(yield* sourcesOf(core), scene.eval.sessionId);
  const limit = Math.min(wanted, needed?.seq ?? Infinity);
  const notices: Notice[] = [];
  if (needed !== undefined && limit < wanted) {
    const message = `history of "${table.name}" is kept from commit ${limit} on: ${needed.reason} needs it`;
    notices.push({ severity: 'NOTICE', code: '00000', message });
  }
  const removed = yield* cutOff(core, table, limit);
  // Only with a manifest that knows the limit is it there to stay, and the space free.
  yield* wait(core.checkpoint(true));
  return { ...command('DELETE HISTORY'), affectedRows: removed, notices };
}

/** A time before the database existed: nothing lies before it. */
function* orBegin(task: Task<number>): Task<number> {
  try {
    return yield* task;
  } catch (error) {
    if (error instanceof DriftError && error.code === '3D000') return 0;
    throw error;
  }
}

/** Moves a table's limit; returns the number of versions that went with it from its leaves, and from those of before another key. */
export function* cutOff(core: Core, table: TableDef, limit: number): Task<number> {
  let removed = 0;
  for (const id of [...(table.former ?? []), table.id])
    if (core.store.has(id) && limit > (limitOf(core, id) ?? 0)) removed += yield* cutOffTree(core, id, limit);
  return removed;
}

function* cutOffTree(core: Core, treeId: number, limit: number): Task<number> {
  core.store.limitHistory(treeId, limit);
  const job = { kind: 'retention', treeId, reason: `before ${limit}` } as const;
  const { versions } = yield* wait(core.background(job, () => core.store.trimHistory(treeId)));
  return versions;
}

/** Does what history_retention of these tables asks for. */
export function* retainAll(core: Core, tables: readonly TableDef[]): Task<void> {
  for (const table of tables) {
    const micros = table.retention?.micros ?? 0;
    const wanted =
      micros === 0 ? core.manager.published : yield* orBegin(core.manager.timeLine.seqAt(core.host.now() - micros));
    const [needed] = protections(yield* sourcesOf(core), null);
    yield* cutOff(core, table, Math.min(wanted, needed?.seq ?? Infinity));
  }
}

function* sourcesOf({ manager, store, lines, sessions, feeds }: Core): Task<Sources> {
  const named = yield* feedsAt(store, manager.catalog, manager.published);
  return { catalog: manager.catalog, lines: lines.state, backends: sessions, feeds, named };
}

function limitOf(core: Core, tableId: number): number | undefined {
  return core.store.limits().find(([id]) => id === tableId)?.[1];
}
