/**
 * Makes of the samples what is told: medians, whose answer is not that of most, ratios of each DriftDB to the best peer of
 * its durability, to the engines that the goals name, and to what the machine allows.
 */
import { goalsOf } from '../targets.mjs';
import { median, spread } from './statistics.mjs';

export function summarize({ records, ...run }) {
  const byName = new Map(run.contestants.map((contestant) => [contestant.name, contestant]));
  const groups = Map.groupBy === undefined ? groupBy(records) : Map.groupBy(records, keyOf);
  const results = [...groups.values()].map((group) => measureOf(group, byName, run));
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

function measureOf(group, byName, run) {
  const { workload, heading, measure, title, where, per, commits, limit } = group[0];
  const right = majority(group);
  const entries = {};
  for (const { contestant, samples, answers, figures, error } of group) {
    const wrong = answers.find((answer) => answer !== right);
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
  const counts = new Map();
  for (const { answers } of group) if (answers.length > 0) counts.set(answers[0], (counts.get(answers[0]) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0];
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
