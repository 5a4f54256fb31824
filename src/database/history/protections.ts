/** What needs states of the past: tags, change feeds, transactions and sessions that stand in it. */
import type { Catalog } from '../../catalog/schema.ts';
import type { Backend } from '../activity.ts';
import type { Feed } from './feed-positions.ts';

export interface Sources {
  readonly catalog: Catalog;
  /** The branches. */
  readonly lines: Pick<Catalog, 'objects'>;
  readonly backends: ReadonlyMap<number, Backend>;
  /** Where change feeds stand, by their sessions. */
  readonly feeds: ReadonlyMap<number, number>;
  readonly named: readonly Feed[];
}

export interface Protection {
  /** The state that is needed, and all after it. */
  readonly seq: number;
  readonly reason: string;
}

/** Everything that needs history, the oldest first; `except`: the session that asks. */
export function protections({ catalog, lines, backends, feeds, named }: Sources, except: number | null): Protection[] {
  const found: Protection[] = [];
  for (const object of catalog.objects())
    if (object.kind === 'tag') found.push({ seq: object.seq, reason: `tag "${object.name}"` });
  for (const object of lines.objects())
    if (object.kind === 'tag') found.push({ seq: object.seq, reason: `branch "${object.name}"` });
  for (const { name, seq } of named) found.push({ seq, reason: `change feed "${name}"` });
  for (const [session, seq] of feeds)
    if (backends.has(session)) found.push({ seq, reason: `the change feed of session ${session}` });
  for (const { id, open, settings } of backends.values()) {
    if (id === except) continue;
    if (open !== null) {
      const seq = Math.min(open.transaction.snapshot, open.asOf ?? Infinity);
      found.push({ seq, reason: `a transaction of session ${id}` });
    }
    const moment = settings.asOf;
    if (moment?.kind === 'seq') found.push({ seq: moment.seq, reason: `drift.as_of of session ${id}` });
  }
  return found.toSorted((a, b) => a.seq - b.seq);
}
