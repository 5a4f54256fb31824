/**
 * `npm run fuzz:sql`: random statements on DriftDB and on PostgreSQL (PGlite, in process), compared.
 *
 *     npm run fuzz:sql -- [--cases N] [--seed S] [--minutes M] [--state FILE] [--raw] [--trace]
 *
 * The same seed gives the same statements. What differs is printed, shrunk to a small script (`--raw`: the statement as
 * it was; `--trace`: each statement before it runs). With `--state` a run that was stopped goes on where it was when it is started again, until it has the cases in all.
 * Ends with 1 where anything differed. The code is tests/fuzz/sql; it is bundled first, for the speed of plain modules.
 */
import { parseArgs } from 'node:util';
import { withBundled } from './bundled.mjs';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '1000' },
    state: { type: 'string' },
    raw: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
  },
});
await withBundled('tests/fuzz/sql/main.ts', async ({ fuzz }) => {
  const tally = await fuzz({
    seed: Number(values.seed),
    cases: Number(values.cases),
    minutes: Number(values.minutes),
    state: values.state,
    shrink: !values.raw,
    trace: values.trace,
    log: (line) => console.log(line),
  });
  process.exitCode = tally.failures.length === 0 ? 0 : 1;
});
