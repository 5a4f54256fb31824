/** Checks a history (history.ts): returns what is wrong with it, nothing where all is well. */
import { type Done, type History, type Read, selects, type State } from './history.ts';

export function checkHistory(history: History): string[] {
  const problems: string[] = [];
  const commits = history.done
    .filter((one): one is Done & { readonly seq: number } => one.seq !== null)
    .sort((a, b) => a.seq - b.seq);
  const states = new Map<number, State>([[history.startSeq, history.start]]);
  const seqs = [history.startSeq];
  let state = history.start;
  for (const commit of commits) {
    const next = new Map(state);
    for (const { id, append, inserts, after } of commit.changes) {
      const before = next.get(id);
      if (append === null) next.delete(id);
      else if (inserts) next.set(id, append);
      else next.set(id, (before ?? '?') + append);
      if (append !== null && next.get(id) !== after)
        problems.push(`${commit.name} (${commit.level}): lost update of ${id}: ${after} instead of ${next.get(id)}`);
    }
    state = next;
    states.set(commit.seq, state);
    seqs.push(commit.seq);
  }
  if (textOf(state) !== textOf(history.end)) problems.push(`the end is ${textOf(history.end)}, not ${textOf(state)}`);
  const stateAt = (seq: number): State => states.get(seqs.findLast((one) => one <= seq) ?? -1) ?? new Map();
  for (const one of history.done) problems.push(...checkReads(one, stateAt));
  for (const one of commits) problems.push(...checkFirstCommitter(one, commits));
  problems.push(...checkSerial(history, commits, stateAt));
  return problems;
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
    for (const [id, v] of whole) if (selects(read, id, v)) wanted.set(id, v);
    if (textOf(wanted) !== textOf(read.rows))
      problems.push(`${name} (${level}) read ${textOf(read.rows)} at ${read.seq}, where ${textOf(wanted)} was`);
    if (read.seq < last || (level !== 'read committed' && last >= 0 && read.seq !== last))
      problems.push(`${name} (${level}) read at ${read.seq} after ${last}`);
    last = read.seq;
  }
  return problems;
}

function checkFirstCommitter(one: Done & { readonly seq: number }, commits: readonly Done[]): string[] {
  const [first] = one.reads;
  if (one.level === 'read committed' || first === undefined) return [];
  // A row that others deleted may be inserted again, whatever the snapshot shows.
  const inserted = new Set(one.changes.filter(({ inserts }) => inserts).map(({ id }) => id));
  const own = new Set(one.changes.map(({ id }) => id).filter((id) => !inserted.has(id)));
  return commits
    .filter((other) => other !== one && (other.seq ?? 0) > first.seq && (other.seq ?? 0) < one.seq)
    .flatMap((other) => other.changes.filter(({ id, inserts }) => own.has(id) && !inserts))
    .map(({ id }) => `${one.name} (${one.level}) and another have both changed ${id}`);
}

/** Cycles in the dependencies of SERIALIZABLE transactions. */
function checkSerial(
  { done }: History,
  commits: readonly (Done & { readonly seq: number })[],
  stateAt: (seq: number) => State,
): string[] {
  const nodes = done.filter(({ level }) => level === 'serializable');
  const edges = new Map<Done, Set<Done>>(nodes.map((node) => [node, new Set()]));
  const add = (from: Done, to: Done): void => {
    if (from !== to && edges.has(from) && edges.has(to)) edges.get(from)?.add(to);
  };
  for (const one of nodes) {
    for (const read of one.reads) {
      for (const commit of commits) {
        if (!changesRead(commit, read, stateAt)) continue;
        if (commit.seq <= read.seq) add(commit, one);
        else add(one, commit);
      }
    }
    if (one.seq === null) continue;
    for (const commit of commits) {
      const same = commit.changes.some(({ id }) => one.changes.some((change) => change.id === id));
      if (same && commit.seq < one.seq) add(commit, one);
    }
  }
  const cycle = cycleIn(edges);
  return cycle === null ? [] : [`not serializable: ${cycle.map(({ name }) => name).join(' → ')}`];
}

/** Whether a commit changed what a read selects: a row was selected before it or is afterwards. */
function changesRead(commit: Done & { readonly seq: number }, read: Read, stateAt: (seq: number) => State): boolean {
  const [before, after] = [stateAt(commit.seq - 1), stateAt(commit.seq)];
  return commit.changes.some(({ id }) => {
    const [old, now] = [before.get(id), after.get(id)];
    if (old === now || read.own.has(id)) return false;
    return (old !== undefined && selects(read, id, old)) || (now !== undefined && selects(read, id, now));
  });
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
