/**
 * As much of Vitest as a suite needs that runs where Vitest does not: inside a dedicated worker, the only place with
 * synchronous access handles. The pages' build puts it in the place of `vitest`. The matchers are Vitest's own.
 */
import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect';
import * as chai from 'chai';

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

type Body = () => unknown;
interface Test {
  readonly name: string;
  readonly body: Body;
  readonly after: readonly Body[];
}

export interface Outcome {
  readonly name: string;
  /** Null where the test passed. */
  readonly error: string | null;
}

const tests: Test[] = [];
let group = '';
let afterEachOfGroup: Body[] = [];

export const expect: unknown = chai.expect;

export function describe(name: string, body: () => void): void {
  const [outer, outerAfter] = [group, afterEachOfGroup];
  group = `${outer}${name} > `;
  afterEachOfGroup = [...outerAfter];
  body();
  [group, afterEachOfGroup] = [outer, outerAfter];
}

export function it(name: string, body: Body): void {
  tests.push({ name: group + name, body, after: afterEachOfGroup });
}

export function afterEach(body: Body): void {
  afterEachOfGroup.push(body);
}

/** Runs what was described, one after another. */
export async function runTests(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { name, body, after } of tests) {
    let error: string | null = null;
    for (const step of [body, ...after]) {
      try {
        await step();
      } catch (reason) {
        error ??= reason instanceof Error ? `${reason.message}\n${reason.stack}` : String(reason);
      }
    }
    outcomes.push({ name, error });
  }
  return outcomes;
}
