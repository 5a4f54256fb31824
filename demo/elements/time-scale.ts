/**
 * Where commits lie on the time line: over their true times, or at even distances. Bars count the commits of each few
 * pixels, logarithmically, so that a single commit beside a busy day stays visible.
 */
import type { Commits } from '../catalog.ts';
import { indexOfSeq, timeOf } from '../state/moments.ts';
import type { TimeTick } from '../state/time-axis.ts';
import { timeTicks } from '../state/time-axis.ts';

/** Height of the bars in pixels. */
export const HEIGHT = 56;
const PAD = 12;
const BAR = 4;
const LABEL = 72;

export class TimeScale {
  /** The commits that it is a scale of. */
  readonly commits: Commits;
  /** Those and the commits of other lines: what the whole width stands for. */
  readonly all: Commits;
  readonly width: number;
  readonly even: boolean;
  readonly #counts: Uint32Array;

  constructor(commits: Commits, width: number, even: boolean, all: Commits = commits) {
    this.commits = commits;
    this.all = all;
    this.width = width;
    this.even = even;
    this.#counts = this.#count(0, commits.seq.length);
  }

  get inner(): number {
    return this.width - 2 * PAD;
  }

  /** Place of the commit with this index. */
  x(index: number): number {
    return this.#xOfShare(this.#share(index));
  }

  /** Place of a commit of any line, or of the last one before it. */
  xOfSeq(seq: number): number {
    return this.#xOfShare(this.#shareInAll(indexOfSeq(this.all, seq)));
  }

  /** Index of the commit nearest to a place. */
  indexAt(x: number): number {
    const last = this.commits.seq.length - 1;
    const share = Math.min(1, Math.max(0, (x - PAD) / this.inner));
    let before = 0;
    let high = last;
    while (before < high) {
      const middle = (before + high + 1) >> 1;
      if (this.#share(middle) <= share) before = middle;
      else high = middle - 1;
    }
    // The nearer of the two neighbours: an isolated commit can be hit from both sides.
    const after = Math.min(last, before + 1);
    return share - this.#share(before) < this.#share(after) - share ? before : after;
  }

  /** Bars of the commits with indexes from `from` up to `to`, as one SVG path. */
  bars(from: number, to: number): string {
    const top = Math.log2(1 + this.#counts.reduce((most, count) => Math.max(most, count), 1));
    let path = '';
    this.#count(from, to).forEach((count, bucket) => {
      if (count === 0) return;
      const height = 6 + Math.round(((HEIGHT - 10) * Math.log2(1 + count)) / top);
      path += `M${PAD + bucket * BAR} ${HEIGHT}v-${height}h${BAR - 1}v${height}z`;
    });
    return path;
  }

  /** Labels with their places; none where commits are at even distances. */
  ticks(): (TimeTick & { readonly x: number })[] {
    const { at } = this.all;
    if (this.even || at.length < 2) return [];
    const [from, to] = [at[0] ?? 0, at.at(-1) ?? 0];
    const ticks = timeTicks(from, to, Math.max(2, Math.floor(this.inner / LABEL)))
      .map((tick) => ({ ...tick, x: Math.max(this.#xOf(tick.at), PAD + 8) }))
      .filter((tick) => tick.x <= this.width - 16);
    return ticks.length > 0 ? ticks : [{ at: from, x: PAD + 24, label: timeOf(from) }];
  }

  #xOf(moment: number): number {
    return this.#xOfShare(this.#shareOf(moment));
  }

  #xOfShare(share: number): number {
    return this.all.seq.length < 2 ? this.width - PAD : PAD + share * this.inner;
  }

  #share(index: number): number {
    if (!this.even) return this.#shareOf(this.commits.at[index] ?? 0);
    return this.#shareInAll(this.all === this.commits ? index : indexOfSeq(this.all, this.commits.seq[index] ?? 0));
  }

  #shareInAll(index: number): number {
    return this.even ? index / Math.max(1, this.all.seq.length - 1) : this.#shareOf(this.all.at[index] ?? 0);
  }

  #shareOf(moment: number): number {
    const { at } = this.all;
    const from = at[0] ?? 0;
    return (moment - from) / Math.max(1, (at.at(-1) ?? 0) - from);
  }

  #count(from: number, to: number): Uint32Array {
    const buckets = new Uint32Array(Math.ceil(this.inner / BAR) + 1);
    for (let index = from; index < to && index < this.commits.seq.length; index++) {
      const bucket = Math.floor((this.x(index) - PAD) / BAR);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    return buckets;
  }
}
