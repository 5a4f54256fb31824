/** Random and mutated SQL texts for the parser: what they are made from is the documentation's own examples, and the corpora's. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { KEYWORDS } from '../../../src/sql/keywords.ts';
import type { Choices } from '../sql/choices.ts';

const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url));
const GOLDEN = fileURLToPath(new URL('../../../../shared/corpora/pg15-golden/', import.meta.url));

/** Statements to mutate: blocks of ```sql in docs, and where they lie beside the checkout a share of the corpora's. */
export function seeds(): string[] {
  const texts: string[] = [];
  for (const file of readdirSync(DOCS).filter((name) => name.endsWith('.md')))
    for (const [, block] of readFileSync(DOCS + file, 'utf8').matchAll(/```sql\n([^]*?)```/g))
      texts.push(...(block ?? '').split(/;\s*\n/).filter((text) => text.trim() !== ''));
  if (!existsSync(GOLDEN)) return texts;
  const files = readFileSync(`${GOLDEN}MANIFEST.tsv`, 'utf8').trim().split('\n').slice(1);
  for (const line of files.filter((_, i) => i % 40 === 0)) {
    const path = GOLDEN + (line.split('\t')[1] ?? '');
    if (!existsSync(path)) continue;
    for (const record of readFileSync(path, 'utf8').trim().split('\n').slice(0, 40))
      texts.push((JSON.parse(record) as { readonly sql: string }).sql);
  }
  return texts.filter((text) => text.length < 4000);
}

const PUNCTUATION = [
  '(',
  ')',
  ',',
  ';',
  '.',
  '..',
  '[',
  ']',
  ':',
  '::',
  ':=',
  '=>',
  '=',
  '<',
  '>',
  '<=',
  '<>',
  '!=',
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '|',
  '||',
  '@',
  '@>',
  '->',
  '->>',
  '#>',
  '?',
  '~',
  '!~*',
  '&&',
  '$1',
  '$',
  '`',
  '\\',
  '{',
  '}',
];
const CONSTANTS = [
  '1',
  '0',
  '1.5',
  '.5',
  '1e10',
  '1e',
  '0x1F',
  '99999999999999999999',
  "'a'",
  "''",
  "E'\\n\\x41\\u00e9'",
  "E'\\",
  "U&'\\0041'",
  "U&'\\00'",
  "B'101'",
  "X'1F'",
  "B'2'",
  '$$a$$',
  '$x$ $$ $x$',
  '$x$',
  '"q"',
  '""',
  '"a""b"',
  "'unclosed",
  '"unclosed',
  '/* c */',
  '/* /* */',
  '-- c\n',
  "'a'\n'b'",
  "N'a'",
];
const NAMES = [
  't',
  'a',
  'b.c',
  'a.b.c',
  'a.*',
  'é',
  '名前',
  '_x',
  'x$1',
  'public.t',
  '𝒳',
  '\ud800',
  '\u0000',
  '\u00a0',
  '\ufeff',
];

const WHITESPACE = [' ', ' ', ' ', '\n', '\t', ''];

function anyToken(c: Choices): string {
  return c.pick(
    c.weighted([
      [5, KEYWORDS],
      [3, PUNCTUATION],
      [2, CONSTANTS],
      [2, NAMES],
    ] as const),
  );
}

/** Tokens in no order. */
export function soup(c: Choices): string {
  const start = c.chance(0.7)
    ? `${c.pick(['SELECT', 'INSERT INTO t', 'UPDATE t SET', 'DELETE FROM t', 'CREATE TABLE t (', 'ALTER TABLE t', 'WITH x AS (', 'CREATE', 'MERGE INTO t USING', 'COPY t', 'EXPLAIN'])} `
    : '';
  return start + c.times(c.between(1, 25), () => anyToken(c) + c.pick(WHITESPACE)).join('');
}

