/**
 * `npm run simulate`: workloads on a simulated disk with faults at their I/O operations, compared with a model.
 *
 *     npm run simulate -- [--minutes M] [--seed S] [--commits N] [--fault KIND] [--at K] [--work KIND]
 *
 * The same seed gives the same cases; what fails is printed with the command that replays it (`--seed … --at …`: one case).
 * Ends with 1 where anything failed. The code is tests/simulation; it is bundled first, for the speed of plain modules.
 */
import { parseArgs } from 'node:util';
import { withBundled } from './bundled.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    commits: { type: 'string' },
    fault: { type: 'string' },
    at: { type: 'string' },
    work: { type: 'string' },
  },
});
const number = (text) => (text === undefined ? undefined : Number(text));
await withBundled('tests/simulation/main.ts', async ({ simulate }) => {
  const failures = await simulate({
    minutes: Number(values.minutes),
    seed: Number(values.seed),
    commits: number(values.commits),
    fault: values.fault,
    at: number(values.at),
    work: values.work,
    log: (line) => console.log(line),
  });
  process.exitCode = failures.length === 0 ? 0 : 1;
});
