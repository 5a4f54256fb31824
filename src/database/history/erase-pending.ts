/**
 * What follows the commit of an ERASE, at once or after a crash: versions go from the trees, then everything is written
 * again, so that no file holds them.
 *
 *     log has the commit's ERASURE frames            versions go from the trees before the next checkpoint, or while opening
 *     manifest has trees without them, and says      packs below a number go once what lives in them was copied; free bytes
 *     "rewriting"                                    of the manifest become zeros; the next opening goes on with it
 *     manifest says nothing any more                 no file has the rows
 *
 * No checkpoint is written between the first and the second (engine.ts), so no crash finds a state in between.
 */
import { DriftError } from '../../base/error.ts';
import { type Task, wait } from '../../base/task.ts';
import { decodeErasure } from '../../txn/erasure-codec.ts';
import type { Core } from '../core.ts';
import { type ErasureNote, type Ledger, parseLedger, type PendingErasure, type Rewriting } from '../ledger.ts';
import { branchesWith, erasedParts } from './erase-on-lines.ts';
import { destroySalts } from '../proof/destroy.ts';
import { drive } from '../scheduler.ts';

/** How long to wait before looking again whether a backup has let go of the packs that it reads. */
const PINNED_MS = 50;
/** Erasures that drift.erasures remembers. */
const NOTES = 10_000;

/** Takes the versions of one erasure out of the trees. */
function* eraseVersionsOf(core: Core, { seq, payload }: PendingErasure): Task<void> {
  const { store } = core;
  const { tableId, table, rows, keys } = decodeErasure(payload);
  let branches: number[] | undefined;
  const erased = new Set(keys);
  if (store.has(tableId) && erased.size > 0) {
    const parts = core.lines.state.version === 0 ? undefined : yield* erasedParts(core, tableId, erased, seq);
    for (const part of parts ?? [{ tableId, keys: erased, before: seq, isDerived: false }]) {
      if (!part.isDerived) yield* destroySalts(core, part.tableId, part.keys);
      yield* store.erase(part.tableId, part.keys, part.before);
    }
    // Helpers keep copies of segments.
    core.helping.pool?.end();
  }
  if (core.lines.state.version > 0) branches = (yield* branchesWith(core, tableId, erased)).map(({ id }) => id);
  const ledger = parseLedger(core.ledger);
  // What comes from here on goes to packs that never had the rows.
  const rewriting = { below: store.beginPack(0), since: Math.min(seq, ledger.rewriting?.since ?? Infinity) };
  const known = ledger.erasures ?? [];
  const erasures = known.at(-1)?.seq === seq ? known : [...known, { seq, table, rows, branches }].slice(-NOTES);
  core.ledger = JSON.stringify({ ...ledger, rewriting, erasures });
}

export interface ErasureState extends ErasureNote {
  /** `pending`: its rows can be read; `rewriting`: old files may hold them; `done`: no file does. */
  readonly state: 'pending' | 'rewriting' | 'done';
}

/** All erasures that are remembered, and how far each has come. */
export function erasuresOf({ erasures = [], rewriting }: Ledger, erasing: readonly PendingErasure[]): ErasureState[] {
  const found = new Map<number, ErasureState>();
  for (const note of erasures)
    found.set(note.seq, { ...note, state: note.seq >= (rewriting?.since ?? Infinity) ? 'rewriting' : 'done' });
  for (const { seq, payload } of erasing) {
    const { table, rows } = decodeErasure(payload);
    found.set(seq, { seq, table, rows, state: 'pending' });
  }
  return [...found.values()];
}

/** Carries out what was committed. Nothing but maintenance calls this: one piece of work at a time. */
export function* erasePending(core: Core): Task<void> {
  for (let next = core.erasing[0]; next !== undefined; next = core.erasing[0]) {
    yield* eraseVersionsOf(core, next);
    core.erasing.shift();
  }
}

/** What an opening does about erasures that a crash cut off. */
export function* resumeErasing(core: Core): Task<void> {
  yield* erasePending(core);
  // What fails is told by drift.erasures, and goes on at the next opening.
  void (async () => drive(rewriteAll(core), core.host))().catch(() => undefined);
}

/** Writes all that is alive to new packs, so that all others can go, and leaves nothing in the manifest's free bytes. */
export function* rewriteAll(core: Core): Task<void> {
  const { store, host } = core;
  const current = (): Rewriting | undefined => parseLedger(core.ledger).rewriting;
  for (let rewriting = current(); rewriting !== undefined; rewriting = current()) {
    store.beginPack(rewriting.below);
    do {
      yield store.isPinned
        ? new Promise<void>((resolve) => void host.setTimer(PINNED_MS, resolve))
        : host.yieldToOthers();
      if (core.closing)
        throw new DriftError('57P01', 'the database was closed while rows were erased', {
          hint: 'It goes on when the database is opened again.',
        });
      yield* wait(core.checkpoint(true));
    } while (store.hasPacksBelow(rewriting.below));
    for (let times = 0; times < 2; times++) {
      yield* wait(core.scrub());
      yield* wait(core.checkpoint(true));
    }
    yield* wait(core.scrub());
    // Another erasure may have come meanwhile.
    if (current()?.below !== rewriting.below) continue;
    core.ledger = JSON.stringify({ ...parseLedger(core.ledger), rewriting: undefined });
    yield* wait(core.checkpoint(true));
  }
}
