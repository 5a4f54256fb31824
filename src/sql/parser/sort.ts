/** ORDER BY lists, which queries, aggregates and windows share. */
import type { SortItem } from '../ast-query.ts';
import type { Cursor } from './cursor.ts';
import { parseOperatorName } from './operator-name.ts';

/** Parses `ORDER BY item, …`. */
export function parseOrderBy(p: Cursor): SortItem[] {
  p.expect('order');
  p.expect('by');
  return p.list(() => parseSortItem(p));
}

function parseSortItem(p: Cursor): SortItem {
  const { position } = p;
  const expression = p.grammar.expression(p);
  let descending = false;
  let using: string | undefined;
  if (p.accept('using')) using = parseOperatorName(p).operator;
  else if (p.accept('desc')) descending = true;
  else p.accept('asc');
  return { expression, descending, nullsFirst: parseNulls(p), using, position };
}

/** Parses `[NULLS FIRST | LAST]`. */
export function parseNulls(p: Cursor): boolean | undefined {
  if (p.acceptAll('nulls', 'first')) return true;
  if (p.acceptAll('nulls', 'last')) return false;
  return undefined;
}
