/**
 * Cold starts of W1: navigations of the smallest application, each in a page and process of its own, on the database of
 * 100,000 rows that W1 left (in memory: on an empty one, with a question that needs no table); and what they load.
 */
import { recordOf } from './peers.mjs';

const WORKLOAD = { id: 'W1', title: 'Start' };
const MEASURE = {
  id: 'cold',
  title: 'cold start: navigation to the first answer',
  per: 'ms',
  commits: false,
};
/** In memory there is no database to open: another measure. */
const IN_MEMORY = { ...MEASURE, id: 'cold-memory', title: 'cold start in memory, to the first answer' };
const POINT = 'SELECT name, price, stock FROM item WHERE id = 4711';
const NO_TABLE = 'SELECT 1 AS one';

export async function coldStarts(run, contestants) {
  const failed = new Set();
  for (let round = 0; round < run.rounds; round++) {
    for (let i = 0; i < contestants.length; i++) {
      const contestant = contestants[(i + round) % contestants.length];
      if (failed.has(contestant.name)) continue;
      const inMemory = contestant.mode === 'memory';
      const record = recordOf(run, WORKLOAD, inMemory ? IN_MEMORY : MEASURE, 'page', contestant.name);
      const outcome = await coldStart(run, contestant, inMemory).catch((error) => ({ error: error.message }));
      if (outcome.error !== undefined) {
        record.error = outcome.error;
        failed.add(contestant.name);
        continue;
      }
      record.samples.push(outcome.ms);
      record.answers.push(outcome.answer);
    }
    run.log(`W1 cold start: round ${round + 1} of ${run.rounds}`);
  }
}

async function coldStart({ site, browser, log, bytes, scale }, contestant, inMemory) {
  const sql = inMemory ? NO_TABLE : POINT.replace('4711', String(Math.min(4711, Math.round(100_000 * scale) - 1)));
  const query = new URLSearchParams({ mode: contestant.mode, database: 'W1-worker', sql });
  const page = await browser.page(site.url(contestant.name, `cold/cold.html?${query}`), (error) =>
    log(`${contestant.name}: ${error}`),
  );
  try {
    await page.waitForFunction('globalThis.cold !== undefined', undefined, { timeout: 60_000, polling: 50 });
    bytes[contestant.name] = split(site.gzipBytes(contestant.name));
    return await page.evaluate('globalThis.cold');
  } finally {
    await page.close();
  }
}

/** Bytes of the page, and of workers and of what they load, which is the engine. */
function split(files) {
  let page = 0;
  let engine = 0;
  for (const [path, bytes] of files) {
    if (/worker|\.(?:wasm|data)$/.test(path)) engine += bytes;
    else page += bytes;
  }
  return { page, engine };
}
