/** The results as tables of text: a line a measure, then the goals, memory and bytes, and who failed. */
import { SIZE_TARGETS } from '../targets.mjs';
import { format } from './statistics.mjs';

export function printTables(summary, log = console.log) {
  const names = summary.contestants.map(({ name }) => name);
  log(`\nDriftDB ${versions(summary)}; ${summary.chromium}; ${summary.cpu}; scale ${summary.scale}`);
  log(
    `limits: ${Object.entries(summary.limits)
      .map(([name, ms]) => `${name} ${format(ms)} ms`)
      .join(', ')}`,
  );
  for (const name of names) {
    const lines = summary.results.filter(({ entries }) => entries[name] !== undefined);
    if (!name.startsWith('driftdb')) continue;
    log(`\n${name}, ratios to the best peer:`);
    log(
      grid(
        ['', 'time', '± %', 'ratio', 'best peer', 'to limit'],
        lines.map(({ workload, measure, where, per, entries }) => {
          const { median, spread, ratio, bestPeer, toLimit, error } = entries[name];
          const title = `${workload}.${measure} ${where} (${per})`;
          if (error !== undefined) return [title, `FAILED: ${error}`, '', '', '', ''];
          return [title, format(median), format(spread * 50), format(ratio), bestPeer ?? '', format(toLimit)];
        }),
      ),
    );
  }
  log('\nall contestants, medians:');
  log(
    grid(
      ['', ...names],
      summary.results.map(({ workload, measure, where, entries }) => [
        `${workload}.${measure} ${where}`,
        ...names.map((name) => (entries[name]?.error === undefined ? format(entries[name]?.median) : 'failed')),
      ]),
    ),
  );
  for (const { workload, measure, where, entries } of summary.results) {
    const told = Object.entries(entries).filter(([, { figures }]) => figures !== undefined);
    if (told.length === 0) continue;
    const figures = [...new Set(told.flatMap(([, entry]) => Object.keys(entry.figures)))];
    log(`\n${workload}.${measure} ${where}, more figures (times in ms; writes, flushes and bytes of OPFS each):`);
    log(
      grid(
        ['', ...figures],
        told.map(([name, entry]) => [name, ...figures.map((figure) => format(entry.figures[figure]))]),
      ),
    );
  }
  log('\ngoals (driftdb ÷ the best of them):');
  log(
    grid(
      ['', 'against', 'ratio', 'at most', ''],
      summary.results.flatMap(({ workload, measure, where, goals }) =>
        goals
          .filter(({ ratio }) => ratio !== undefined)
          .map(({ against, ratio, atMost, met }) => [
            `${workload}.${measure} ${where}`,
            against,
            format(ratio),
            format(atMost),
            met ? 'met' : 'MISSED',
          ]),
      ),
    ),
  );
  sizes(summary, log);
  const failures = failuresOf(summary);
  if (failures.length > 0) log(`\nfailed:\n${failures.map((line) => `  ${line}`).join('\n')}`);
}

/** Lines that say who failed where, and why; the same reason once a workload. */
export function failuresOf({ results }) {
  const lines = new Set();
  for (const { workload, measure, where, entries } of results)
    for (const [name, { error }] of Object.entries(entries))
      if (error !== undefined) lines.add(`${name} ${workload}.${measure} ${where}: ${error}`);
  return [...lines];
}

function sizes({ memory, bytes, contestants }, log) {
  const workloads = Object.keys(memory);
  log('\nmemory of the renderer after each workload (MB, resident), and gzipped bytes of a cold start (KB):');
  log(
    grid(
      ['', ...workloads, 'page', 'engine'],
      contestants.map(({ name }) => [
        name,
        ...workloads.map((id) => format(memory[id]?.[name])),
        format((bytes[name]?.page ?? Number.NaN) / 1000),
        format((bytes[name]?.engine ?? Number.NaN) / 1000),
      ]),
    ),
  );
  memoryGoals(memory, log);
  const own = bytes['driftdb'];
  if (own !== undefined)
    log(
      `bytes of DriftDB: engine ${own.engine} of ${SIZE_TARGETS.engineBytes}, page ${own.page} of ${SIZE_TARGETS.pageBytes}`,
    );
}

function memoryGoals({ W1: start, W6: queries }, log) {
  const [own, duckdb] = [queries?.['driftdb'], queries?.['duckdb']];
  if (own !== undefined && duckdb !== undefined)
    log(`memory after W6: ${format(own / duckdb)} × DuckDB's, at most ${SIZE_TARGETS.memoryToDuckdb}`);
  const sqlite = Object.entries(start ?? {}).flatMap(([name, mb]) =>
    name.startsWith('sqlite') && mb !== undefined ? mb : [],
  );
  if (start?.['driftdb'] !== undefined && sqlite.length > 0)
    log(
      `memory after W1: SQLite's + ${format(start['driftdb'] - Math.min(...sqlite))} MB, at most ${SIZE_TARGETS.memoryOverSqlite}`,
    );
}

function versions({ contestants }) {
  const by = new Map(contestants.map(({ npm, version }) => [npm, version]));
  const own = by.get('driftdb-web');
  by.delete('driftdb-web');
  return `${own} beside ${[...by].map(([npm, version]) => `${npm} ${version}`).join(', ')}`;
}

export function grid(head, body) {
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((line) => (line[column] ?? '').length)));
  return [head, ...body]
    .map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
    .join('\n');
}
