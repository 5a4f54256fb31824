/**
 * The lines that are not shown, as lanes under the time line: each leaves its parent at the fork and runs to its newest
 * commit, and up again where the line that is shown has taken it in. Of the line that is shown, and of what it shares with others, the bars tell.
 */
import type { Branch, Commits, Merge } from '../catalog.ts';
import { lineOf, stretchesOf } from '../state/lines.ts';
import { HEIGHT } from './time-scale.ts';

/** Height of a lane in pixels. */
export const LANE = 16;
/** More are in the list of branches only. */
const MOST = 4;
/** Under the labels of the axis. */
const TOP = HEIGHT + 24;

export interface Lane {
  readonly name: string;
  readonly y: number;
  /** From the parent at the fork to the newest commit. */
  readonly path: string;
  readonly from: number;
  readonly to: number;
  /** Places of its commits. */
  readonly dots: readonly number[];
  /** From the commit that was taken in up to the merge, as one SVG path. */
  readonly merges: string;
}

interface Line {
  readonly name: string;
  readonly fork: number;
  readonly seqs: readonly number[];
}

/** `x` tells the place of a commit by its sequence number. */
export function branchLanes(
  all: Commits,
  branches: readonly Branch[],
  current: string,
  x: (seq: number) => number,
  merges: readonly Merge[] = [],
): readonly Lane[] {
  if (branches.length < 2) return [];
  const shown = linesBeside(all, branches, current);
  const placed = new Map(shown.map(({ name }, index) => [name, TOP + index * LANE]));
  return shown.map(({ name, fork, seqs }) => {
    const y = placed.get(name) ?? TOP;
    const dots = [...new Set(seqs.map((seq) => Math.round(x(seq))))];
    const from = x(fork);
    // A branch without commits of its own still shows where it was made.
    const to = Math.max(from + LANE, dots.at(-1) ?? 0);
    const start = startOf(branches, current, name, fork, placed);
    const turn = Math.min(from + 10, dots[0] ?? Infinity);
    const taken = merges
      .filter(({ source }) => source === name)
      .map(({ taken: seq, seq: merge }) => [x(seq), x(merge)]);
    return {
      name,
      y,
      path: `M${from} ${start}C${from} ${y} ${from} ${y} ${turn} ${y}H${to}`,
      from,
      to,
      dots,
      merges: taken.map(([at, merge]) => `M${at} ${y}C${merge} ${y} ${merge} ${y} ${merge} ${HEIGHT}`).join(''),
    };
  });
}

/** Lines with what they don't share with the current one; those that were written last, in the order they were made. */
function linesBeside(all: Commits, branches: readonly Branch[], current: string): readonly Line[] {
  const own = stretchesOf(branches, current);
  const lines = branches
    .filter(({ name }) => name !== current)
    .map(({ name, fork }) => {
      // An ancestor goes on beside the current line from where that has left it.
      const left = own.find((stretch) => stretch.branch === name)?.to ?? fork;
      const seqs = all.seq.filter((seq, place) => seq > left && lineOf(all, place) === name);
      return { name, fork: left, seqs };
    });
  const newest = ({ fork, seqs }: Line): number => seqs.at(-1) ?? fork;
  const kept = new Set(lines.toSorted((a, b) => newest(b) - newest(a)).slice(0, MOST));
  return lines.filter((line) => kept.has(line));
}

/** Height at which a line leaves: of the bars where the fork is on the current line, else of its parent's lane. */
function startOf(
  branches: readonly Branch[],
  current: string,
  name: string,
  fork: number,
  placed: ReadonlyMap<string, number>,
): number {
  const own = stretchesOf(branches, current);
  const ofParent = stretchesOf(branches, name).find((stretch) => fork > stretch.from && fork <= stretch.to);
  const line = ofParent?.branch ?? '';
  if (own.some((stretch) => stretch.branch === line && fork <= stretch.to)) return HEIGHT;
  return placed.get(line) ?? HEIGHT;
}
