/**
 * `npm run histories`: random histories of concurrent transactions, with crashes between, checked for anomalies.
 *
 *     npm run histories -- [--minutes M] [--seed S]
 *
 * Ends with 1 where a history is wrong. The code is tests/isolation; it is bundled first, for the speed of plain modules.
 */
import { parseArgs } from 'node:util';
import { withBundled } from './bundled.mjs';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});
await withBundled('tests/isolation/many.ts', async ({ histories }) => {
  const good = await histories(Number(values.minutes), Number(values.seed), (line) => console.log(line));
  process.exitCode = good ? 0 : 1;
});
