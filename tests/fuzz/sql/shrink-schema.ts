/**
 * Smaller schemas: a script without one item (column or constraint) of a CREATE TABLE, and without that column's values in
 * the INSERTs into the table. Works on the text of definitions, which the printer of statements does not know.
 */
import type { Insert } from '../../../src/sql/ast-change.ts';
import { parseOne } from '../../../src/sql/parser/parser.ts';
import { printStatement } from '../../../src/sql/parser/print.ts';

const CREATE = /^(CREATE TABLE (\w+) \()(.*)(\))$/s;
const CONSTRAINT = /^(CHECK|UNIQUE|PRIMARY|FOREIGN|CONSTRAINT|EXCLUDE)\b/;

/** Scripts with one item fewer in the CREATE TABLE at `at`, or with a shorter one. */
export function* smallerTables(script: readonly string[], at: number): Generator<readonly string[]> {
  const [, head = '', table = '', body, tail = ''] = CREATE.exec(script[at] ?? '') ?? [];
  if (body === undefined) return;
  const items = listItems(body);
  for (const [i, item] of items.entries()) {
    const others = items.toSpliced(i, 1);
    if (others.length === 0) continue;
    const without = script.with(at, `${head}${others.join(', ')}${tail}`);
    yield CONSTRAINT.test(item) ? without : without.map((sql) => withoutColumn(sql, table, item.split(' ')[0] ?? ''));
  }
  for (const [i, item] of items.entries()) {
    const [name = '', type = ''] = item.split(' ');
    const plain = `${name} ${type}`;
    if (!CONSTRAINT.test(item) && plain !== item)
      yield script.with(at, `${head}${items.with(i, plain).join(', ')}${tail}`);
  }
}

/** Parts of a list at its commas outside of parentheses and quotes. */
function listItems(text: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const sign = text[i];
    if (sign === "'") quoted = !quoted;
    else if (quoted) continue;
    else if (sign === '(' || sign === '[') depth++;
    else if (sign === ')' || sign === ']') depth--;
    else if (sign === ',' && depth === 0) {
      items.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return [...items, text.slice(start).trim()];
}

/** An INSERT of rows without the values for one column; any other statement as it is. */
function withoutColumn(sql: string, table: string, column: string): string {
  if (!sql.startsWith('INSERT')) return sql;
  const tree = parseOne(sql) as Insert;
  const at = tree.columns?.findIndex(({ name }) => name === column) ?? -1;
  const { source } = tree;
  if (tree.target.name.name !== table || at < 0 || source?.body.kind !== 'values') return sql;
  const rows = source.body.rows.map((row) => row.toSpliced(at, 1));
  return printStatement({
    ...tree,
    columns: tree.columns?.toSpliced(at, 1),
    source: { ...source, body: { ...source.body, rows } },
  });
}
