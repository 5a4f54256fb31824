/** Everything in a database that needs states of its main line: what protections.ts finds, and what its branches add. */
import type { Task } from '../../base/task.ts';
import { branches, coreOf, mainOf } from '../branch/lines.ts';
import { lastMerge } from '../branch/three-way.ts';
import type { Core } from '../core.ts';
import { feedsAt } from './feed-positions.ts';
import { forkOnMain, type Protection, protections } from './protections.ts';

/** The line of a session's core that is no branch. */
const MAIN_LINE = 0;

/** The oldest first; `except`: the session that asks. Nothing waits after the last look at what may change. */
export function* needsOf(core: Core, except: number | null): Task<Protection[]> {
  const main = mainOf(core);
  const { manager, store } = main;
  const ofLines: Protection[] = [];
  for (const branch of branches(main)) ofLines.push(...(yield* lineNeeds(main, branch)));
  const named = yield* feedsAt(store, manager.catalog, manager.published);
  const { lines, sessions: backends, feeds } = main;
  const own = protections({ catalog: manager.catalog, lines: lines.state, backends, feeds, named }, except);
  return [...own, ...ofLines].toSorted((a, b) => a.seq - b.seq);
}

/** What a branch needs beside the state that it left: its tags and feeds of before, the base of its next merge with the main line. */
function* lineNeeds(main: Core, branch: ReturnType<typeof branches>[number]): Task<Protection[]> {
  const line = yield* coreOf(main, branch);
  const { manager } = line;
  const found: Protection[] = [];
  const fork = forkOnMain(branch, main.lines.state);
  for (const object of manager.catalog.objects())
    if (object.kind === 'tag' && object.seq < fork)
      found.push({ seq: object.seq, isOpen: false, reason: `tag "${object.name}" of branch "${branch.name}"` });
  for (const { name, seq, since } of yield* feedsAt(line.store, manager.catalog, manager.published))
    if (since > branch.seq && seq < fork)
      found.push({ seq, isOpen: true, reason: `change feed "${name}" of branch "${branch.name}"` });
  const taken = yield* lastMerge(line, MAIN_LINE, manager.published);
  if (taken !== null)
    found.push({ seq: taken.source, isOpen: false, reason: `the last merge into branch "${branch.name}"` });
  return found;
}
