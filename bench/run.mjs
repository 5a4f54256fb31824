/**
 * `npm run bench`: DriftDB beside its peers in one Chromium, each in its own worker; see docs/performance.md.
 *
 *     npm run bench [-- --quick] [--only CONTESTANT,…] [--workloads W1,…] [--scale N] [--rounds N] [--record]
 *     npm run bench -- history [--rows N] [--rounds N]
 *     npm run bench -- amplification [--rows N]
 *     npm run bench -- sizes [--rows N]
 *     npm run bench -- opening [--rows N] [--updates N]
 *     npm run bench -- encryption [--rows N]
 *     npm run bench -- isolation
 *     npm run bench -- turns [--rows N] [--rounds N] [--workloads NAME,…]
 *     npm run bench -- parse
 *
 *     npm run bench -- helpers [--rows N]
 *     npm run bench -- growth [--rows MOST]
 *     npm run bench -- soak [--minutes N]
 *
 * `--quick`: DriftDB and SQLite at a hundredth of the size, in less than a minute. Results go to the console, and as JSON
 * and HTML to bench/results/; `--record` adds a line to bench/history.jsonl and tells what got slower.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const RESULTS = fileURLToPath(new URL('results/', import.meta.url));
const QUICK = { only: 'driftdb,sqlite-wal', scale: 0.01, rounds: 1 };

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    only: { type: 'string' },
    workloads: { type: 'string' },
    scale: { type: 'string' },
    rounds: { type: 'string' },
    rows: { type: 'string' },
    updates: { type: 'string' },
    minutes: { type: 'string' },
  },
});

/** Benchmarks of one subject, by name: `NAME.mjs` exports a function NAME that takes the options given as numbers. */
const SUBJECTS = [
  'history',
  'amplification',
  'sizes',
  'opening',
  'encryption',
  'isolation',
  'turns',
  'parse',
  'helpers',
  'growth',
  'soak',
];
const [subject] = positionals;
if (subject === undefined) await all();
else if (SUBJECTS.includes(subject)) {
  const module = await import(`./${subject}.mjs`);
  const numbers = ['rows', 'rounds', 'updates', 'minutes'].filter((name) => options[name] !== undefined);
  const { workloads } = options;
  await module[subject]?.({ workloads, ...Object.fromEntries(numbers.map((name) => [name, Number(options[name])])) });
  process.exit(process.exitCode ?? 0);
} else {
  console.error(`no benchmark ${subject}; there are ${SUBJECTS.join(', ')}`);
  process.exit(1);
}

async function all() {
  const { peers } = await import('./runner/peers.mjs');
  const { printTables } = await import('./runner/table.mjs');
  await mkdir(RESULTS, { recursive: true });
  const summary = await peers({
    save: (some) => writeFile(`${RESULTS}peers.json`, `${JSON.stringify(some, null, 1)}\n`),
    only: (options.only ?? (options.quick ? QUICK.only : undefined))?.split(','),
    workloads: options.workloads?.split(','),
    scale: Number(options.scale ?? (options.quick ? QUICK.scale : 1)),
    rounds: Number(options.rounds ?? (options.quick ? QUICK.rounds : 5)),
  });
  printTables(summary);
  const { record, recordedRuns } = await import('./runner/recorded.mjs');
  if (options.record)
    for (const { name, before, after } of record(summary))
      console.log(`slower than last: ${name} ${before} → ${after}`);
  const { reportOf } = await import('./runner/html.mjs');
  await writeFile(`${RESULTS}peers.html`, reportOf(summary, recordedRuns()));
  console.log(`\n${RESULTS}peers.html`);
}
