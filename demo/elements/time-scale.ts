/**
 * Where commits lie on the time line: over their true times, or at even distances. Bars count the commits of each few
 * pixels, logarithmically, so that a single commit beside a busy day stays visible.
 */
import type { Commits } from '../catalog.ts';
import { indexAt, timeOf } from '../state/moments.ts';
import type { TimeTick } from '../state/time-axis.ts';
import { timeTicks } from '../state/time-axis.ts';

/** Height of the bars in pixels. */
export const HEIGHT = 56;
const PAD = 12;
const BAR = 4;
const LABEL = 72;

export class TimeScale {
  readonly commits: Commits;
  readonly width: number;
  readonly even: boolean;
  readonly #counts: Uint32Array;

  constructor(commits: Commits, width: number, even: boolean) {
    this.commits = commits;
    this.width = width;
    this.even = even;
    this.#counts = this.#count(0, commits.seq.length);
  }

  get inner(): number {
    return this.width - 2 * PAD;
  }

  /** Place of the commit with this index. */
  x(index: number): number {
    const { at } = this.commits;
    const last = at.length - 1;
    if (last < 1) return this.width - PAD;
    return this.even ? PAD + (index / last) * this.inner : this.#xOf(at[index] ?? 0);
  }

  /** Index of the commit nearest to a place. */
  indexAt(x: number): number {
    const { at } = this.commits;
    const last = at.length - 1;
    const share = Math.min(1, Math.max(0, (x - PAD) / this.inner));
    if (share === 1) return last;
    if (this.even) return Math.round(share * last);
    const from = at[0] ?? 0;
    const moment = from + share * ((at[last] ?? 0) - from);
    const before = indexAt(this.commits, moment);
    // The nearer of the two neighbours: an isolated commit can be hit from both sides.
    const after = Math.min(last, before + 1);
    return moment - (at[before] ?? 0) < (at[after] ?? 0) - moment ? before : after;
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
    const { at } = this.commits;
    if (this.even || at.length < 2) return [];
    const [from, to] = [at[0] ?? 0, at.at(-1) ?? 0];
    const ticks = timeTicks(from, to, Math.max(2, Math.floor(this.inner / LABEL)))
      .map((tick) => ({ ...tick, x: Math.max(this.#xOf(tick.at), PAD + 8) }))
      .filter((tick) => tick.x <= this.width - 16);
    return ticks.length > 0 ? ticks : [{ at: from, x: PAD + 24, label: timeOf(from) }];
  }

  #xOf(moment: number): number {
    const { at } = this.commits;
    const from = at[0] ?? 0;
    return PAD + ((moment - from) / Math.max(1, (at.at(-1) ?? 0) - from)) * this.inner;
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
