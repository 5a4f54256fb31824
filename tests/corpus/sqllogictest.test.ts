/**
 * SQLite's sqllogictest, as label `postgresql`, from the shared corpora beside the checkout; skipped where they are not.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { open } from '../../src/entry/node.ts';

const ROOT = fileURLToPath(new URL('../../../shared/corpora/sqllogictest/', import.meta.url));

interface Query {
  readonly sql: string;
  readonly types: string;
  readonly sort: string;
  readonly want: readonly string[];
}
type Entry =
  | { readonly kind: 'statement'; readonly ok: boolean; readonly sql: string }
  | ({ readonly kind: 'query' } & Query);

function* entriesOf(text: string): Generator<Entry> {
  for (const block of text.split(/\r?\n\s*\r?\n/)) {
    const lines = block.split(/\r?\n/).filter((line) => !line.startsWith('#'));
    let at = 0;
    let skip = false;
    for (; at < lines.length; at++) {
      const match = /^(skipif|onlyif)\s+(\S+)/.exec(lines[at] ?? '');
      if (match === null) break;
      if ((match[1] === 'skipif') === (match[2] === 'postgresql')) skip = true;
    }
    if (skip) continue;
    const head = lines[at] ?? '';
    const body = lines.slice(at + 1);
    if (head.startsWith('halt')) return;
    const statement = /^statement\s+(ok|error)/.exec(head);
    if (statement !== null) yield { kind: 'statement', ok: statement[1] === 'ok', sql: body.join('\n') };
    const query = /^query\s+(\S+)\s*(\S*)/.exec(head);
    if (query === null) continue;
    const split = body.indexOf('----');
    const sql = body.slice(0, split < 0 ? undefined : split).join('\n');
    yield {
      kind: 'query',
      types: query[1] ?? '',
      sort: query[2] || 'nosort',
      sql,
      want: split < 0 ? [] : body.slice(split + 1).filter((line) => line !== ''),
    };
  }
}

function print(value: unknown, type: string): string {
  if (value === null || value === undefined) return 'NULL';
  if (type === 'I') return typeof value === 'bigint' ? String(value) : String(Math.trunc(Number(value)) || 0);
  if (type === 'R') return Number(value).toFixed(3);
  const text = String(value);
  return text === '' ? '(empty)' : text.replace(/[^\x20-\x7e]/g, '@');
}

function answers({ types, sort, want }: Query, rows: readonly (readonly unknown[])[]): boolean {
  const cells = rows.map((row) => row.map((value, c) => print(value, types[c] ?? 'T')));
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  if (sort === 'rowsort') cells.sort((a, b) => a.map((cell, c) => order(cell, b[c] ?? '')).find((by) => by !== 0) ?? 0);
  const flat = cells.flat();
  if (sort === 'valuesort') flat.sort(order);
  const hash = /^(\d+) values hashing to (\w+)/.exec(want[0] ?? '');
  if (hash === null) return flat.length === want.length && flat.every((value, i) => value === want[i]);
  const found = createHash('md5')
    .update(flat.map((value) => `${value}\n`).join(''))
    .digest('hex');
  return flat.length === Number(hash[1]) && found === hash[2];
}

for (const file of ['select1.test', 'select2.test', 'select3.test']) {
  test.skipIf(!existsSync(ROOT + file))(`${file} is answered completely`, async () => {
    const db = await open('memory://');
    const wrong: string[] = [];
    let count = 0;
    for (const entry of entriesOf(readFileSync(ROOT + file, 'utf8'))) {
      count++;
      try {
        if (entry.kind === 'statement') await db.exec(entry.sql);
        else if (!answers(entry, (await db.query<unknown[]>(entry.sql, [], { rowMode: 'array' })).rows))
          wrong.push(entry.sql);
      } catch (error) {
        if (entry.kind === 'query' || entry.ok) wrong.push(`${entry.sql}: ${String(error)}`);
      }
    }
    await db.close();
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(1000);
  });
}
