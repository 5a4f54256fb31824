/**
 * `npm run bench`: all contestants and workloads in one Chromium.
 *
 * For each workload, and for the worker and the page in turn, every contestant prepares a database in a page of its own;
 * then rounds go over all of them before the next begins, and start with another contestant each time, so that a noisy
 * minute hits all. The figure of a measure is its median over the rounds. A contestant that fails, is too slow or
 * answers otherwise than most is shown as that, with no figure.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { CONTESTANTS, DIALECTS } from '../contestants/list.mjs';
import { startBrowser } from './browser.mjs';
import { coldStarts } from './cold.mjs';
import { installPackages, versionOf } from './packages.mjs';
import { summarize } from './summary.mjs';
import { startSite } from './site.mjs';

/** What the first, unmeasured round takes no longer than: else it counts. A slower measure is not repeated at all. */
const WARM_UP_MS = 2000;
const NOT_REPEATED_MS = 10_000;
/** One slower than this has failed. */
const TOO_SLOW_MS = 60_000;
const SETUP_MS = 300_000;

/** `save` gets what there is after each workload, for a run is long. */
export async function peers({ only, workloads: wanted, scale, rounds, save, log = console.log }) {
  installPackages();
  const contestants = CONTESTANTS.filter(({ name }) => only === undefined || only.includes(name));
  const workloads = (await readWorkloads()).filter(({ id }) => wanted === undefined || wanted.includes(id));
  const directory = await mkdtemp(join(tmpdir(), 'drift-bench-'));
  const site = await startSite(contestants, join(directory, 'site'));
  const browser = await startBrowser(join(directory, 'profile'));
  const run = { site, browser, scale, rounds, log, records: [], memory: {}, bytes: {} };
  try {
    const limits = await calibrate(run, contestants[0]);
    const summary = () =>
      summarize({
        date: new Date().toISOString(),
        chromium: browser.version,
        cpu: `${cpus().length} × ${cpus()[0]?.model ?? ''}`,
        scale,
        rounds,
        limits,
        contestants: contestants.map((one) => ({ ...one, version: versionOf(one.npm) })),
        records: run.records,
        memory: run.memory,
        bytes: run.bytes,
      });
    for (const workload of workloads) {
      await runWorkload(run, workload, contestants);
      await save(summary());
    }
    return summary();
  } finally {
    await browser.close();
    site.close();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The workloads' titles and measures, from their modules. */
async function readWorkloads() {
  const { outputFiles } = await build({
    entryPoints: [new URL('../workloads/all.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'esm',
    logLevel: 'error',
  });
  const source = Buffer.from(outputFiles[0].contents).toString('base64');
  return (await import(`data:text/javascript;base64,${source}`)).workloads;
}

async function calibrate({ browser, site, log }, contestant) {
  const page = await browser.page(site.url(contestant.name, 'page.html'), log);
  await page.waitForFunction('globalThis.bench !== undefined');
  const limits = await page.evaluate(() => bench.limits());
  await page.close();
  return limits;
}

async function runWorkload(run, workload, contestants) {
  const wheres = [...new Set(workload.measures.flatMap(({ where }) => where))];
  for (const where of wheres) {
    const measures = workload.measures.filter((measure) => measure.where.includes(where));
    const places = [];
    for (const contestant of contestants) places.push(await prepare(run, workload, where, contestant));
    // Round 0 is for the compilers.
    const first = measures.some(({ inOrder }) => inOrder === true) ? 1 : 0;
    for (let round = first; round <= run.rounds; round++) {
      for (const measure of measures) {
        for (let i = 0; i < places.length; i++) {
          await sample(run, workload, measure, where, places[(i + round) % places.length], round === 0);
        }
      }
      run.log(`${workload.id} ${where}: round ${round} of ${run.rounds}`);
    }
    for (const place of places) {
      if (place.failed === undefined) {
        (run.memory[workload.id] ??= {})[place.contestant.name] = await run.browser
          .memory(place.page)
          .catch(() => undefined);
        await within(place.page.evaluate((at) => bench[at].close(), where)).catch(() => undefined);
      }
      await place.page?.close();
    }
  }
  if (workload.id === 'W1') await coldStarts(run, contestants);
}

async function prepare(run, workload, where, contestant) {
  const { site, browser, scale, log } = run;
  const place = { contestant, page: undefined, failed: site.failures.get(contestant.package), done: new Set() };
  if (place.failed !== undefined) return place;
  const started = Date.now();
  const setup = {
    workload: workload.id,
    mode: contestant.mode,
    dialect: DIALECTS[contestant.package],
    scale,
    database: `${workload.id}-${where}`,
  };
  const prepared = async () => {
    place.page = await browser.page(site.url(contestant.name, 'page.html'), (error) =>
      log(`${contestant.name}: ${error}`),
    );
    await place.page.waitForFunction('globalThis.bench !== undefined');
    return place.page.evaluate(([at, argument]) => bench[at].setup(argument), [where, setup]);
  };
  const outcome = await within(prepared(), SETUP_MS).catch((error) => ({ error: error.message }));
  place.failed = outcome.error?.split('\n')[0];
  place.notApplicable = outcome.notApplicable;
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  log(`${workload.id} ${where} ${contestant.name}: ${place.failed ?? `prepared in ${seconds} s`}`);
  return place;
}

async function sample(run, workload, measure, where, place, warmUp) {
  const record = recordOf(run, workload, measure, where, place.contestant.name);
  if (place.done.has(measure.id)) return;
  if (place.failed !== undefined || place.notApplicable !== undefined) {
    if (place.failed !== undefined) record.error = place.failed;
    place.done.add(measure.id);
    return;
  }
  const started = performance.now();
  const outcome = await within(place.page.evaluate(([at, id]) => bench[at].run(id), [where, measure.id])).catch(
    (error) => {
      // Nothing more can be asked of it.
      place.failed = error.message.split('\n')[0];
      return { error: place.failed };
    },
  );
  if ('ms' in outcome) {
    const took = performance.now() - started;
    if (warmUp && took < WARM_UP_MS) return;
    record.samples.push(outcome.ms);
    record.answers.push(outcome.answer);
    for (const [name, value] of Object.entries(outcome.figures ?? {})) (record.figures[name] ??= []).push(value);
    if (took > NOT_REPEATED_MS && measure.inOrder !== true) place.done.add(measure.id);
  } else {
    if (outcome.error !== undefined) {
      record.error = outcome.error.split('\n')[0];
      run.log(`${workload.id}.${measure.id} ${where} ${place.contestant.name}: ${record.error}`);
      if (measure.inOrder === true) place.failed = `after ${measure.id}: ${record.error}`;
    }
    place.done.add(measure.id);
  }
}

export function recordOf(run, workload, measure, where, contestant) {
  const found = run.records.find(
    (one) =>
      one.workload === workload.id &&
      one.measure === measure.id &&
      one.where === where &&
      one.contestant === contestant,
  );
  if (found !== undefined) return found;
  const { id, title, per, commits, limit, persisted } = measure;
  const own = {
    workload: workload.id,
    heading: workload.title,
    measure: id,
    title,
    where,
    per,
    commits,
    limit,
    persisted: persisted ?? false,
    contestant,
    samples: [],
    answers: [],
    figures: {},
    error: undefined,
  };
  run.records.push(own);
  return own;
}

async function within(promise, ms = TOO_SLOW_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`over ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
