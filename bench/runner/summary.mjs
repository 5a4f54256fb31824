/**
 * Makes of the samples what is told: medians, whose answer is not that of most, ratios of each DriftDB to the best peer of
 * its durability, to the engines that the goals name, and to what the machine allows.
 */
import { goalsOf } from '../targets.mjs';
import { median, spread } from './statistics.mjs';

const SUMMED = ['W7', 'W7L', 'W9'];

export function summarize({ records, ...run }) {
  const byName = new Map(run.contestants.map((contestant) => [contestant.name, contestant]));
  const groups = Map.groupBy === undefined ? groupBy(records) : Map.groupBy(records, keyOf);
  const results = [...groups.values(), ...sumsOf(records)].map((group) => measureOf(group, byName, run));
  return { ...run, results };
}

function keyOf({ workload, measure, where }) {
  return `${workload}.${measure}@${where}`;
}

function groupBy(records) {
  const groups = new Map();
  for (const record of records) {
    const key = keyOf(record);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(record);
  }
  return groups;
}

/** Of workloads whose sum counts: what each contestant took for all, where it has done all. */
function sumsOf(records) {
  return SUMMED.flatMap((workload) => {
    const own = records.filter((record) => record.workload === workload);
    if (own.length === 0) return [];
    const measures = new Set(own.map(({ measure }) => measure));
    const contestants = [...new Set(own.map(({ contestant }) => contestant))];
    return [
      contestants.map((contestant) => {
        const all = own.filter((record) => record.contestant === contestant);
        const done = all.filter(({ samples, error }) => samples.length > 0 && error === undefined);
        const missing = measures.size - done.length;
        const total = done.reduce((sum, { samples }) => sum + median(samples), 0);
        return {
          ...own[0],
          measure: 'sum',
          title: 'sum of all',
          limit: undefined,
          contestant,
          samples: missing === 0 ? [total] : [],
          answers: [],
          figures: {},
          error: missing === 0 ? undefined : `${missing} of ${measures.size} not done`,
        };
      }),
    ];
  });
}

function measureOf(group, byName, run) {
  const { workload, heading, measure, title, where, per, commits, limit } = group[0];
  const right = majority(group);
  const entries = {};
  for (const { contestant, samples, answers, figures, error } of group) {
    const wrong = answers.find((answer) => !same(answer, right));
    if (error !== undefined) entries[contestant] = { error };
    else if (wrong !== undefined) entries[contestant] = { error: `answers ${wrong}, most answer ${right}` };
    else if (samples.length > 0) {
      entries[contestant] = {
        median: median(samples),
        spread: spread(samples),
        samples,
        ...(Object.keys(figures).length === 0
          ? {}
          : { figures: Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, median(values)])) }),
      };
    }
  }
  const least = limitOf(limit, where, run);
  for (const [name, entry] of Object.entries(entries)) {
    if (entry.median === undefined) continue;
    const own = byName.get(name);
    const peers = Object.entries(entries).filter(
      ([other, { median: ms }]) => ms !== undefined && mayCompare(own, byName.get(other), commits),
    );
    const best = peers.toSorted(([, a], [, b]) => a.median - b.median)[0];
    if (best !== undefined) {
      entry.bestPeer = best[0];
      entry.ratio = entry.median / best[1].median;
    }
    if (least !== undefined) entry.toLimit = entry.median / least;
  }
  const goals = goalsOf(workload, measure, where).map((goal) => judge(goal, entries, byName));
  return { workload, heading, measure, title, where, per, commits, answer: right, limit: least, entries, goals };
}

function limitOf(limit, where, { limits, scale }) {
  if (limit === undefined || (limit.where ?? where) !== where) return undefined;
  return limits[limit.of] * (limit.scaled === true ? scale : 1);
}

/** The answer that most give; of as many, the first. */
function majority(group) {
  const given = group.flatMap(({ answers }) => answers.slice(0, 1));
  const votes = given.map((answer) => given.filter((other) => same(answer, other)).length);
  return given[votes.indexOf(Math.max(...votes))];
}

/** Texts equal, numbers in them to a millionth. */
export function same(a, b) {
  if (a === b) return true;
  const left = String(a).split(/[\s;,]+/);
  const right = String(b).split(/[\s;,]+/);
  if (left.length !== right.length) return false;
  return left.every((word, i) => {
    if (word === right[i]) return true;
    const [x, y] = [Number(word), Number(right[i])];
    return Math.abs(x - y) <= 1e-6 * Math.max(Math.abs(x), Math.abs(y));
  });
}

/** Peers are other packages; of the same durability where commits count. */
function mayCompare(own, other, commits) {
  return own.package !== other.package && (!commits || own.durability === other.durability);
}

/** How DriftDB (durable, on OPFS) stands to a goal. */
function judge({ against, atMost }, entries, byName) {
  const own = entries['driftdb'];
  const peers =
    against === 'best'
      ? [own?.bestPeer].filter((name) => name !== undefined)
      : [...byName.values()].filter((one) => one.package === against).map(({ name }) => name);
  const best = Math.min(...peers.map((name) => entries[name]?.median ?? Number.POSITIVE_INFINITY));
  const ratio = own?.median === undefined || !Number.isFinite(best) ? undefined : own.median / best;
  return { against, atMost, ratio, met: ratio === undefined ? undefined : ratio <= atMost };
}
