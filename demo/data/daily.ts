/**
 * Days of Seattle and months of American jobs, each one a commit with its true date: more than 1,500 of them.
 *
 * `weather` grows by a row a day, `records` holds the extremes so far and changes only when one is broken, and
 * `employment` is updated in place every month: three ways in which tables live.
 */
import url from '../public/data/daily.json?url';
import type { Change, DataSet, Step } from './step.ts';
import { fetchTables, inserts } from './step.ts';

type Day = readonly [date: string, rain: number, high: number, low: number, wind: number, weather: string];
type Jobs = readonly [month: string, sector: string, jobs: number];

const TABLES = [
  `CREATE TABLE employment (
  sector text PRIMARY KEY,
  jobs_thousands numeric(8,1) NOT NULL,
  month date NOT NULL
)`,
  `CREATE TABLE weather (
  day date PRIMARY KEY,
  weather text NOT NULL,
  high numeric(4,1) NOT NULL,
  low numeric(4,1) NOT NULL,
  rain_mm numeric(5,1) NOT NULL,
  wind numeric(4,1) NOT NULL
)`,
  `CREATE TABLE records (
  record text PRIMARY KEY,
  value numeric(5,1) NOT NULL,
  day date NOT NULL REFERENCES weather (day)
)`,
];

const RECORD = `INSERT INTO records (record, value, day) VALUES ($1, $2, $3)
ON CONFLICT (record) DO UPDATE SET value = excluded.value, day = excluded.day`;

export const DAILY: DataSet = {
  name: 'demo-daily',
  title: 'Seattle weather, American jobs',
  summary: '1,461 days and 120 months, each committed on its own date from 2006 to 2015.',
  source: 'NOAA and the Bureau of Labor Statistics, by vega-datasets',
  examples: [
    {
      title: 'Jobs by sector, through the crisis of 2008',
      sql: `SELECT sector, jobs_thousands
FROM employment
ORDER BY jobs_thousands DESC;`,
      panel: 'trend',
    },
    { title: 'The records so far: press play', sql: `SELECT * FROM records ORDER BY record;` },
    {
      title: 'Who lost jobs between two years',
      sql: `SELECT a.sector, b.jobs_thousands AS jan_2008, a.jobs_thousands AS jan_2010,
       a.jobs_thousands - b.jobs_thousands AS change
FROM employment FOR SYSTEM_TIME AS OF '2010-01-02' AS a
JOIN employment FOR SYSTEM_TIME AS OF '2008-01-02' AS b USING (sector)
ORDER BY change;`,
    },
    {
      title: 'Rain by month',
      sql: `SELECT date_trunc('month', day)::date AS month, sum(rain_mm) AS rain_mm, max(high) AS hottest
FROM weather
GROUP BY 1
ORDER BY 1;`,
      panel: 'chart',
    },
  ],
  async steps(): Promise<readonly Step[]> {
    const { weather, employment } = await fetchTables<{ weather: readonly Day[]; employment: readonly Jobs[] }>(url);
    const steps = [...jobSteps(employment), ...daySteps(weather)].sort((a, b) => a.at - b.at);
    return steps.map((step, index) =>
      index > 0 ? step : { ...step, changes: [...TABLES.map((sql) => ({ sql })), ...step.changes] },
    );
  },
};

function jobSteps(employment: readonly Jobs[]): Step[] {
  const months = [...new Set(employment.map((row) => row[0]))];
  const tail = 'ON CONFLICT (sector) DO UPDATE SET jobs_thousands = excluded.jobs_thousands, month = excluded.month';
  return months.map((month) => {
    const rows = employment.filter((row) => row[0] === month).map(([, sector, jobs]) => [sector, jobs, month]);
    return {
      at: Date.parse(`${month}T00:00:00Z`),
      author: 'bureau of labor statistics',
      message: `Jobs of ${month.slice(0, 7)}`,
      changes: inserts('employment', ['sector', 'jobs_thousands', 'month'], rows, tail),
    };
  });
}

function daySteps(weather: readonly Day[]): Step[] {
  const best = new Map<string, number>();
  const columns = ['day', 'weather', 'high', 'low', 'rain_mm', 'wind'];
  return weather.map(([day, rain, high, low, wind, kind]) => {
    const changes: Change[] = inserts('weather', columns, [[day, kind, high, low, rain, wind]]);
    const broken: string[] = [];
    const compare = (record: string, value: number, sign: 1 | -1): void => {
      const known = best.get(record);
      if (known !== undefined && sign * value <= sign * known) return;
      best.set(record, value);
      broken.push(record);
      changes.push({ sql: RECORD, parameters: [record, value, day] });
    };
    compare('hottest day', high, 1);
    compare('coldest night', low, -1);
    compare('most rain', rain, 1);
    compare('strongest wind', wind, 1);
    const message = `${kind[0]?.toUpperCase() ?? ''}${kind.slice(1)}, ${low} to ${high} °C`;
    return {
      // Measurements of a day are known at its end.
      at: Date.parse(`${day}T23:00:00Z`),
      author: 'weather station',
      message: broken.length === 0 ? message : `${message}: new record, ${broken.join(', ')}`,
      changes,
    };
  });
}
