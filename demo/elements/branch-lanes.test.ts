/** Lines beside the one that is shown: what is shared belongs to it, the rest leaves it at the fork. */
import { expect, test } from 'vitest';
import type { Branch } from '../catalog.ts';
import { commitsOf } from '../state/lines.ts';
import { branchLanes } from './branch-lanes.ts';

const seq = [1, 2, 3, 4, 5, 6, 7, 8];
const commits = {
  seq,
  at: seq.map((number) => number * 1000),
  author: seq.map(() => ''),
  message: seq.map((number) => `m${number}`),
  tables: seq.map(() => ''),
  branch: ['', '', '', 'a', '', 'b', 'a', ''],
};
const line = (name: string, parent: string | null, fork: number): Branch => ({
  name,
  parent,
  fork,
  isCurrent: false,
  rowsChanged: 0,
  bytes: 0,
});
// a leaves main after 2, b leaves a after 4.
const branches = [line('main', null, 0), line('a', 'main', 2), line('b', 'a', 4)];

test.each([
  ['main', [1, 2, 3, 5, 8]],
  ['a', [1, 2, 4, 7]],
  ['b', [1, 2, 4, 6]],
])('from %s these commits are seen', (name, seen) => {
  const own = commitsOf(commits, branches, name);
  expect(own.seq).toEqual(seen);
  expect(own.message).toEqual(seen.map((number) => `m${number}`));
});

test('without branches nothing is copied and there are no lanes', () => {
  const plain = { ...commits, branch: seq.map(() => '') };
  const [main] = branches;
  expect(commitsOf(plain, main === undefined ? [] : [main], 'main')).toBe(plain);
  expect(branchLanes(plain, main === undefined ? [] : [main], 'main', (number) => number)).toEqual([]);
});

test.each([
  [
    'main',
    [
      ['a', 20, [40, 70], 56],
      ['b', 40, [60], 80],
    ],
  ],
  [
    'a',
    [
      ['main', 20, [30, 50, 80], 56],
      ['b', 40, [60], 56],
    ],
  ],
  [
    'b',
    [
      ['main', 20, [30, 50, 80], 56],
      ['a', 40, [70], 56],
    ],
  ],
])('beside %s the others have lanes that begin at their forks', (current, expected) => {
  const lanes = branchLanes(commits, branches, current, (number) => number * 10);
  const starts = lanes.map(({ path }) => Number(/^M[\d.]+ ([\d.]+)/.exec(path)?.[1]));
  expect(lanes.map(({ name, from, dots }, index) => [name, from, dots, starts[index]])).toEqual(expected);
});

test('a branch without commits still shows its fork; of many the newest four are shown', () => {
  const many = [line('main', null, 0), ...[1, 2, 3, 4, 5].map((fork) => line(`b${fork}`, 'main', fork))];
  const lanes = branchLanes({ ...commits, branch: seq.map(() => '') }, many, 'main', (number) => number * 10);
  expect(lanes.map(({ name }) => name)).toEqual(['b2', 'b3', 'b4', 'b5']);
  expect(lanes.every(({ from, to, dots }) => to > from && dots.length === 0)).toBe(true);
});

test('a merge leads from what it took up to its commit', () => {
  const merges = [{ source: 'a', taken: 7, seq: 8 }];
  const lanes = branchLanes(commits, branches, 'main', (number) => number * 10, merges);
  expect(lanes.map(({ name, merges: path }) => [name, path])).toEqual([
    ['a', 'M70 80C80 80 80 80 80 56'],
    ['b', ''],
  ]);
});
