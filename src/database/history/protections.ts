/**
 * What needs states of the past.
 *
 *     one state           a tag, a branch (the state that it left), a line that has taken something from this one by a
 *                         merge (the base of the next), a transaction (its snapshot), a session that stands in the past
 *     it and all after    a change feed
 *
 * Who asks whether two states differ, or takes rows from one, needs no state between them (table/kept.ts).
 */
import type { BranchDef } from '../../catalog/lines.ts';
import type { Catalog } from '../../catalog/schema.ts';
import type { Backend } from '../activity.ts';
import type { Feed } from './feed-positions.ts';

export interface Sources {
  readonly catalog: Catalog;
  /** The branches. */
  readonly lines: Pick<Catalog, 'objects' | 'byId'>;
  readonly backends: ReadonlyMap<number, Backend>;
  /** Where change feeds stand, by their sessions. */
  readonly feeds: ReadonlyMap<number, number>;
  readonly named: readonly Feed[];
}

export interface Protection {
  readonly seq: number;
  /** The state that is needed alone, or with all after it. */
  readonly isOpen: boolean;
  readonly reason: string;
}

/** Everything that needs history, the oldest first; `except`: the session that asks. */
export function protections({ catalog, lines, backends, feeds, named }: Sources, except: number | null): Protection[] {
  const found: Protection[] = [];
  const one = (seq: number, reason: string): void => void found.push({ seq, isOpen: false, reason });
  const on = (seq: number, reason: string): void => void found.push({ seq, isOpen: true, reason });
  for (const object of catalog.objects()) if (object.kind === 'tag') one(object.seq, `tag "${object.name}"`);
  for (const object of lines.objects())
    if (object.kind === 'tag') one(forkOnMain(object as BranchDef, lines), `branch "${object.name}"`);
  for (const { name, seq } of named) on(seq, `change feed "${name}"`);
  for (const [session, seq] of feeds) {
    const line = backends.get(session)?.core.line?.branch;
    const branch = line === undefined ? undefined : (lines.byId(line.id) as BranchDef | undefined);
    // What comes after the fork is the branch's own.
    if (backends.has(session) && (branch === undefined || seq < forkOnMain(branch, lines)))
      on(seq, `the change feed of session ${session}`);
  }
  for (const { id, open, settings } of backends.values()) {
    if (id === except) continue;
    if (open !== null) {
      one(open.transaction.snapshot, `a transaction of session ${id}`);
      if (open.asOf !== null) one(open.asOf, `a transaction of session ${id}`);
    }
    const moment = settings.asOf;
    if (moment?.kind === 'seq') one(moment.seq, `drift.as_of of session ${id}`);
  }
  return found.toSorted((a, b) => a.seq - b.seq);
}

/** The newest state of the main line that a branch rests on: its fork, or that of one that it comes from. */
export function forkOnMain(branch: BranchDef, lines: Sources['lines']): number {
  let fork = branch.seq;
  for (let at: BranchDef | undefined = branch; at !== undefined; at = lines.byId(at.parent) as BranchDef | undefined)
    fork = Math.min(fork, at.seq);
  return fork;
}
