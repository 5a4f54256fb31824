/**
 * Checks a history (history.ts) against what its transactions' levels promise:
 *
 * - every read gives the state at its snapshot with the transaction's own changes; at REPEATABLE READ and SERIALIZABLE
 *   all reads of a transaction have one snapshot, at READ COMMITTED they never go back;
 * - what a change made of a row is made of the newest version before the commit: nothing is lost;
 * - no row was changed by another commit between the snapshot and the commit (REPEATABLE READ and SERIALIZABLE);
 * - of SERIALIZABLE transactions the graph of dependencies (ww, wr, rw, predicates too) has no cycle.
 */
import { changed, type Done, type History, type Read, selects, type State } from './history.ts';

type Committed = Done & { readonly seq: number };

/** What a commit did to the rows that it changed. */
type Effects = readonly { readonly id: number; readonly old: string | undefined; readonly now: string | undefined }[];

/** Returns what is wrong with a history, nothing where all is well. */
export function checkHistory(history: History): string[] {
  const { problems, commits, stateAt, effects } = replay(history);
  for (const one of history.done) problems.push(...checkReads(one, stateAt));
  for (const one of commits) problems.push(...checkFirstCommitter(one, commits));
  const cycle = cycleOf(history.done, commits, effects);
  if (cycle !== null) problems.push(`not serializable: ${cycle.map(({ name }) => name).join(' → ')}`);
  return problems;
}

/** How many of the transactions that SERIALIZABLE stopped would have closed a cycle had they committed. */
export function confirmedStops(history: History): number {
  const { commits, stateAt, effects } = replay(history);
  return history.stopped.filter((one) => {
    const all = new Map(effects).set(one, effectsOf(one, stateAt(one.seq)));
    const later = [...commits, one].sort((a, b) => a.seq - b.seq);
    return cycleOf([...history.done, one], later, all) !== null;
  }).length;
}

function replay(history: History): {
  readonly problems: string[];
  readonly commits: readonly Committed[];
  readonly stateAt: (seq: number) => State;
  readonly effects: ReadonlyMap<Done, Effects>;
} {
  const problems: string[] = [];
  const commits = history.done.filter((one): one is Committed => one.seq !== null).sort((a, b) => a.seq - b.seq);
  const effects = new Map<Done, Effects>();
  const states: (readonly [number, State])[] = [[history.startSeq, history.start]];
  let state = history.start;
  for (const commit of commits) {
    const next = new Map(state);
    for (const change of commit.changes) {
      const row = changed(next.get(change.id), change);
      if (row === null) next.delete(change.id);
      else next.set(change.id, row);
      if (row !== change.after)
        problems.push(`${commit.name} (${commit.level}): lost update of ${change.id}: ${change.after}, not ${row}`);
    }
    effects.set(commit, effectsOf(commit, state));
    state = next;
    states.push([commit.seq, state]);
  }
  if (textOf(state) !== textOf(history.end)) problems.push(`the end is ${textOf(history.end)}, not ${textOf(state)}`);
  const stateAt = (seq: number): State => states.findLast(([at]) => at <= seq)?.[1] ?? new Map();
  return { problems, commits, stateAt, effects };
}

function effectsOf({ changes }: Done, before: State): Effects {
  const rows = new Map<number, string | null>();
  for (const change of changes) {
    const old = rows.has(change.id) ? (rows.get(change.id) ?? undefined) : before.get(change.id);
    rows.set(change.id, changed(old, change));
  }
  return [...rows]
    .map(([id, now]) => ({ id, old: before.get(id), now: now ?? undefined }))
    .filter(({ old, now }) => old !== now);
}

function checkReads({ name, level, reads }: Done, stateAt: (seq: number) => State): string[] {
  const problems: string[] = [];
  let last = -1;
  for (const read of reads) {
    const wanted = new Map<number, string>();
    const whole = new Map<number, string>(stateAt(read.seq));
    for (const [id, v] of read.own) {
      if (v === null) whole.delete(id);
      else whole.set(id, v);
    }
    for (const [id, v] of whole) if (selects(read.where, id, v)) wanted.set(id, v);
    if (textOf(wanted) !== textOf(read.rows))
      problems.push(`${name} (${level}) read ${textOf(read.rows)} at ${read.seq}, where ${textOf(wanted)} was`);
    if (read.seq < last || (level !== 'read committed' && last >= 0 && read.seq !== last))
      problems.push(`${name} (${level}) read at ${read.seq} after ${last}`);
    last = read.seq;
  }
  return problems;
}

function checkFirstCommitter(one: Committed, commits: readonly Committed[]): string[] {
  const [first] = one.reads;
  if (one.level === 'read committed' || first === undefined) return [];
  // A row that others deleted may be inserted again, whatever the snapshot shows.
  const inserted = new Set(one.changes.filter(({ kind }) => kind === 'insert').map(({ id }) => id));
  const own = new Set(one.changes.map(({ id }) => id).filter((id) => !inserted.has(id)));
  return commits
    .filter((other) => other !== one && other.seq > first.seq && other.seq < one.seq)
    .flatMap((other) => other.changes.filter(({ id, kind }) => own.has(id) && kind !== 'insert'))
    .map(({ id }) => `${one.name} (${one.level}) and another have both changed ${id}`);
}

/** A cycle in the dependencies of SERIALIZABLE transactions. */
function cycleOf(
  done: readonly Done[],
  commits: readonly Committed[],
  effects: ReadonlyMap<Done, Effects>,
): Done[] | null {
  const edges = new Map<Done, Set<Done>>(
    done.filter(({ level }) => level === 'serializable').map((node) => [node, new Set()]),
  );
  const add = (from: Done, to: Done): void => {
    if (from !== to && edges.has(from) && edges.has(to)) edges.get(from)?.add(to);
  };
  for (const one of edges.keys()) {
    for (const read of one.reads) {
      for (const commit of commits) {
        if (!changesRead(effects.get(commit) ?? [], read)) continue;
        if (commit.seq <= read.seq) add(commit, one);
        else add(one, commit);
      }
    }
    const own = effects.get(one);
    if (one.seq === null || own === undefined) continue;
    for (const commit of commits) {
      const same = effects.get(commit)?.some(({ id }) => own.some((other) => other.id === id));
      if (same === true && commit.seq < one.seq) add(commit, one);
    }
  }
  return cycleIn(edges);
}

/** Whether a commit changed what a read selects: a row was selected before it or is afterwards. */
function changesRead(effects: Effects, read: Read): boolean {
  return effects.some(
    ({ id, old, now }) =>
      !read.own.has(id) &&
      ((old !== undefined && selects(read.where, id, old)) || (now !== undefined && selects(read.where, id, now))),
  );
}

function cycleIn(edges: ReadonlyMap<Done, ReadonlySet<Done>>): Done[] | null {
  const state = new Map<Done, 'open' | 'done'>();
  const path: Done[] = [];
  const visit = (node: Done): Done[] | null => {
    state.set(node, 'open');
    path.push(node);
    for (const next of edges.get(node) ?? []) {
      if (state.get(next) === 'open') return path.slice(path.indexOf(next));
      const found = state.has(next) ? null : visit(next);
      if (found !== null) return found;
    }
    path.pop();
    state.set(node, 'done');
    return null;
  };
  for (const node of edges.keys()) {
    const found = state.has(node) ? null : visit(node);
    if (found !== null) return found;
  }
  return null;
}

function textOf(state: State): string {
  return [...state]
    .sort(([a], [b]) => a - b)
    .map(([id, v]) => `${id}:${v}`)
    .join(' ');
}
