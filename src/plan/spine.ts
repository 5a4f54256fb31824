/**
 * Spines: plans that can be run over a part of one table at a time.
 *
 *     partial aggregate ─ project ─ join ─ filter ─ scan of t        the spine: left inputs down to one full scan
 *                                    │
 *                                    └── build side                  computed once, the same for every part
 *
 * Parting t's rows parts the plan's rows: each node passes a row on, or drops it, by itself; a join keeps or pads its left
 * rows whole; a partial aggregate of the parts is merged above. A gather node has a spine run by several at once.
 */
import type { JoinNode, PlanNode, ScanNode } from './plan.ts';

/** Joins that decide about each left row by itself. */
const LEFT_JOINS: ReadonlySet<JoinNode['type']> = new Set(['inner', 'left', 'semi', 'anti', 'mark', 'single']);

/** The scan at the end of a plan's spine; null where the plan is none. */
export function spineScan(node: PlanNode): ScanNode | null {
  switch (node.kind) {
    case 'scan': {
      const { time, version, access, order } = node;
      const isState = time.kind === 'now' || time.kind === 'asOf';
      return isState && version === null && access.kind === 'full' && order === null ? node : null;
    }
    case 'project':
    case 'filter':
      return spineScan(node.source);
    case 'aggregate':
      return node.step === 'partial' && !node.sorted && node.sets === null ? spineScan(node.source) : null;
    case 'join': {
      const apart = node.algorithm === 'hash' || node.algorithm === 'loop';
      return apart && LEFT_JOINS.has(node.type) && node.correlated.length === 0 ? spineScan(node.left) : null;
    }
    default:
      return null;
  }
}

/** The spine with each build side replaced. */
export function withBuilds(node: PlanNode, replace: (join: JoinNode) => PlanNode): PlanNode {
  switch (node.kind) {
    case 'project':
    case 'filter':
    case 'aggregate':
      return { ...node, source: withBuilds(node.source, replace) };
    case 'join':
      return { ...node, left: withBuilds(node.left, replace), right: replace(node) };
    default:
      return node;
  }
}

/** The spine with its scan marked as one that reads parts. */
export function inParts(node: PlanNode): PlanNode {
  switch (node.kind) {
    case 'scan':
      return { ...node, inParts: true };
    case 'project':
    case 'filter':
    case 'aggregate':
      return { ...node, source: inParts(node.source) };
    case 'join':
      return { ...node, left: inParts(node.left) };
    default:
      return node;
  }
}

/** The spine's joins, the topmost first. */
export function spineJoins(node: PlanNode): JoinNode[] {
  switch (node.kind) {
    case 'project':
    case 'filter':
    case 'aggregate':
      return spineJoins(node.source);
    case 'join':
      return [node, ...spineJoins(node.left)];
    default:
      return [];
  }
}
