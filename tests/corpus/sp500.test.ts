/**
 * Fourteen years of the S&P 500's constituents, as published: each snapshot replayed as one transaction with its true
 * time, columns added and renamed on the way; AS OF each moment must give that day's file, exactly.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Database, open, type Transaction } from '../../src/entry/node.ts';

const ROOT = fileURLToPath(new URL('../../../shared/corpora/histories/sp500/', import.meta.url));
/** A few published rows have a cell more or less than the header: missing cells are null, surplus ones are kept here. */
const SURPLUS = 'surplus';

/** Headers that were renamed rather than replaced. */
const RENAMED: Readonly<Record<string, string>> = { Security: 'Name', 'GICS Sector': 'Sector' };

interface Snapshot {
  readonly time: Date;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    if (match[0] === '') break;
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

function snapshots(): Snapshot[] {
  const times = new Map(
    readFileSync(`${ROOT}commits.txt`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string])
      .map(([id, time]) => [id.slice(0, 10), new Date(time)]),
  );
  return readdirSync(`${ROOT}snap`)
    .map((file) => {
      const [header = [], ...rows] = parseCsv(readFileSync(`${ROOT}snap/${file}`, 'utf8'));
      return { time: times.get(file.slice(11, 21)) as Date, header, rows };
    })
    .sort((a, b) => a.time.getTime() - b.time.getTime());
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Brings the table's columns to the new header: renames, then additions, then drops. */
async function alter(tx: Transaction, from: readonly string[], to: readonly string[]): Promise<void> {
  const left = new Set(from);
  for (const name of to) {
    if (left.delete(name)) continue;
    const old = RENAMED[name];
    if (old !== undefined && left.delete(old))
      await tx.exec(`ALTER TABLE sp500 RENAME COLUMN ${quoted(old)} TO ${quoted(name)}`);
    else await tx.exec(`ALTER TABLE sp500 ADD COLUMN ${quoted(name)} text`);
  }
  for (const name of left) await tx.exec(`ALTER TABLE sp500 DROP COLUMN ${quoted(name)}`);
}

async function replay(db: Database, all: readonly Snapshot[]): Promise<void> {
  let header: readonly string[] = [];
  let known = new Map<string, string>();
  for (const { time, header: next, rows } of all) {
    await db.transaction(
      async (tx) => {
        if (header.length === 0)
          await tx.exec(
            `CREATE TABLE sp500 (line int PRIMARY KEY, ${SURPLUS} text, ${next.map((name) => `${quoted(name)} text`).join(', ')})`,
          );
        else await alter(tx, header, next);
        const sameHeader = header.length === next.length && header.every((name, i) => name === next[i]);
        const now = new Map(rows.map((row, line) => [String(line), JSON.stringify(row)]));
        for (const line of known.keys())
          if (!now.has(line)) await tx.query('DELETE FROM sp500 WHERE line = $1', [Number(line)]);
        for (const [line, text] of now) {
          if (sameHeader && known.get(line) === text) continue;
          const cells = JSON.parse(text) as string[];
          const surplus = cells.length > next.length ? JSON.stringify(cells.slice(next.length)) : null;
          const values = [surplus, ...next.map((_, i) => cells[i] ?? null)];
          const names = [SURPLUS, ...next.map(quoted)];
          const marks = values.map((_, i) => `$${i + 2}`).join(', ');
          const set = names.map((name) => `${name} = excluded.${name}`).join(', ');
          await tx.query(
            `INSERT INTO sp500 (line, ${names.join(', ')}) VALUES ($1, ${marks}) ON CONFLICT (line) DO UPDATE SET ${set}`,
            [Number(line), ...values],
          );
        }
        header = next;
        known = now;
      },
      { timestamp: time, author: 'datasets/s-and-p-500-companies', message: 'constituents' },
    );
  }
}

test.skipIf(!existsSync(ROOT))('AS OF each of the published moments gives the file of that day', async () => {
  const all = snapshots();
  expect(all.length).toBe(190);
  const db = await open('memory://');
  await replay(db, all);
  for (const { time, header, rows } of all) {
    const names = [...header.map(quoted), SURPLUS].join(', ');
    const found = await db.query<(string | null)[]>(
      `SELECT ${names} FROM sp500 FOR SYSTEM_TIME AS OF '${time.toISOString()}' ORDER BY line`,
      [],
      { rowMode: 'array' },
    );
    expect(found.fields.map((field) => field.name)).toEqual([...header, SURPLUS]);
    const files = found.rows.map((row) => [
      ...row.slice(0, -1).filter((cell) => cell !== null),
      ...(JSON.parse(row.at(-1) ?? '[]') as string[]),
    ]);
    expect(files).toEqual(rows);
  }
  await db.close();
});
