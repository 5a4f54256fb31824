/**
 * Retention: history that is old enough goes, unless something needs it.
 *
 * `history_retention` of a table says how long states are kept: before each checkpoint the limit of its history moves on to
 * the state of that long ago. DELETE HISTORY FROM t BEFORE moves it once. States that others need stay, each by itself or
 * with all that came after it (protections.ts; the view drift.protections shows them); what was between goes
 * (table/kept.ts). Where something does not need a state any more, the next move takes it.
 *
 * A table whose key was changed is another one from then on (`former`). ERASE follows its rows from the one to the other
 * by the states on both sides of the change, so these stay while any state before does.
 *
 * Giving states up is one step that readers see at once; what only they need goes in the background
 * (table/history-limit.ts). It is no commit: no state of the database differs by it.
 */
import { DriftError } from '../../base/error.ts';
import { type Task, wait } from '../../base/task.ts';
import type { TableDef } from '../../catalog/schema.ts';
import type { DeleteHistory } from '../../sql/ast-history.ts';
import { firstKept, isSameKept, type Kept, narrowed } from '../../table/kept.ts';
import type { Notice, ResultSet } from '../api.ts';
import type { Core } from '../core.ts';
import { tableNamed } from '../ddl/context.ts';
import { ddlContext } from '../definition.ts';
import { command } from '../show.ts';
import { refuseWrites, type Scene } from '../statement.ts';
import { needsOf } from './needs.ts';
import type { Protection } from './protections.ts';

/** Protections that a notice names. */
const MOST_NAMED = 5;

/** DELETE HISTORY FROM t BEFORE moment: states before it cannot be read any more, and what only they need is removed. */
export function* deleteHistory(scene: Scene, { table: name, before, position }: DeleteHistory): Task<ResultSet> {
  refuseWrites(scene);
  if (scene.inBlock || scene.depth > 0)
    throw new DriftError('25001', 'DELETE HISTORY cannot run inside a transaction block', { position });
  const context = ddlContext(scene);
  const table = tableNamed(context, name, true);
  const wanted = yield* orBegin(context.resolveMoment(before));
  const { core } = scene;
  if (core.line !== undefined) {
    const message = `history of "${table.name}" is kept: branch "${core.line.branch.name}" needs it`;
    return { ...command('DELETE HISTORY'), affectedRows: 0, notices: [notice(message)] };
  }
  const needs = yield* needsOf(core, scene.eval.sessionId);
  const limit = limitOf(wanted, needs);
  const notices: Notice[] = [];
  const open = needs.find(({ isOpen }) => isOpen);
  if (open !== undefined && limit < wanted)
    notices.push(notice(`history of "${table.name}" is kept from commit ${limit} on: ${open.reason} needs it`));
  const removed = yield* cutOff(core, table, limit, needs);
  const { keptBefore } = core.store.table(table.id);
  const single = needs.filter(({ seq }) => keptBefore.some(({ start, end }) => start <= seq && seq < end));
  if (single.length > 0) notices.push(notice(keptText(table.name, single)));
  // Only with a manifest that knows what is kept is the rest gone for good, and the space free.
  yield* wait(core.checkpoint(true));
  return { ...command('DELETE HISTORY'), affectedRows: removed, notices };
}

function notice(message: string): Notice {
  return { severity: 'NOTICE', code: '00000', message };
}

function keptText(name: string, needs: readonly Protection[]): string {
  const named = needs.slice(0, MOST_NAMED).map(({ seq, reason }) => `${seq} (${reason} needs it)`);
  const more = needs.length > MOST_NAMED ? ` and ${needs.length - MOST_NAMED} more` : '';
  return `history of "${name}" is kept at commit ${named.join(', ')}${more}`;
}

/** How far the limit may go: what somebody needs with all that came after it is not passed. */
function limitOf(wanted: number, needs: readonly Protection[]): number {
  return Math.min(wanted, needs.find(({ isOpen }) => isOpen)?.seq ?? Infinity);
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

/**
 * Gives up a table's states before a limit that nothing needs; returns the number of versions that went with them from its
 * leaves, and from those of before another key.
 */
export function* cutOff(core: Core, table: TableDef, limit: number, needs: readonly Protection[]): Task<number> {
  const { store } = core;
  const points = new Set(needs.map(({ seq }) => seq));
  const ids = [...(table.former ?? []), table.id].filter((id) => store.has(id));
  const changed: number[] = [];
  // Nothing waits in here: nobody needs anything else by the end of it.
  for (const id of ids) {
    const before = store.table(id);
    const after = narrowed(before, limit, points);
    if (before.endSeq < Infinity && firstKept(after) < before.endSeq)
      for (const seq of [before.endSeq - 1, before.endSeq]) points.add(seq);
    const kept: Kept = narrowed(before, limit, points);
    if (isSameKept(before, kept)) continue;
    store.keepHistory(id, kept);
    changed.push(id);
  }
  let removed = 0;
  for (const treeId of changed) {
    const job = { kind: 'retention', treeId, reason: `before ${limit}` } as const;
    const { versions } = yield* wait(core.background(job, () => store.trimHistory(treeId)));
    removed += versions;
  }
  return removed;
}

/** Does what history_retention of these tables asks for. */
export function* retainAll(core: Core, tables: readonly TableDef[]): Task<void> {
  for (const table of tables) {
    const micros = table.retention?.micros ?? 0;
    const wanted =
      micros === 0 ? core.manager.published : yield* orBegin(core.manager.timeLine.seqAt(core.host.now() - micros));
    const needs = yield* needsOf(core, null);
    yield* cutOff(core, table, limitOf(wanted, needs), needs);
  }
}
