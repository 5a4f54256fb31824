/**
 * FOR SYSTEM_TIME … OF BRANCH, and AS OF BRANCH: the history of another line, for a table in a statement on this one.
 *
 * A moment is a number, and so is that of another line: its place among the lines that were read so, times a number beyond
 * all commits, and the sequence number. The reader of a statement (txn/snapshot-reader.ts) takes it apart again; whatever
 * else is asked for such a moment refuses it as one in the future.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { Catalog } from '../../catalog/schema.ts';
import { OTHER_LINE } from '../../txn/time-line.ts';
import type { OtherLine } from '../../plan/binder/context.ts';
import type { Core } from '../core.ts';
import { branchNamed, coreOf } from './lines.ts';

/** Where a branch is no moment. */
export function noMoment(): DriftError {
  return new DriftError(
    '0A000',
    'a branch is a moment for a table only: FOR SYSTEM_TIME AS OF BRANCH b, or … OF BRANCH b',
  );
}

interface Reading {
  readonly core: Core;
  readonly transaction: { readonly snapshot: number };
  readonly eval: { readonly catalog: { readonly temp?: string | null; readonly path?: readonly string[] } };
}

/** Throws 42704. */
export function* otherLine({ core, transaction, eval: { catalog } }: Reading, name: string): Task<OtherLine> {
  const { manager, store } = yield* coreOf(core, branchNamed(core, name));
  const { lines } = manager.timeLine;
  if (!lines.includes(store)) lines.push(store);
  const catalogAt = function* (seq: number): Task<Catalog> {
    return (yield* manager.catalogs.at(seq)).forSession(catalog.temp ?? null, catalog.path);
  };
  return {
    base: (lines.indexOf(store) + 1) * OTHER_LINE,
    lastSeq: transaction.snapshot,
    catalogAt,
    *resolveMoment(moment) {
      if (moment.kind === 'branch') throw noMoment();
      if (moment.kind === 'seq') return manager.timeLine.checkSeq(moment.seq);
      if (moment.kind === 'timestamp') return yield* manager.timeLine.seqAt(moment.micros);
      const tag = manager.catalog.tag(moment.name) ?? core.manager.catalog.tag(moment.name);
      if (tag === undefined) throw new DriftError('42704', `tag "${moment.name}" does not exist`);
      return tag.seq;
    },
  };
}
