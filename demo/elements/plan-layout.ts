/**
 * The tree of a plan as boxes on a plane. Rows flow from the tables to the result: left to right where there is width,
 * bottom to top on a phone. Leaves take places side by side, an operator stands midway between its inputs.
 */
export const BOX = { width: 208, height: 84 };
const GAP = { along: 72, across: 16 };
const PHONE_GAP = { along: 40, across: 12 };

export interface PlanNode {
  readonly title: string;
  readonly details: readonly (readonly [name: string, value: string])[];
  readonly expected: number | undefined;
  readonly actual: number | undefined;
  /** What it does, in a few words: its condition, key or filter. */
  readonly what: string;
  /** Time of the operator without its inputs, in ms. */
  readonly ownMs: number;
  readonly inputs: readonly PlanNode[];
}

export interface PlacedNode {
  readonly node: PlanNode;
  readonly depth: number;
  readonly x: number;
  readonly y: number;
  /** Index of the operator that takes its rows; -1 for the root. */
  readonly parent: number;
}

export interface PlanLayout {
  readonly nodes: readonly PlacedNode[];
  readonly width: number;
  readonly height: number;
}

/** What a node is, and its numbers, which have places of their own. */
const STRUCTURE =
  /^(?:Node Type|Parent Relationship|Subplan Name|Parallel Aware|Async Capable|Relation Name|Alias|Partial Mode|Inner Unique|Plans|(?:Plan|Actual|Startup|Total) .*)$/;

type Properties = Readonly<Record<string, unknown>>;

/** Details that say what an operator does; the others say what it met, and are shown when it is chosen. */
const TELLING = /cond|filter|key|aggregates|output/i;

/** Reads a node of EXPLAIN (FORMAT JSON); undefined where the value is none. */
export function readPlan(value: unknown): PlanNode | undefined {
  if (!isProperties(value)) return undefined;
  const plans = Array.isArray(value['Plans']) ? (value['Plans'] as unknown[]) : [];
  const inputs = plans.flatMap((plan) => readPlan(plan) ?? []).map(skipKeeper);
  const below = plans.reduce((sum: number, plan) => sum + (isProperties(plan) ? msOf(plan) : 0), 0);
  const details = Object.entries(value).filter(([name]) => !STRUCTURE.test(name));
  const relation = value['Relation Name'];
  const subplan = value['Subplan Name'];
  const what = details.find(([name]) => TELLING.test(name));
  return {
    what: what === undefined ? '' : String(what[1]),
    title: String(value['Node Type'] ?? '') + (typeof relation === 'string' ? ` on ${relation}` : ''),
    details: [
      ...(typeof subplan === 'string' ? [['Subplan', subplan] as const] : []),
      ...details.map(([name, detail]) => [name, String(detail)] as const),
    ],
    expected: numberOf(value['Plan Rows']),
    actual: numberOf(value['Actual Rows']),
    ownMs: Math.max(0, msOf(value) - below),
    inputs,
  };
}

/** Places the tree; `upright` is the phone's orientation, with the result on top. */
export function layOut(root: PlanNode, upright: boolean): PlanLayout {
  const gap = upright ? PHONE_GAP : GAP;
  const along = (upright ? BOX.height : BOX.width) + gap.along;
  const across = (upright ? BOX.width : BOX.height) + gap.across;
  const flat: { node: PlanNode; depth: number; slot: number; parent: number }[] = [];
  let leaves = 0;
  let deepest = 0;
  const visit = (node: PlanNode, depth: number, parent: number): number => {
    deepest = Math.max(deepest, depth);
    const index = flat.push({ node, depth, slot: 0, parent }) - 1;
    const slots = node.inputs.map((input) => visit(input, depth + 1, index));
    const slot = slots.length === 0 ? leaves++ : ((slots[0] ?? 0) + (slots.at(-1) ?? 0)) / 2;
    flat[index] = { node, depth, slot, parent };
    return slot;
  };
  visit(root, 0, -1);
  const nodes = flat.map(({ node, depth, slot, parent }) => ({
    node,
    depth,
    parent,
    x: upright ? slot * across : (deepest - depth) * along,
    y: upright ? depth * along : slot * across,
  }));
  return {
    nodes,
    width: Math.max(...nodes.map(({ x }) => x)) + BOX.width,
    height: Math.max(...nodes.map(({ y }) => y)) + BOX.height,
  };
}

function msOf(node: Properties): number {
  return Number(node['Actual Total Time'] ?? 0);
}

/** What only keeps the rows of a join's side is left out. */
function skipKeeper(node: PlanNode): PlanNode {
  const [input] = node.inputs;
  return (node.title === 'Hash' || node.title === 'Materialize') && input !== undefined ? input : node;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function isProperties(value: unknown): value is Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
