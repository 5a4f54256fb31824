/**
 * `npm run bench -- growth [--rows MOST]`: how cost grows with a table, from 10 thousand rows to 10 million, on OPFS, with the
 * default cache and with one of 16 MB, which the table soon outgrows.
 *
 * Expected: reads by key and opening flat (O(log n)), inserts flat, scans linear (nanoseconds a row flat), a checkpoint by the
 * leaves that were changed. Figures go to the console and as curves to bench/results/growth.html.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { withGrowthPage } from './runner/growth-page.mjs';
import { lineChart, page as htmlPage } from './runner/html.mjs';

const SIZES = [10_000, 100_000, 1_000_000, 10_000_000];
const CACHES = [
  ['default cache', undefined],
  ['cache of 16 MB', 16 << 20],
];

export async function growth({ rows = 10_000_000 } = {}) {
  const sizes = SIZES.filter((size) => size <= rows);
  const results = {};
  for (const [title, cacheBudgetBytes] of CACHES) {
    results[title] = await withGrowthPage(async (page, memory) => {
      const figures = [];
      await page.evaluate((bytes) => growth.start('growth', bytes ?? undefined), cacheBudgetBytes ?? null);
      for (const size of sizes) {
        const measured = await page.evaluate((to) => growth.grow(to), size);
        figures.push({ ...measured, 'memory, MB': await memory() });
        console.log(`${title}: ${size} rows done`);
      }
      await page.evaluate(() => growth.close());
      return figures;
    });
    console.log(`\n${title}`);
    console.table(Object.fromEntries(results[title].map(({ rows: size, ...rest }) => [size, rounded(rest)])));
  }
  const folder = fileURLToPath(new URL('results/', import.meta.url));
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}growth.json`, `${JSON.stringify(results, null, 1)}\n`);
  await writeFile(`${folder}growth.html`, htmlPage('How cost grows', charts(results)));
}

function charts(results) {
  const names = Object.keys(Object.values(results)[0][0]).filter((name) => name !== 'rows');
  return names
    .map((name) => {
      const series = Object.entries(results).map(([title, figures]) => [
        title,
        figures.flatMap((one) => (one[name] === undefined ? [] : [[one.rows, one[name]]])),
      ]);
      return lineChart(name, Object.fromEntries(series));
    })
    .join('');
}

function rounded(figures) {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, value === undefined ? '' : Number(value.toPrecision(3))]),
  );
}
