/** The world by gapminder: one commit for each fifth year from 1955 to 2005, one row a country, updated in place. */
import url from '../public/data/world.json?url';
import type { DataSet, Step } from './step.ts';
import { fetchTables, inserts } from './step.ts';

type Row = readonly [year: number, country: string, region: string, pop: number, life: number, fertility: number];

const TABLE = `CREATE TABLE countries (
  country text PRIMARY KEY,
  region text NOT NULL,
  population bigint NOT NULL CHECK (population > 0),
  life_expectancy numeric(5,2) NOT NULL,
  fertility numeric(4,2) NOT NULL
)`;

const UPSERT = `ON CONFLICT (country) DO UPDATE SET population = excluded.population,
  life_expectancy = excluded.life_expectancy, fertility = excluded.fertility`;

export const WORLD: DataSet = {
  name: 'demo-world',
  title: 'The world since 1955',
  summary: '62 countries, one commit for every fifth year. Drag to 1975 and see the world of 1975.',
  source: 'Gapminder, by vega-datasets',
  examples: [
    {
      title: 'Where people lived longest',
      sql: `SELECT country, region, life_expectancy, fertility, population
FROM countries
ORDER BY life_expectancy DESC;`,
    },
    {
      title: 'Regions of the world, over time',
      sql: `SELECT region, round(avg(life_expectancy), 1) AS life_expectancy
FROM countries
GROUP BY region
ORDER BY region;`,
      panel: 'trend',
    },
    {
      title: 'Two moments in one statement',
      sql: `SELECT now.country, past.fertility AS in_1960, now.fertility,
       past.fertility - now.fertility AS fallen_by
FROM countries AS now
JOIN countries FOR SYSTEM_TIME AS OF '1960-06-01' AS past USING (country)
ORDER BY fallen_by DESC;`,
    },
    {
      title: 'Every version of one row',
      sql: `SELECT country, population, life_expectancy, _seq_from, _sys_from
FROM countries FOR SYSTEM_TIME ALL
WHERE country = 'Rwanda'
ORDER BY _seq_from;`,
      panel: 'chart',
    },
  ],
  async steps(): Promise<readonly Step[]> {
    const { countries } = await fetchTables<{ countries: readonly Row[] }>(url);
    const years = [...new Set(countries.map((row) => row[0]))].sort((a, b) => a - b);
    const columns = ['country', 'region', 'population', 'life_expectancy', 'fertility'];
    return years.map((year, index) => {
      const rows = countries.filter((row) => row[0] === year).map((row) => row.slice(1));
      const changes = inserts('countries', columns, rows, UPSERT);
      return {
        at: Date.UTC(year, 0, 1),
        author: 'gapminder',
        message: `The world of ${year}`,
        changes: index === 0 ? [{ sql: TABLE }, ...changes] : changes,
      };
    });
  },
};
