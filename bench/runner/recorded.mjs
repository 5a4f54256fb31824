/**
 * bench/history.jsonl: a line for each recorded run, with ratios to SQLite in the same run, not milliseconds, so that
 * runs of other days and machines can be put beside each other.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PATH = fileURLToPath(new URL('../history.jsonl', import.meta.url));
/** A ratio that has grown by more than this is told. */
const SLOWER = 1.25;

export function recordedRuns() {
  if (!existsSync(PATH)) return [];
  return readFileSync(PATH, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Appends the run, and returns what got slower since the last recorded one of the same scale. */
export function record(summary) {
  const last = recordedRuns().findLast(({ scale }) => scale === summary.scale);
  const run = lineOf(summary);
  appendFileSync(PATH, `${JSON.stringify(run)}\n`);
  return last === undefined ? [] : slowerThan(last, run);
}

/** Measures whose ratio to SQLite has grown, with both ratios. */
export function slowerThan(before, after) {
  return Object.entries(after.ratios).flatMap(([name, ratio]) => {
    const old = before.ratios[name];
    return old === undefined || ratio <= old * SLOWER ? [] : [{ name, before: old, after: ratio }];
  });
}

export function lineOf({ date, chromium, cpu, scale, rounds, results, contestants }) {
  const versions = Object.fromEntries(contestants.map(({ npm, version }) => [npm, version]));
  return {
    date,
    commit: commit(),
    chromium,
    cpu,
    scale,
    rounds,
    versions,
    ratios: ratiosToSqlite(results, contestants),
  };
}

/** DriftDB on OPFS, to the fastest SQLite of the same durability where commits count, else to the fastest. */
function ratiosToSqlite(results, contestants) {
  const ratios = {};
  for (const { workload, measure, where, commits, entries } of results) {
    const own = entries['driftdb']?.median;
    const times = contestants
      .filter((one) => one.package === 'sqlite' && (!commits || one.durability === 'full'))
      .flatMap(({ name }) => entries[name]?.median ?? []);
    if (own === undefined || times.length === 0) continue;
    ratios[`${workload}.${measure}@${where}`] = Number((own / Math.min(...times)).toPrecision(3));
  }
  return ratios;
}

function commit() {
  const { stdout, status } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
}
