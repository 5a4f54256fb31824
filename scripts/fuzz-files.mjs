/**
 * `npm run fuzz:files`: the readers of logs, manifests, segments and backups against changed files.
 *
 *     npm run fuzz:files -- [--mutations N] [--seed S] [--first N] [--minutes M]
 *
 * The same seed gives the same mutations. Ends with 1 where a reader did anything but give the right answer or say what is
 * damaged. The code is tests/fuzz/files; it is bundled first, for the speed of plain modules.
 */
import { parseArgs } from 'node:util';
import { withBundled } from './bundled.mjs';

const { values } = parseArgs({
  options: {
    mutations: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    minutes: { type: 'string', default: '60' },
  },
});
let failed = false;
await withBundled('tests/fuzz/files/main.ts', async ({ fuzzFiles, summary }) => {
  const tally = await fuzzFiles({
    seed: Number(values.seed),
    first: Number(values.first),
    mutations: Number(values.mutations),
    seconds: Number(values.minutes) * 60,
    log: (line) => console.log(line),
  });
  console.log(summary(tally));
  failed = tally.failures.length > 0;
});
// A reader that hangs would keep the process.
process.exit(failed ? 1 : 0);
