/**
 * The lines of a database: main and its branches. Commits of all lines have one count; what a person travels over are
 * those of the line that the session is on: its own, before its fork those of its parent, and so on.
 */
import type { Branch, Commits } from '../catalog.ts';

/** The line that every database begins with. */
export const MAIN = 'main';

/** A commit where a line has left another one: up to it the other's commits are also its own. */
interface Stretch {
  readonly branch: string;
  /** Commits after this one. */
  readonly from: number;
  /** Up to this one. */
  readonly to: number;
}

export function currentOf(branches: readonly Branch[]): string {
  return branches.find(({ isCurrent }) => isCurrent)?.name ?? MAIN;
}

/** The stretches of history that make up a line, its own first. */
export function stretchesOf(branches: readonly Branch[], name: string): Stretch[] {
  const stretches: Stretch[] = [];
  let to = Infinity;
  let branch = branches.find((other) => other.name === name);
  while (branch?.parent != null && stretches.length < branches.length) {
    stretches.push({ branch: branch.name, from: branch.fork, to });
    to = Math.min(to, branch.fork);
    const { parent } = branch;
    branch = branches.find((other) => other.name === parent);
  }
  stretches.push({ branch: MAIN, from: 0, to });
  return stretches;
}

/** The commits that can be seen from a line; the same object where there are no others. */
export function commitsOf(all: Commits, branches: readonly Branch[], name: string): Commits {
  if (!all.branch.some((branch) => branch !== '') && name === MAIN) return all;
  const stretches = stretchesOf(branches, name);
  const places: number[] = [];
  for (const [place, seq] of all.seq.entries()) if (isOf(stretches, all.branch[place] ?? '', seq)) places.push(place);
  const pick = <T>(values: readonly T[]): T[] => places.map((place) => values[place] as T);
  return {
    seq: pick(all.seq),
    at: pick(all.at),
    author: pick(all.author),
    message: pick(all.message),
    tables: pick(all.tables),
    branch: pick(all.branch),
  };
}

/** The name of a commit's line. */
export function lineOf(all: Commits, place: number): string {
  return all.branch[place] || MAIN;
}

function isOf(stretches: readonly Stretch[], branch: string, seq: number): boolean {
  const name = branch === '' ? MAIN : branch;
  return stretches.some((stretch) => stretch.branch === name && seq > stretch.from && seq <= stretch.to);
}
