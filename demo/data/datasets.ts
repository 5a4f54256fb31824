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

/** All databases of this browser that the console knows: the data sets, one's own, uploaded files, encrypted ones. */
export function knownDataSets(): readonly DataSet[] {
  return [...DATA_SETS, OWN, ...uploads().map(kept)];
}

/** Names a database for an uploaded file; `keepUpload` makes the console remember it once it is open. */
export function newUpload(title: string): DataSet {
  return kept({ name: `upload-${Date.now().toString(36)}`, title });
}

/** Names an encrypted database. */
export function newSealed(title: string): DataSet {
  return kept({ name: `sealed-${Date.now().toString(36)}`, title, encrypted: true });
}

export function keepUpload({ name, title, encrypted }: DataSet): void {
  const others = uploads().filter((other) => other.name !== name);
  localStorage.setItem(UPLOADS, JSON.stringify([...others, { name, title, encrypted }]));
}

interface Kept {
  readonly name: string;
  readonly title: string;
  readonly encrypted?: boolean | undefined;
}

function kept({ name, title, encrypted = false }: Kept): DataSet {
  const source = encrypted ? 'Encrypted' : 'Uploaded';
  return { ...OWN, name, title, summary: 'A database of yours.', source, examples: [], encrypted };
}

function uploads(): Kept[] {
  const stored: unknown = JSON.parse(localStorage.getItem(UPLOADS) ?? '[]');
  return Array.isArray(stored) ? (stored as Kept[]) : [];
}