/** One of the texts with a few things cut, doubled, swapped, replaced or joined with another's. */
export function mutant(c: Choices, texts: readonly string[]): string {
  let pieces = split(c.pick(texts));
  for (let count = c.between(1, 4); count > 0; count--) {
    const at = c.int(pieces.length + 1);
    switch (c.int(8)) {
      case 0:
        pieces = pieces.toSpliced(at, c.between(1, 4));
        break;
      case 1:
        pieces = pieces.toSpliced(at, 0, anyToken(c));
        break;
      case 2:
        pieces = pieces.toSpliced(at, 1, anyToken(c));
        break;
      case 3: {
        const end = Math.min(pieces.length, at + c.between(1, 10));
        pieces = [...pieces.slice(0, end), ...pieces.slice(at, end), ...pieces.slice(end)];
        break;
      }
      case 4:
        pieces = pieces.slice(0, at);
        break;
      case 5: {
        const other = split(c.pick(texts));
        pieces = [...pieces.slice(0, at), ...other.slice(c.int(other.length))];
        break;
      }
      case 6: {
        const text = pieces.join('');
        const place = c.int(text.length + 1);
        pieces = [
          text.slice(0, place) +
            String.fromCharCode(c.chance(0.7) ? c.int(128) : c.int(65536)) +
            text.slice(place + c.int(2)),
        ];
        break;
      }
      default: {
        const other = c.int(pieces.length);
        const [a, b] = [pieces[at], pieces[other]];
        if (a !== undefined && b !== undefined) pieces = pieces.with(at, b).with(other, a);
      }
    }
  }
  return pieces.join('');
}

/** Words, constants, spaces and single characters. */
function split(text: string): string[] {
  return text.match(/\w+|'(?:[^']|'')*'|\s+|[^]/g) ?? [];
}

/** Texts of a shape at a size; each is as deep or as long as its number says. */
export const SHAPES: Readonly<Record<string, (n: number) => string>> = {
  'a chain of AND': (n) => `SELECT ${'a = 1 AND '.repeat(n)}b`,
  'a chain of +': (n) => `SELECT 1${' + 1'.repeat(Math.min(n, 500))}`,
  'an IN list': (n) => `SELECT a IN (${Array.from({ length: n }, (_, i) => i).join(', ')})`,
  'a select list': (n) => `SELECT ${Array.from({ length: n }, (_, i) => `a.b${i} AS "x${i}"`).join(', ')} FROM a`,
  'a FROM list': (n) => `SELECT * FROM ${Array.from({ length: n }, (_, i) => `t${i} AS x${i}`).join(', ')}`,
  'rows of VALUES': (n) =>
    `INSERT INTO t VALUES ${Array.from({ length: n }, (_, i) => `(${i}, 'x''y', NULL)`).join(', ')}`,
  'a long string': (n) => `SELECT '${"a''b ".repeat(n)}'`,
  'a string that does not end': (n) => `SELECT '${"a''b ".repeat(n)}`,
  'an escape string': (n) => `SELECT E'${'\\n\\u00e9x'.repeat(n)}'`,
  'a dollar quote that does not end': (n) => `SELECT $a$ ${'$b$ $a '.repeat(n)}`,
  'dollar signs': (n) => `SELECT ${'$'.repeat(n)}`,
  comments: (n) => `SELECT ${'/* x */ -- y\n'.repeat(n)} 1`,
  'a comment that does not end': (n) => `SELECT ${'/* '.repeat(n)}`,
  parentheses: (n) => `SELECT ${'('.repeat(n)}`,
  'closed parentheses': (n) => `SELECT ${'('.repeat(n)}1${')'.repeat(n)}`,
  'queries in parentheses': (n) => `${'('.repeat(n)}SELECT 1${')'.repeat(n)}`,
  'parentheses before a query': (n) => `SELECT * FROM ${'('.repeat(n)}SELECT 1${')'.repeat(n)} x`,
  'NOT upon NOT': (n) => `SELECT ${'NOT '.repeat(n)}true`,
  'minus upon minus': (n) => `SELECT ${'- '.repeat(n)}1`,
  subscripts: (n) => `SELECT a${'[1]'.repeat(n)}`,
  'CASE in CASE': (n) => `SELECT ${'CASE WHEN a THEN '.repeat(n)}1${' END'.repeat(n)}`,
  casts: (n) => `SELECT 1${'::int'.repeat(n)}`,
  'a name of many parts': (n) => `SELECT ${'a.'.repeat(n)}b`,
  unions: (n) => `SELECT 1${' UNION ALL SELECT 1'.repeat(n)}`,
  joins: (n) => `SELECT * FROM a${' JOIN b ON a.x = b.x'.repeat(n)}`,
  statements: (n) => 'SELECT 1; '.repeat(n),
  'columns of a table': (n) =>
    `CREATE TABLE t (${Array.from({ length: n }, (_, i) => `c${i} numeric(10, 2) NOT NULL DEFAULT 0`).join(', ')})`,
  'operators of one character': (n) => `SELECT 1 ${'@'.repeat(n)} 2`,
  spaces: (n) => `SELECT${' \n'.repeat(n)}1`,
  backslashes: (n) => `SELECT E'${'\\\\'.repeat(n)}`,
};
