/** SQLite's sqllogictest files as records, read as label `postgresql`; and answers in the form the files have them. */
import { createHash } from 'node:crypto';

export interface StatementRecord {
  readonly kind: 'statement';
  /** Line of the record's head, from 1. */
  readonly line: number;
  readonly ok: boolean;
  readonly sql: string;
}

export interface QueryRecord {
  readonly kind: 'query';
  readonly line: number;
  readonly sql: string;
  readonly types: string;
  readonly sort: string;
  /** Values one a line, or the count and hash of many. */
  readonly want: readonly string[];
}

export type Entry = StatementRecord | QueryRecord;

const LABEL = 'postgresql';

/** Records in their order, up to `halt`. */
export function* entriesOf(text: string): Generator<Entry> {
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length;) {
    if ((lines[at] ?? '').trim() === '') {
      at++;
      continue;
    }
    const block: { readonly text: string; readonly line: number }[] = [];
    for (; at < lines.length && (lines[at] ?? '').trim() !== ''; at++)
      if (!(lines[at] ?? '').startsWith('#')) block.push({ text: lines[at] ?? '', line: at + 1 });
    const entry = entryOf(block);
    if (entry === 'halt') return;
    if (entry !== null) yield entry;
  }
}

function entryOf(block: readonly { readonly text: string; readonly line: number }[]): Entry | 'halt' | null {
  let at = 0;
  for (; at < block.length; at++) {
    const match = /^(skipif|onlyif)\s+(\S+)/.exec(block[at]?.text ?? '');
    if (match === null) break;
    if ((match[1] === 'skipif') === (match[2] === LABEL)) return null;
  }
  const head = block[at];
  if (head === undefined) return null;
  if (head.text.startsWith('halt')) return 'halt';
  const body = block.slice(at + 1).map((line) => line.text);
  const { line } = head;
  const statement = /^statement\s+(ok|error)/.exec(head.text);
  if (statement !== null) return { kind: 'statement', line, ok: statement[1] === 'ok', sql: body.join('\n') };
  const query = /^query\s+(\S+)\s*(\S*)/.exec(head.text);
  if (query === null) return null;
  const split = body.indexOf('----');
  return {
    kind: 'query',
    line,
    types: query[1] ?? '',
    sort: query[2] || 'nosort',
    sql: body.slice(0, split < 0 ? undefined : split).join('\n'),
    want: split < 0 ? [] : body.slice(split + 1).filter((value) => value !== ''),
  };
}

function print(value: unknown, type: string): string {
  if (value === null || value === undefined) return 'NULL';
  if (type === 'I') return typeof value === 'bigint' ? String(value) : String(Math.trunc(Number(value)) || 0);
  if (type === 'R') return Number(value).toFixed(3);
  const text = String(value);
  return text === '' ? '(empty)' : text.replace(/[^\x20-\x7e]/g, '@');
}

/** An answer as the files write it: values printed by their types and sorted as the record says. */
export function printed({ types, sort }: QueryRecord, rows: readonly (readonly unknown[])[]): string[] {
  const cells = rows.map((row) => row.map((value, c) => print(value, types[c] ?? 'T')));
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  if (sort === 'rowsort') cells.sort((a, b) => a.map((cell, c) => order(cell, b[c] ?? '')).find((by) => by !== 0) ?? 0);
  const flat = cells.flat();
  return sort === 'valuesort' ? flat.sort(order) : flat;
}

/** Whether values are those that the record has. */
export function answers({ want }: QueryRecord, values: readonly string[]): boolean {
  const hash = /^(\d+) values hashing to (\w+)/.exec(want[0] ?? '');
  if (hash === null) return values.length === want.length && values.every((value, i) => value === want[i]);
  const found = createHash('md5')
    .update(values.map((value) => `${value}\n`).join(''))
    .digest('hex');
  return values.length === Number(hash[1]) && found === hash[2];
}
