/**
 * The report: one HTML file without anything from elsewhere. A chart of bars for each measure (logarithmic, for the
 * contestants are up to thousands of times apart), the goals, memory and bytes, and lines over runs and sizes.
 */
import { failuresOf } from './table.mjs';
import { format } from './statistics.mjs';

const BAR_WIDTH = 420;
const CHART = { width: 640, height: 260, left: 60, bottom: 30, top: 10, right: 150 };
const COLOURS = ['#0b6', '#06c', '#c60', '#a0a', '#c03', '#088', '#666', '#860'];

/** The report of a run of all contestants; `recorded` are the lines of history.jsonl. */
export function reportOf(summary, recorded = []) {
  const { results, contestants } = summary;
  const headings = [...new Set(results.map(({ workload }) => workload))];
  const sections = headings.map((workload) => {
    const own = results.filter((result) => result.workload === workload);
    return `<h2>${text(workload)} · ${text(own[0].heading)}</h2>${own.map((result) => barsOf(result, contestants)).join('')}`;
  });
  return page(
    'DriftDB beside its peers',
    `<p>${text(summary.date)}, Chromium ${text(summary.chromium)}, ${text(summary.cpu)}, scale ${summary.scale},
      medians of ${summary.rounds} rounds. Bars are logarithmic; a lighter end is the middle half of the samples; a line
      is what the machine allows without any engine.</p>
    ${versions(contestants)}
    <h2>Goals</h2>${goals(results)}
    ${sections.join('\n')}
    <h2>Memory of the renderer, MB</h2>${memory(summary)}
    <h2>Bytes of a cold start, gzip</h2>${bytes(summary)}
    ${failed(summary)}
    ${recorded.length > 1 ? `<h2>Recorded runs, ratio to SQLite</h2>${historyChart(recorded)}` : ''}`,
  );
}

/** Lines of numbers by size or time, both axes logarithmic where asked. `series`: name → list of [x, y]. */
export function lineChart(title, series, { logX = true, logY = true, unit = '' } = {}) {
  const all = Object.values(series).flat();
  const scale = (values, log, from, to) => {
    const map = (value) => (log ? Math.log10(Math.max(value, 1e-6)) : value);
    const [low, high] = [Math.min(...values.map(map)), Math.max(...values.map(map))];
    return (value) => from + ((map(value) - low) / (high - low || 1)) * (to - from);
  };
  const { width, height, left, bottom, top, right } = CHART;
  const xs = all.map(([value]) => value);
  const ys = all.map(([, value]) => value);
  const x = scale(xs, logX, left, width - right);
  const y = scale(ys, logY, height - bottom, top);
  const lines = Object.entries(series).map(([name, points], i) => {
    const colour = COLOURS[i % COLOURS.length];
    const path = points.map(([px, py], k) => `${k === 0 ? 'M' : 'L'}${x(px).toFixed(1)},${y(py).toFixed(1)}`).join('');
    const [lastX, lastY] = points.at(-1) ?? [0, 0];
    const dots = points.map(
      ([px, py]) =>
        `<circle cx="${x(px).toFixed(1)}" cy="${y(py).toFixed(1)}" r="3" fill="${colour}"><title>${text(name)}: ${px} → ${format(py)} ${unit}</title></circle>`,
    );
    return `<path d="${path}" fill="none" stroke="${colour}"/>${dots.join('')}
      <text x="${(x(lastX) + 6).toFixed(1)}" y="${(y(lastY) + 4).toFixed(1)}" fill="${colour}">${text(name)}</text>`;
  });
  const edge = (value, at) => `<text x="${at[0]}" y="${at[1]}" class="axis">${text(String(value))}</text>`;
  return `<h3>${text(title)}</h3><svg width="${width}" height="${height}" role="img">
    <path d="M${left},${top}V${height - bottom}H${width - right}" fill="none" stroke="#999"/>
    ${edge(`${format(Math.max(...ys))} ${unit}`, [2, top + 10])}${edge(`${format(Math.min(...ys))} ${unit}`, [2, height - bottom])}
    ${edge(Math.min(...xs), [left, height - 10])}${edge(Math.max(...xs), [width - right - 30, height - 10])}
    ${lines.join('')}</svg>`;
}

