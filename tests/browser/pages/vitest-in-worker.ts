/**
 * As much of Vitest as a suite needs that runs where Vitest does not: in a page of our own under the strict policy, and
 * in a dedicated worker, the only place with synchronous access handles. The pages' build puts it in the place of
 * `vitest`. The matchers are Vitest's own.
 */
import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect';
import * as chai from 'chai';

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

type Body = () => unknown;

interface Group {
  readonly name: string;
  readonly outer: Group | null;
  readonly beforeAll: Body[];
  readonly beforeEach: Body[];
  readonly afterEach: Body[];
  readonly afterAll: Body[];
  readonly members: (Group | Test)[];
}

interface Test {
  readonly name: string;
  readonly body: Body;
}

export interface Outcome {
  readonly name: string;
  /** Null where the test passed. */
  readonly error: string | null;
}

const root = newGroup('', null);
let group: Group = root;

export const expect: unknown = chai.expect;

export function describe(name: string, body: () => void): void {
  const inner = newGroup(name, group);
  group.members.push(inner);
  group = inner;
  body();
  group = inner.outer ?? root;
}

export function test(name: string, body: Body): void {
  group.members.push({ name, body });
}
export { test as it };

/** Rows that are arrays become arguments, as in Vitest. */
test.each =
  (cases: readonly unknown[]) =>
  (name: string, body: (...values: unknown[]) => unknown): void =>
    cases.forEach((row, i) =>
      test(`${name} #${i}: ${String(Array.isArray(row) ? row[0] : row)}`, () =>
        body(...(Array.isArray(row) ? row : [row]))),
    );

export const beforeAll = (body: Body): number => group.beforeAll.push(body);
export const beforeEach = (body: Body): number => group.beforeEach.push(body);
export const afterEach = (body: Body): number => group.afterEach.push(body);
export const afterAll = (body: Body): number => group.afterAll.push(body);

/** Runs what was described, one after another, and forgets it. */
export async function runTests(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  await runGroup(root, '', outcomes);
  root.members.length = 0;
  return outcomes;
}

async function runGroup(of: Group, path: string, outcomes: Outcome[]): Promise<void> {
  const note = (name: string, error: string | null): number => outcomes.push({ name: path + name, error });
  const before = await firstError(of.beforeAll);
  if (before !== null) note('beforeAll', before);
  for (const member of of.members) {
    if ('members' in member) await runGroup(member, `${path}${member.name} > `, outcomes);
    else note(member.name, await firstError([...hooks(of, 'beforeEach'), member.body, ...hooks(of, 'afterEach')]));
  }
  const after = await firstError(of.afterAll);
  if (after !== null) note('afterAll', after);
}

/** Runs all steps, even after one that fails; returns the first error. */
async function firstError(steps: readonly Body[]): Promise<string | null> {
  let error: string | null = null;
  for (const step of steps) {
    try {
      await step();
    } catch (reason) {
      error ??= reason instanceof Error ? `${reason.message}\n${reason.stack}` : String(reason);
    }
  }
  return error;
}

function hooks(of: Group, kind: 'beforeEach' | 'afterEach'): Body[] {
  return [...(of.outer === null ? [] : hooks(of.outer, kind)), ...of[kind]];
}

function newGroup(name: string, outer: Group | null): Group {
  return { name, outer, beforeAll: [], beforeEach: [], afterEach: [], afterAll: [], members: [] };
}
