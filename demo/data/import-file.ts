/**
 * A dropped CSV or JSON file becomes a table: names from the head, types from the values, one commit.
 *
 * A column's type is the narrowest that every value fits. The first column is the primary key when its values are
 * whole and distinct: then rows can be compared between moments.
 */
import { quote } from '../catalog.ts';
import type { Database } from '../database.ts';
import { inserts } from './step.ts';

type Cell = string | null;

interface Sheet {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Candidate types from narrow to wide; a column takes the first one whose pattern every value matches. */
const TYPES: readonly (readonly [type: string, fits: (text: string) => boolean])[] = [
  ['boolean', (text) => /^(true|false)$/i.test(text)],
  ['integer', (text) => /^-?\d{1,9}$/.test(text) && !/^-?0\d/.test(text)],
  ['bigint', (text) => /^-?\d{1,18}$/.test(text) && !/^-?0\d/.test(text)],
  ['numeric', (text) => /^-?\d{1,30}(\.\d{1,20})?$/.test(text) && !/^-?0\d/.test(text)],
  ['double precision', (text) => /^-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?$/i.test(text) && !/^-?0\d/.test(text)],
  ['date', (text) => isDay(text)],
  [
    'timestamptz',
    (text) =>
      /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)$/.test(text) && isDay(text.slice(0, 10)),
  ],
  ['timestamp', (text) => /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?$/.test(text) && isDay(text.slice(0, 10))],
];

/** Imports the file and returns the new table's name. */
export async function importFile(database: Database, file: File, taken: ReadonlySet<string>): Promise<string> {
  const text = (await file.text()).replace(/^\uFEFF/, '');
  if (text.includes('\0') || text.includes('\uFFFD'))
    throw new Error(`${file.name} is no text: a CSV or JSON file in UTF-8 becomes a table`);
  const sheet = /^\s*[[{]/.test(text)
    ? readJson(text)
    : readDelimited(text, file.name.endsWith('.tsv') ? '\t' : delimiterOf(text));
  if (sheet.columns.length === 0 || sheet.rows.length === 0) throw new Error(`${file.name} has no rows`);
  const table = freeName(toName(file.name.replace(/\.[^.]*$/, '')), taken);
  const types = sheet.columns.map((_, index) => typeOf(sheet.rows, index));
  const key = isKey(sheet, types[0] ?? 'text');
  const definitions = sheet.columns.map(
    (name, index) => `  ${quote(name)} ${types[index] ?? 'text'}${index === 0 && key ? ' PRIMARY KEY' : ''}`,
  );
  await database.transaction(
    async (transaction) => {
      await transaction.query(`CREATE TABLE ${quote(table)} (\n${definitions.join(',\n')}\n)`);
      for (const change of inserts(quote(table), sheet.columns.map(quote), sheet.rows)) {
        await transaction.query(change.sql, [...(change.parameters ?? [])]);
      }
    },
    { message: `Import of ${file.name}`, author: 'you' },
  );
  return table;
}

/** RFC 4180, with any delimiter: fields in quotes may hold delimiters, line breaks and doubled quotes. */
export function readDelimited(text: string, delimiter: string): Sheet {
  const records: Cell[][] = [];
  let record: Cell[] = [];
  let at = 0;
  while (at < text.length) {
    let cell: Cell;
    if (text[at] === '"') {
      let value = '';
      at++;
      while (at < text.length && (text[at] !== '"' || text[at + 1] === '"')) {
        if (text[at] === '"') at++;
        value += text[at++];
      }
      at++;
      cell = value;
    } else {
      const start = at;
      while (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') at++;
      const value = text.slice(start, at);
      cell = value === '' ? null : value;
    }
    record.push(cell);
    if (text[at] === delimiter) {
      at++;
      if (at < text.length && text[at] !== '\n' && text[at] !== '\r') continue;
      record.push(null);
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    if (record.length > 1 || record[0] !== null) records.push(record);
    record = [];
  }
  const [head = [], ...rows] = records;
  const columns = uniqueNames(head.map((cell) => cell ?? ''));
  return { columns, rows: rows.map((row) => columns.map((_, index) => row[index] ?? null)) };
}

/** An array of objects, an array of arrays with a head, an object that holds one, or one object a line. */
export function readJson(text: string): Sheet {
  const list = listOf(parseJsonOrLines(text));
  const [first] = list;
  if (Array.isArray(first)) {
    const columns = uniqueNames(first.map(String));
    return { columns, rows: list.slice(1).map((row) => columns.map((_, index) => toCell((row as unknown[])[index]))) };
  }
  const keys = [
    ...new Set(list.flatMap((row) => (typeof row === 'object' && row !== null ? Object.keys(row) : ['value']))),
  ];
  const cells = (row: unknown): Cell[] => {
    const object = (typeof row === 'object' && row !== null ? row : { value: row }) as Readonly<
      Record<string, unknown>
    >;
    return keys.map((key) => toCell(object[key]));
  };
  return { columns: uniqueNames(keys), rows: list.map(cells) };
}

function parseJsonOrLines(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    if (lines.length < 2) throw error;
    return lines.map((line) => JSON.parse(line) as unknown);
  }
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const inner =
    typeof value === 'object' && value !== null ? Object.values(value).find((part) => Array.isArray(part)) : undefined;
  return Array.isArray(inner) ? inner : [value];
}

function toCell(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function typeOf(rows: readonly (readonly Cell[])[], index: number): string {
  const values = rows.map((row) => row[index] ?? null).filter((cell) => cell !== null);
  if (values.length === 0) return 'text';
  return TYPES.find(([, fits]) => values.every(fits))?.[0] ?? (values.every(isJson) ? 'jsonb' : 'text');
}

function isKey(sheet: Sheet, type: string): boolean {
  if (type !== 'text' && type !== 'integer' && type !== 'bigint' && type !== 'date') return false;
  const values = new Set(sheet.rows.map((row) => row[0] ?? null));
  return values.size === sheet.rows.length && !values.has(null);
}

function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(at) && new Date(at).toISOString().startsWith(text);
}

function delimiterOf(text: string): string {
  const head = text.slice(0, text.indexOf('\n') + 1 || text.length);
  const count = (mark: string): number => head.split(mark).length;
  return [',', ';', '\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
}

function toName(text: string): string {
  const name = text
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
    .replaceAll(/^_+|_+$/g, '');
  return name === '' ? 'column' : /^\d/.test(name) ? `_${name}` : name.slice(0, 60);
}

function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const free = freeName(toName(name), taken);
    taken.add(free);
    return free;
  });
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name}_${number}`;
  return free;
}
