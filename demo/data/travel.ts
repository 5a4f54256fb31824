/**
 * Airports, flights and movies as a schema to join. Airports and movies are there at once; the 2,000 flights of early
 * 2001 are committed day by day as they leave, and each day brings the airports' running totals up to date.
 */
import url from '../public/data/travel.json?url';
import type { DataSet, Step } from './step.ts';
import { fetchTables, inserts } from './step.ts';

type Row = readonly (string | number | null)[];
type Flight = readonly [departed: string, delay: number, distance: number, origin: string, destination: string];

const TABLES = [
  `CREATE TABLE airports (
  iata text PRIMARY KEY,
  name text NOT NULL,
  city text,
  state text,
  country text NOT NULL,
  latitude double precision NOT NULL,
  longitude double precision NOT NULL
)`,
  `CREATE TABLE flights (
  id integer PRIMARY KEY,
  departed timestamp NOT NULL,
  delay_min integer NOT NULL,
  distance_miles integer NOT NULL,
  origin text NOT NULL REFERENCES airports (iata),
  destination text NOT NULL REFERENCES airports (iata)
)`,
  `CREATE INDEX flights_origin ON flights (origin)`,
  `CREATE TABLE movies (
  id integer PRIMARY KEY,
  title text NOT NULL,
  released date,
  genre text,
  director text,
  distributor text,
  budget bigint,
  gross bigint,
  rating numeric(3,1),
  votes integer
)`,
];

export const TRAVEL: DataSet = {
  name: 'demo-travel',
  title: 'Airports, flights and movies',
  summary: '3,376 airports, 2,000 flights of 2001 committed day by day, 3,200 movies: tables to join.',
  source: 'Bureau of Transportation Statistics and others, by vega-datasets',
  examples: [
    {
      title: 'The most delayed airports',
      sql: `SELECT a.name, a.city, a.state, count(*) AS flights,
       round(avg(f.delay_min), 1) AS delay, max(f.delay_min) AS worst
FROM flights f
JOIN airports a ON a.iata = f.origin
GROUP BY a.iata, a.name, a.city, a.state
HAVING count(*) >= 20
ORDER BY delay DESC;`,
    },
    {
      title: 'How the join is done',
      sql: `SELECT o.city AS from_city, d.city AS to_city, f.departed, f.delay_min
FROM flights f
JOIN airports o ON o.iata = f.origin
JOIN airports d ON d.iata = f.destination
WHERE o.state = 'CA' AND f.delay_min > 60
ORDER BY f.delay_min DESC;`,
      panel: 'plan',
    },
    {
      title: 'Genres by gross',
      sql: `SELECT coalesce(genre, 'unknown') AS genre, sum(gross) / 1000000 AS gross_millions
FROM movies
GROUP BY 1
ORDER BY 2 DESC;`,
      panel: 'chart',
    },
    {
      title: 'Directors and their best film',
      sql: `WITH ranked AS (
  SELECT director, max(rating) AS best, count(*) AS films
  FROM movies WHERE votes > 10000 AND director IS NOT NULL
  GROUP BY director
)
SELECT m.director, m.title, m.released, m.rating, r.films
FROM ranked r
JOIN movies m ON m.director = r.director AND m.rating = r.best
WHERE r.films >= 4
ORDER BY m.rating DESC, m.director;`,
    },
  ],
  async steps(): Promise<readonly Step[]> {
    const data = await fetchTables<{ airports: readonly Row[]; flights: readonly Flight[]; movies: readonly Row[] }>(
      url,
    );
    const movies = data.movies.map((row, index) => [index + 1, ...row]);
    const first = Date.parse(`${data.flights[0]?.[0].slice(0, 10) ?? '2001-01-01'}T00:00:00Z`);
    const base: Step[] = [
      { at: first - 3_000, author: 'faa', message: 'Tables', changes: TABLES.map((sql) => ({ sql })) },
      {
        at: first - 2_000,
        author: 'faa',
        message: 'Airports of the United States',
        changes: inserts(
          'airports',
          ['iata', 'name', 'city', 'state', 'country', 'latitude', 'longitude'],
          data.airports,
        ),
      },
      {
        at: first - 1_000,
        author: 'critics',
        message: 'Movies',
        changes: inserts(
          'movies',
          ['id', 'title', 'released', 'genre', 'director', 'distributor', 'budget', 'gross', 'rating', 'votes'],
          movies,
        ),
      },
    ];
    return [...base, ...flightSteps(data)];
  },
};

/** One commit a day, at its end. Flights of airports that the source does not list are left out. */
function flightSteps(data: { readonly airports: readonly Row[]; readonly flights: readonly Flight[] }): Step[] {
  const known = new Set(data.airports.map((row) => row[0]));
  const days = new Map<string, unknown[][]>();
  data.flights.forEach(([departed, delay, distance, origin, destination], index) => {
    if (!known.has(origin) || !known.has(destination)) return;
    const day = departed.slice(0, 10);
    const rows = days.get(day) ?? [];
    rows.push([index + 1, departed, delay, distance, origin, destination]);
    days.set(day, rows);
  });
  const columns = ['id', 'departed', 'delay_min', 'distance_miles', 'origin', 'destination'];
  return [...days].map(([day, rows]) => ({
    at: Date.parse(`${day}T23:59:59Z`),
    author: 'tower',
    message: `${rows.length} flights on ${day}`,
    changes: inserts('flights', columns, rows),
  }));
}
