/**
 * What must hold of a tree, looked at from outside: every segment's checksums, the order of leaves and tiles, the order
 * of keys, that a key's versions follow each other without overlap, and that tiles join without gaps (check-tiles.ts).
 * Changes nothing.
 */
import { DriftError } from '../base/error.ts';
import { PAUSE, type Task } from '../base/task.ts';
import { valueAt } from '../base/vector.ts';
import type { Packs } from '../segment/packs.ts';
import type { SegmentRef } from '../segment/segment.ts';
import { checkedRows, type CheckedRows } from './check-rows.ts';
import { checkJoins } from './check-tiles.ts';
import type { Key } from './table.ts';
import type { Leaf } from './tile.ts';
import type { Tree } from './tree.ts';

export interface TreeFindings {
  /** What is wrong, each with its place. */
  readonly problems: string[];
  segments: number;
  versions: number;
}

export interface CheckContext {
  /** The newest applied commit: others may follow meanwhile. */
  readonly newest: () => number;
  /** Names of the files that were there. */
  readonly files: ReadonlySet<string>;
}

/** Reads a whole tree with its history. */
export function* checkTree(tree: Tree, packs: Packs, { newest, files }: CheckContext): Task<TreeFindings> {
  const findings: TreeFindings = { problems: [], segments: 0, versions: 0 };
  const seen = new Set<SegmentRef>();
  let areWhole = true;
  try {
    yield* tree.loadPast();
  } catch (error) {
    if (!(error instanceof DriftError)) throw error;
    findings.problems.push(error.message);
    return findings;
  }
  for (const [ref, isTile] of segmentsOf(tree)) {
    if (seen.has(ref)) continue;
    seen.add(ref);
    findings.segments++;
    try {
      // Whoever opens a missing file makes it.
      if (!files.has(`pack-${ref.pack}`)) throw new DriftError('XX001', `data corrupted: pack-${ref.pack} is missing`);
      const bytes = yield* packs.read(ref);
      const checked = yield* checkedRows(ref, bytes, tree);
      yield PAUSE;
      findings.problems.push(...orderOfRows(checked, ref, isTile));
    } catch (error) {
      if (!(error instanceof DriftError)) throw error;
      findings.problems.push(error.message);
      areWhole = false;
    }
    yield PAUSE;
  }
  findings.problems.push(...orderOfLeaves(tree.leaves));
  // What lies in a damaged segment cannot be compared.
  if (!areWhole) return findings;
  yield* checkVersions(tree, newest, findings);
  for (const leaf of [...tree.leaves]) {
    const at = tree.leaves.indexOf(leaf);
    if (at < 0 || leaf.history.length === 0) continue;
    const range = { low: leaf.low, high: tree.leaves[at + 1]?.low };
    findings.problems.push(...(yield* checkJoins(leaf, range, tree, packs)));
  }
  return findings;
}

/** Stored segments, and whether each is a sealed tile. */
function* segmentsOf(tree: Tree): Generator<readonly [SegmentRef, boolean]> {
  for (const leaf of tree.leaves) {
    if (leaf.stored !== null && !leaf.dirty) yield [leaf.stored, false];
    for (const tile of leaf.history) if (tile.stored !== null) yield [tile.stored, true];
  }
}

/**
 * Current rows ascend by key, closed ones by their ends; the versions of a tile ascend by key, then by `from`. Searches
 * rely on it. The first that does not is told.
 */
function* orderOfRows(
  { keys, from, to, rows, currentRows }: CheckedRows,
  { pack, offset }: SegmentRef,
  isTile: boolean,
): Generator<string> {
  for (let row = 1; row < rows; row++) {
    const [before, key] = [keys[row - 1] as Key, keys[row] as Key];
    const follows =
      row < currentRows
        ? before < key
        : isTile
          ? before < key || (before === key && (from[row - 1] as number) < (from[row] as number))
          : row === currentRows || (to[row - 1] as number) <= (to[row] as number);
    if (follows) continue;
    yield `row ${row} in pack-${pack} at offset ${offset} is out of order: ${String(key)}`;
    return;
  }
}

function orderOfLeaves(leaves: readonly Leaf[]): string[] {
  const problems: string[] = [];
  leaves.forEach((leaf, i) => {
    const before = leaves[i - 1]?.low;
    if (i > 0 && (leaf.low === undefined || (before !== undefined && before >= leaf.low)))
      problems.push(`leaf ${i} does not begin behind the one before it`);
    let end: number | undefined;
    for (const tile of leaf.history) {
      if (tile.startSeq >= tile.endSeq || (end !== undefined && tile.startSeq !== end))
        problems.push(`leaf ${i} has a tile from ${tile.startSeq} to ${tile.endSeq} after one that ends at ${end}`);
      end = tile.endSeq;
    }
    if (end !== undefined && end !== leaf.startSeq)
      problems.push(`leaf ${i} begins at ${leaf.startSeq}, and its last tile ends at ${end}`);
  });
  return problems;
}

function* checkVersions(tree: Tree, newest: () => number, findings: TreeFindings): Task<void> {
  const columns = tree.key.map(({ column }) => column);
  const source = tree.scanVersions({ fromSeq: 0, toSeq: Infinity, columns, versionColumns: true });
  let key: Key | undefined;
  let end = 0;
  let current = 0;
  const { lastChange, rowCount } = tree;
  try {
    for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) {
      const parts = batch.columns;
      for (let k = 0; k < batch.count; k++) {
        const row = batch.selection === null ? k : (batch.selection[k] as number);
        const next = tree.encodeKey(columns.map((_, i) => valueAt(parts[i] as (typeof parts)[number], row)));
        const from = valueAt(parts[columns.length] as (typeof parts)[number], row) as number;
        const to = valueAt(parts[columns.length + 1] as (typeof parts)[number], row) as number;
        const isSame = next === key;
        if (key !== undefined && next < key) findings.problems.push(`a key is out of order: ${String(next)}`);
        if (!(from < to)) findings.problems.push(`a version of ${String(next)} lasts from ${from} to ${to}`);
        else if (isSame && from < end) findings.problems.push(`versions of ${String(next)} overlap at ${from}`);
        if (from > newest())
          findings.problems.push(`a version of ${String(next)} begins at ${from}, after the last commit`);
        if (to === Infinity) current++;
        [key, end] = [next, to];
        if (++findings.versions % 1024 === 0) yield PAUSE;
      }
      yield PAUSE;
    }
  } finally {
    source.close();
  }
  // Where the tree has changed meanwhile, the two are of different moments; of one that was dropped no version is open.
  if (tree.endSeq === Infinity && tree.lastChange === lastChange && tree.rowCount === rowCount && current !== rowCount)
    findings.problems.push(`${current} rows are current where ${rowCount} are counted`);
}
