/** Test projects: `unit` runs everywhere; browser, corpus and simulation suites have projects of their own. */
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const MEASURING = ['tests/browser/latency.test.ts', 'tests/browser/memory.test.ts'];
/** What measures computing time in process. */
const TIMED = [
  'tests/database/activity.test.ts',
  'tests/database/branch-cost.test.ts',
  'tests/database/bulk-turns.test.ts',
  'tests/database/cancellation.test.ts',
  'tests/database/latency.test.ts',
  'tests/database/maintenance-slices.test.ts',
  'tests/database/slices.test.ts',
  'tests/database/small-statements.test.ts',
];

/** What takes longest in its project, from some twenty seconds on. */
const LONGEST = [
  'e2e/console.e2e.ts',
  'tests/browser/kill.test.ts',
  'tests/browser/database.test.ts',
  'tests/browser/build.test.ts',
  'tests/fuzz/sql.test.ts',
  'tests/isolation/histories.test.ts',
  'tests/simulation/crash-everywhere.test.ts',
  'tests/simulation/crash-sampled.test.ts',
  'tests/simulation/faults-by-work.test.ts',
  'tests/simulation/faults-everywhere.test.ts',
];

/** Begins with what takes longest: otherwise one core waits for it at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONGEST.some((name) => moduleId.endsWith(name));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          include: ['src/**/*.test.ts', 'tests/**/*.test.ts', 'demo/**/*.test.ts'],
          exclude: [
            'tests/browser/**',
            'tests/corpus/**',
            'tests/fuzz/**',
            'tests/simulation/**',
            'tests/package/**',
            'node_modules/**',
            ...TIMED,
          ],
          testTimeout: 60_000,
          // Modules are loaded once for all files: a fresh engine for each takes longer than most of the tests.
          isolate: false,
        },
      },
      {
        // Nothing runs beside it, and what another program's load made slow is measured again.
        test: {
          name: 'timed',
          environment: 'node',
          include: TIMED,
          fileParallelism: false,
          isolate: false,
          retry: 2,
          testTimeout: 120_000,
        },
      },
      {
        // Chromium through Playwright, driven from Node.
        test: {
          name: 'browser',
          environment: 'node',
          include: ['tests/browser/**/*.test.ts'],
          exclude: MEASURING,
          globalSetup: ['tests/browser/built-pages.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        // What measures time or memory there: nothing runs beside it, and what another program's load made slow is measured
        // again.
        test: {
          name: 'browser-alone',
          environment: 'node',
          include: MEASURING,
          globalSetup: ['tests/browser/built-pages.ts'],
          fileParallelism: false,
          retry: 2,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        // The console in Chromium, as a user meets it; leaves screenshots in e2e/screenshots.
        test: {
          name: 'e2e',
          environment: 'node',
          include: ['e2e/**/*.e2e.ts'],
          globalSetup: ['e2e/console-site.ts'],
          // A page on a slow machine takes its time.
          expect: { poll: { timeout: 10_000 } },
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        // What npm would publish, installed elsewhere.
        test: {
          name: 'package',
          environment: 'node',
          include: ['tests/package/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'corpus',
          environment: 'node',
          include: ['tests/corpus/**/*.test.ts'],
          testTimeout: 300_000,
        },
      },
      {
        // Random statements and bytes.
        test: {
          name: 'fuzz',
          environment: 'node',
          include: ['tests/fuzz/**/*.test.ts'],
          testTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'simulation',
          environment: 'node',
          include: ['tests/simulation/**/*.test.ts'],
          testTimeout: 900_000,
        },
      },
    ],
  },
});
