/**
 * Which moments of a table can be read: those from `historyFrom` on, and of what was before the spans that something
 * needs (a tag the state that it names, a branch the one that it left).
 *
 *     moments   0 ─────────── 12 ─ 13 ─────────────── 40 ─ 41 ──────── 90 ──────────▶
 *               gone          kept  gone              kept  gone        kept
 *                             keptBefore: [12, 13), [40, 41)            historyFrom: 90
 *
 * A version is kept whole, with its true interval, where it was in force at any of these moments. So a state that is there
 * is wholly there, and a difference of two such states is exact; what happened between them is an error (72000), never
 * something else.
 *
 * Invariants: spans are half-open, ascend, do not touch one another, and end before `historyFrom`. What has gone never
 * comes back: a table's kept moments only get fewer.
 */
import { DriftError } from '../base/error.ts';

/** Moments [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Kept {
  /** All states from this one on are there. */
  readonly historyFrom: number;
  readonly keptBefore: readonly Span[];
}

/** Nothing has gone. */
export const WHOLE: Kept = { historyFrom: 0, keptBefore: [] };

export function isKept(kept: Kept, seq: number): boolean {
  return seq >= kept.historyFrom || spanOf(kept, seq) !== undefined;
}

/** The span before `historyFrom` that holds a moment. */
export function spanOf({ keptBefore }: Kept, seq: number): Span | undefined {
  return keptBefore.find(({ start, end }) => start <= seq && seq < end);
}

/** The first moment that is there. */
export function firstKept({ historyFrom, keptBefore }: Kept): number {
  return keptBefore[0]?.start ?? historyFrom;
}

/** The first moment of [from, to] that is gone; null where all are there. */
export function firstGone({ historyFrom, keptBefore }: Kept, from: number, to: number): number | null {
  let at = from;
  for (const { start, end } of keptBefore) if (start <= at && at < end) at = end;
  return at >= historyFrom || at > to ? null : at;
}

/** Whether a version that is in force in [from, to) belongs to a state that is kept. */
export function isNeeded({ historyFrom, keptBefore }: Kept, from: number, to: number): boolean {
  return to > historyFrom || keptBefore.some(({ start, end }) => from < end && to > start);
}

/** Throws 72000 unless the state is there. */
export function requireKept(kept: Kept, seq: number): void {
  if (!isKept(kept, seq)) throw goneError(kept, seq);
}

/** A period whose versions are asked for (VersionScanOptions). */
interface Period {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly whatIsLeft?: boolean | undefined;
}

/** Whether a scan of versions is to give what there is, rather than an error where something is missing. */
export function takesWhatIsLeft({ fromSeq, toSeq, whatIsLeft }: Period): boolean {
  return whatIsLeft === true || (fromSeq === 0 && toSeq === Infinity);
}

/** Throws 72000 unless all states of a scan of versions are there: only ALL gives what is left. */
export function requirePeriod(kept: Kept, options: Period): void {
  if (kept.historyFrom === 0 || takesWhatIsLeft(options)) return;
  const gone = firstGone(kept, options.fromSeq, options.toSeq);
  if (gone !== null) throw goneError(kept, gone);
}

/** The error of a state that is gone. */
export function goneError({ historyFrom, keptBefore }: Kept, seq: number): DriftError {
  const spans = spansText(keptBefore);
  return new DriftError('72000', `the state at ${seq} is not there any more`, {
    detail: `History of the table begins at ${historyFrom}${spans === '' ? '' : `; of before, ${spans} is kept`}.`,
    hint: 'What was before was removed: by history_retention, or by DELETE HISTORY.',
  });
}

/** Spans as people write them: 12, 40–45. */
export function spansText(spans: readonly Span[]): string {
  return spans.map(({ start, end }) => (end === start + 1 ? `${start}` : `${start}–${end - 1}`)).join(', ');
}

/** What is kept once states before `limit` go that are none of `points`. */
export function narrowed(kept: Kept, limit: number, points: Iterable<number>): Kept {
  const from = Math.max(kept.historyFrom, limit);
  const spans: Span[] = [];
  let historyFrom = from;
  for (const point of [...new Set(points)].toSorted((a, b) => a - b)) {
    if (point >= from || !isKept(kept, point)) continue;
    const last = spans.at(-1);
    if (last?.end === point) spans[spans.length - 1] = { start: last.start, end: point + 1 };
    else spans.push({ start: point, end: point + 1 });
  }
  if (spans.at(-1)?.end === from) historyFrom = (spans.pop() as Span).start;
  return { historyFrom, keptBefore: spans };
}

export function isSameKept(a: Kept, b: Kept): boolean {
  return a.historyFrom === b.historyFrom && spansText(a.keptBefore) === spansText(b.keptBefore);
}
