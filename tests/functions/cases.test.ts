/**
 * Functions and operators, by script: each file of cases/ holds queries with the rows that PostgreSQL 15 gives.
 *
 *     SELECT … (one line)
 *     => value | value          a row; NULL, '' and the escapes \n \t \r \| \\ as they read
 *     (none)                    no row
 *     !! 22023 message          an error
 *
 * A file has one database for all of its queries. Adding a case is adding its lines.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { DriftError } from '../../src/base/error.ts';
import { type Db, openDb } from '../database/helper.ts';

const FOLDER = new URL('./cases/', import.meta.url);

function escaped(cell: string | null): string {
  if (cell === null) return 'NULL';
  const names: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  return cell === '' ? "''" : cell.replace(/[\\|]/g, '\\$&').replace(/[\n\r\t]/g, (char) => names[char] ?? char);
}

async function answer(db: Db, sql: string): Promise<string[]> {
  try {
    const rows = await db.rows(sql);
    return rows.length === 0 ? ['(none)'] : rows.map((row) => `=> ${row.map(escaped).join(' | ')}`);
  } catch (error) {
    return [`!! ${(error as DriftError).code} ${(error as DriftError).message}`];
  }
}

for (const file of readdirSync(FOLDER)) {
  test(file, async () => {
    const db = await openDb();
    const expected: string[] = [];
    const found: string[] = [];
    for (const line of readFileSync(new URL(file, FOLDER), 'utf8').split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      expected.push(line);
      if (!/^(?:=>|!!|\(none\))/.test(line)) found.push(line, ...(await answer(db, line)));
    }
    await db.engine.close();
    expect(found).toEqual(expected);
    expect(expected.length).toBeGreaterThan(2);
  });
}
