/**
 * Routines and triggers against what PostgreSQL 15 answers: each file of routines/ is a script, run in order. A statement,
 * `---`, and what it gave: messages, rows (values with bars between them), or the error with its fields.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DriftError } from '../../src/base/error.ts';
import { type Db, openDb, textRows } from './helper.ts';

const FOLDER = new URL('./routines/', import.meta.url);

for (const name of readdirSync(FOLDER)) {
  test(name, async () => {
    const db = await openDb();
    for (const entry of readFileSync(new URL(name, FOLDER), 'utf8')
      .trimEnd()
      .split(/\n{3,}|\n\n(?=[^\n]+(?:\n[^\n]+)*\n---)/)) {
      const [sql, expected] = entry.split(/\n---\n?/) as [string, string | undefined];
      expect(`${sql}\n---\n${await answer(db, sql)}`).toBe(`${sql}\n---\n${(expected ?? '').trimEnd()}`);
    }
  });
}

async function answer(db: Db, sql: string): Promise<string> {
  const lines: string[] = [];
  const say = (label: string, text: string | undefined): void => {
    if (text !== undefined && text !== '') lines.push(`${label}:  ${text}`);
  };
  try {
    const result = await db.session.execute(sql, [], { text: true });
    for (const { severity, code, message, detail, hint } of result.notices ?? []) {
      lines.push(`${severity}:  ${code}: ${message}`);
      say('DETAIL', detail);
      say('HINT', hint);
    }
    if (result.fields.length > 0)
      for (const row of textRows(result)) lines.push(row.map((value) => value ?? '').join('|'));
  } catch (error) {
    if (!(error instanceof DriftError)) throw error;
    lines.push(`ERROR:  ${error.code}: ${error.message}`);
    say('DETAIL', error.detail);
    say('HINT', error.hint);
    say('CONTEXT', error.where);
  }
  return lines.join('\n').trimEnd();
}
