/** The databases a newcomer may choose from. */
import { DAILY } from './daily.ts';
import { SHOP } from './shop.ts';
import type { DataSet } from './step.ts';
import { TRAVEL } from './travel.ts';
import { WORLD } from './world.ts';

export const DATA_SETS: readonly DataSet[] = [WORLD, DAILY, TRAVEL, SHOP];

/** A database of one's own, empty. */
export const OWN: DataSet = {
  name: 'demo-own',
  title: 'Empty database',
  summary: 'Start with CREATE TABLE, or drop a CSV or JSON file on the page.',
  source: 'Yours',
  examples: [
    {
      title: 'A table to begin with',
      sql: `CREATE TABLE notes (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  note text NOT NULL
);
INSERT INTO notes (note) VALUES ('everything is remembered');
SELECT * FROM notes;`,
    },
  ],
  steps: async () => [],
};

const UPLOADS = 'drift.uploads';

/** All databases of this browser that the console knows: the data sets, one's own, and uploaded files. */
export function knownDataSets(): readonly DataSet[] {
  return [...DATA_SETS, OWN, ...uploads().map(({ name, title }) => uploaded(name, title))];
}

/** Names a database for an uploaded file; `keepUpload` makes the console remember it once it is open. */
export function newUpload(title: string): DataSet {
  return uploaded(`upload-${Date.now().toString(36)}`, title);
}

export function keepUpload({ name, title }: DataSet): void {
  localStorage.setItem(UPLOADS, JSON.stringify([...uploads(), { name, title }]));
}

function uploaded(name: string, title: string): DataSet {
  return { ...OWN, name, title, summary: 'An uploaded database.', source: 'Uploaded', examples: [] };
}

function uploads(): { name: string; title: string }[] {
  const stored: unknown = JSON.parse(localStorage.getItem(UPLOADS) ?? '[]');
  return Array.isArray(stored) ? (stored as { name: string; title: string }[]) : [];
}
