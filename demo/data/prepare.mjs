/**
 * Turns the files of the npm package vega-datasets into the compact JSON that the console loads: one object of
 * `{ name: rows[] }` a file, in demo/public/data (git-ignored; made by `npm start` and by the demo's build).
 *
 * Values are taken as they are in the source; what is changed (types, dates to ISO, rows without a title left out) is
 * changed here and nowhere else. Run: node demo/data/prepare.mjs
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, '..', '..', 'node_modules', 'vega-datasets', 'data');
const target = join(here, '..', 'public', 'data');

mkdirSync(target, { recursive: true });
write('world', { countries: countries() });
write('daily', { weather: weather(), employment: employment() });
write('travel', { airports: airports(), flights: flights(), movies: movies() });

function write(name, tables) {
  const file = join(target, `${name}.json`);
  writeFileSync(file, JSON.stringify(tables));
  const sizes = Object.entries(tables).map(([table, rows]) => `${rows.length} ${table}`);
  console.log(`demo data: ${name}.json (${sizes.join(', ')})`);
}

/** [year, country, region, population, life expectancy, fertility]; gapminder's clusters are regions of the world. */
function countries() {
  const regions = [
    'South Asia',
    'Europe & Central Asia',
    'Sub-Saharan Africa',
    'America',
    'East Asia & Pacific',
    'Middle East & North Africa',
  ];
  return json('gapminder.json').map((row) => [
    row.year,
    row.country,
    regions[row.cluster],
    row.pop,
    row.life_expect,
    row.fertility,
  ]);
}

/** [date, precipitation, high, low, wind, weather] */
function weather() {
  return csv('seattle-weather.csv').map((row) => [
    row.date,
    Number(row.precipitation),
    Number(row.temp_max),
    Number(row.temp_min),
    Number(row.wind),
    row.weather,
  ]);
}

/** [month, sector, jobs in thousands] */
function employment() {
  const sectors = [
    'construction',
    'manufacturing',
    'retail_trade',
    'information',
    'financial_activities',
    'education_and_health_services',
    'leisure_and_hospitality',
    'government',
  ];
  return csv('us-employment.csv').flatMap((row) =>
    sectors.map((sector) => [row.month, sector.replaceAll('_', ' '), Number(row[sector])]),
  );
}

/** [iata, name, city, state, country, latitude, longitude] */
function airports() {
  return csv('airports.csv').map((row) => [
    row.iata,
    row.name,
    orNull(row.city),
    orNull(row.state),
    row.country,
    Number(row.latitude),
    Number(row.longitude),
  ]);
}

/** [departure, delay in minutes, distance in miles, origin, destination], in order of departure */
function flights() {
  const rows = json('flights-2k.json').map((row) => [
    row.date.replaceAll('/', '-'),
    row.delay,
    row.distance,
    row.origin,
    row.destination,
  ]);
  return rows.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
}

/** [title, released, genre, director, distributor, budget, worldwide gross, IMDB rating, IMDB votes] */
function movies() {
  return json('movies.json')
    .filter((row) => row.Title !== null && row.Title !== '')
    .map((row) => [
      String(row.Title),
      isoDate(row['Release Date']),
      row['Major Genre'],
      row.Director,
      row.Distributor,
      row['Production Budget'],
      row['Worldwide Gross'],
      row['IMDB Rating'],
      row['IMDB Votes'],
    ]);
}

/** "Jun 12 1998" → "1998-06-12"; null where the source has no whole date. */
function isoDate(text) {
  const parts = /^([A-Z][a-z]{2}) (\d{1,2}) (\d{4})$/.exec(text ?? '');
  if (parts === null) return null;
  const month = 'JanFebMarAprMayJunJulAugSepOctNovDec'.indexOf(parts[1]) / 3 + 1;
  return `${parts[3]}-${String(month).padStart(2, '0')}-${parts[2].padStart(2, '0')}`;
}

function json(file) {
  return JSON.parse(readFileSync(join(source, file), 'utf8'));
}

/** Rows of a CSV file as objects; fields may be quoted. */
function csv(file) {
  const [head, ...lines] = readFileSync(join(source, file), 'utf8').trim().split(/\r?\n/).map(fieldsOf);
  return lines.map((fields) => Object.fromEntries(head.map((name, index) => [name, fields[index] ?? ''])));
}

function fieldsOf(line) {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((match) =>
    (match[1] ?? match[2] ?? '').replaceAll('""', '"'),
  );
}

function orNull(text) {
  return text === '' || text === 'NA' ? null : text;
}