export function page(title, body) {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${text(title)}</title><style>
    body { font: 14px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
    table { border-collapse: collapse; } td, th { padding: 0.1rem 0.6rem; text-align: right; border-bottom: 1px solid #ddd; }
    td:first-child, th:first-child { text-align: left; } .met { color: #080; } .missed { color: #b00; }
    h3 { margin: 1rem 0 0.2rem; font-size: 1em; } svg text { font: 11px system-ui, sans-serif; } .axis { fill: #666; }
  </style><h1>${text(title)}</h1>${body}</html>\n`;
}

function barsOf({ measure, title, where, per, entries, limit }, contestants) {
  const shown = contestants.filter(({ name }) => entries[name] !== undefined);
  const times = shown.flatMap(({ name }) => entries[name].median ?? []);
  if (times.length === 0) return '';
  const least = Math.min(...times, limit ?? Number.POSITIVE_INFINITY) / 2;
  const most = Math.max(...times) * 1.1;
  const at = (ms) => (Math.log(Math.max(ms, least) / least) / Math.log(most / least)) * BAR_WIDTH;
  const bars = shown.map(({ name }, i) => {
    const y = i * 18;
    const label = `<text x="0" y="${y + 12}">${text(name)}</text>`;
    const { median, spread, ratio, bestPeer, error } = entries[name];
    if (error !== undefined)
      return `${label}<text x="150" y="${y + 12}" fill="#b00">failed: ${text(error.slice(0, 60))}</text>`;
    const own = name.startsWith('driftdb');
    const half = (median * spread) / 2;
    const note = ratio === undefined ? '' : ` (${format(ratio)} × ${text(bestPeer)})`;
    return `${label}<rect x="150" y="${y + 3}" width="${at(median).toFixed(1)}" height="11" fill="${own ? '#0b6' : '#9ab'}"/>
      <rect x="${(150 + at(median - half)).toFixed(1)}" y="${y + 3}" width="${(at(median + half) - at(median - half)).toFixed(1)}" height="11" fill="#fff" opacity="0.5"/>
      <text x="${(156 + at(median + half)).toFixed(1)}" y="${y + 12}">${format(median)}${own ? note : ''}</text>`;
  });
  const height = shown.length * 18;
  const line =
    limit === undefined || limit < least
      ? ''
      : `<path d="M${(150 + at(limit)).toFixed(1)},0V${height}" stroke="#b00" stroke-dasharray="3"/>`;
  return `<h3>${text(measure)}: ${text(title)}, ${where === 'page' ? 'from the page' : 'in the worker'} (${text(per)})</h3>
    <svg width="${BAR_WIDTH + 380}" height="${height}" role="img">${bars.join('')}${line}</svg>`;
}

function goals(results) {
  const rows = results.flatMap(({ workload, measure, where, goals }) =>
    goals
      .filter(({ ratio }) => ratio !== undefined)
      .map(
        ({ against, ratio, atMost, met }) =>
          `<tr><td>${text(`${workload}.${measure} ${where}`)}</td><td>${text(against)}</td><td>${format(ratio)}</td>
          <td>${format(atMost)}</td><td class="${met ? 'met' : 'missed'}">${met ? 'met' : 'missed'}</td></tr>`,
      ),
  );
  return `<table><tr><th></th><th>against</th><th>DriftDB ÷ it</th><th>at most</th><th></th></tr>${rows.join('')}</table>`;
}

function versions(contestants) {
  const rows = contestants.map(
    ({ name, title, npm, version, durability }) =>
      `<tr><td>${text(name)}</td><td>${text(title)}</td><td>${text(npm)} ${text(version)}</td><td>${text(durability)}</td></tr>`,
  );
  return `<table><tr><th>contestant</th><th>what</th><th>package</th><th>durability</th></tr>${rows.join('')}</table>`;
}

function memory({ memory: byWorkload, contestants }) {
  const workloads = Object.keys(byWorkload);
  const rows = contestants.map(
    ({ name }) =>
      `<tr><td>${text(name)}</td>${workloads.map((id) => `<td>${format(byWorkload[id][name])}</td>`).join('')}</tr>`,
  );
  return `<table><tr><th></th>${workloads.map((id) => `<th>${text(id)}</th>`).join('')}</tr>${rows.join('')}</table>`;
}

function bytes({ bytes: byName }) {
  const rows = Object.entries(byName).map(
    ([name, { page: own, engine }]) => `<tr><td>${text(name)}</td><td>${own}</td><td>${engine}</td></tr>`,
  );
  return `<table><tr><th></th><th>page</th><th>engine</th></tr>${rows.join('')}</table>`;
}

function failed(summary) {
  const lines = failuresOf(summary);
  return lines.length === 0 ? '' : `<h2>Failed</h2><ul>${lines.map((line) => `<li>${text(line)}</li>`).join('')}</ul>`;
}

function historyChart(recorded) {
  const names = [...new Set(recorded.flatMap(({ ratios }) => Object.keys(ratios)))];
  const workloads = [...new Set(names.map((name) => name.split('.')[0]))];
  return workloads
    .map((workload) => {
      const series = Object.fromEntries(
        names
          .filter((name) => name.startsWith(`${workload}.`))
          .map((name) => [
            name,
            recorded.flatMap(({ ratios }, run) => (ratios[name] === undefined ? [] : [[run + 1, ratios[name]]])),
          ]),
      );
      return lineChart(workload, series, { logX: false, unit: '×' });
    })
    .join('');
}

function text(value) {
  return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
