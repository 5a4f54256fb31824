/** Plans read from EXPLAIN (FORMAT JSON) and placed: times, what is left out, no overlap. */
import { expect, test } from 'vitest';
import { BOX, layOut, readPlan } from './plan-layout.ts';

const scan = (name: string, ms: number): object => ({
  'Node Type': 'Seq Scan',
  'Relation Name': name,
  'Actual Rows': 10,
  'Plan Rows': 20,
  'Actual Total Time': ms,
  Filter: '(a = 1)',
  Plans: [],
});
const plan = {
  'Node Type': 'Sort',
  'Actual Total Time': 10,
  Plans: [
    {
      'Node Type': 'Hash',
      'Actual Total Time': 9,
      Plans: [{ 'Node Type': 'Hash Join', 'Actual Total Time': 8.9, Plans: [scan('a', 2), scan('b', 3)] }],
    },
  ],
};

test('times are those of the operator alone, Hash nodes are left out, the filter is what a scan says', () => {
  const root = readPlan(plan);
  const [join] = root?.inputs ?? [];
  expect(root?.ownMs).toBeCloseTo(1);
  expect(join?.title).toBe('Hash Join');
  expect(join?.ownMs).toBeCloseTo(3.9);
  expect(join?.inputs.map((input) => input.what)).toEqual(['(a = 1)', '(a = 1)']);
  expect(readPlan('no plan')).toBeUndefined();
});

test('boxes do not overlap; inputs lie before their operator in both orientations', () => {
  const root = readPlan(plan);
  if (root === undefined) throw new Error('no plan');
  for (const upright of [false, true]) {
    const { nodes, width, height } = layOut(root, upright);
    expect(nodes).toHaveLength(4);
    for (const [index, a] of nodes.entries()) {
      expect(a.x + BOX.width).toBeLessThanOrEqual(width);
      expect(a.y + BOX.height).toBeLessThanOrEqual(height);
      for (const b of nodes.slice(index + 1))
        expect(Math.abs(a.x - b.x) >= BOX.width || Math.abs(a.y - b.y) >= BOX.height).toBe(true);
      const parent = nodes[a.parent];
      if (parent !== undefined) expect(upright ? a.y > parent.y : a.x < parent.x).toBe(true);
    }
  }
});
