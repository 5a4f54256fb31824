/**
 * `npm run bench -- soak [--minutes N] [--rows N]`: a mixed load on OPFS for so long (default an hour), a line for each of
 * its parts: latencies and the renderer's memory must stay flat. Exits with 1 where they do not.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { withGrowthPage } from './runner/growth-page.mjs';
import { lineChart, page as htmlPage } from './runner/html.mjs';
import { format, median } from './runner/statistics.mjs';

const PARTS = 30;
/** The last third beside the first: so much more is no longer flat. */
const MOST = { 'read p50': 1.5, 'write p50': 1.5, 'memory, MB': 1.25 };

export async function soak({ minutes = 60, rows = 200_000 } = {}) {
  const parts = await withGrowthPage(async (page, memory) => {
    await page.evaluate(() => growth.start('soak'));
    await page.evaluate((to) => growth.grow(to), rows);
    const lines = [];
    for (let part = 0; part < PARTS; part++) {
      const figures = await page.evaluate((ms) => growth.load(ms), (minutes * 60_000) / PARTS);
      lines.push({ minute: ((part + 1) * minutes) / PARTS, ...figures, 'memory, MB': await memory() });
      const shown = Object.entries(lines.at(-1)).map(([name, value]) => `${name} ${format(value)}`);
      console.log(shown.join(', '));
    }
    await page.evaluate(() => growth.close());
    return lines;
  });
  let flat = true;
  for (const [name, most] of Object.entries(MOST)) {
    const values = parts.flatMap((part) => part[name] ?? []);
    if (values.length < 3) continue;
    const third = Math.max(1, Math.floor(values.length / 3));
    const ratio = median(values.slice(-third)) / median(values.slice(0, third));
    if (ratio > most) flat = false;
    console.log(
      `${name}: the last third ÷ the first ${format(ratio)}, at most ${most}${ratio > most ? ': NOT FLAT' : ''}`,
    );
  }
  const folder = fileURLToPath(new URL('results/', import.meta.url));
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}soak.json`, `${JSON.stringify(parts, null, 1)}\n`);
  const names = Object.keys(parts[0]).filter((name) => name !== 'minute');
  const chart = (name) => {
    const points = parts.flatMap((part) => (part[name] === undefined ? [] : [[part.minute, part[name]]]));
    return lineChart(name, { [name]: points }, { logX: false, logY: false });
  };
  await writeFile(`${folder}soak.html`, htmlPage(`A mixed load for ${minutes} minutes`, names.map(chart).join('')));
  if (!flat) process.exitCode = 1;
}
