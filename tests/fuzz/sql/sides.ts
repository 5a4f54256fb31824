/**
 * What a property compares, from one statement: so that a smaller statement of the same form has the same property.
 *
 *     norec      SELECT count(*) FROM … WHERE p      that, and the count of rows for which p in the select list is true
 *     tlp        SELECT … FROM … WHERE p             all rows, and those for which p is true, false, null
 *     partition  SELECT … FROM t AS r WHERE p        the rows, and those of each remainder of r.id
 *     paths      any query                           the same with and without planner switches
 */
import type { Query, Select } from '../../../src/sql/ast-query.ts';
import type { Statement } from '../../../src/sql/ast-statement.ts';
import { parseOne } from '../../../src/sql/parser/parser.ts';
import { printExpression, printStatement } from '../../../src/sql/parser/print.ts';

export type PropertyKind = 'norec' | 'tlp' | 'partition' | 'paths';

export interface Property {
  readonly kind: PropertyKind;
  readonly sql: string;
  /** Planner switches of the left side. */
  readonly off: readonly string[];
}

/** The two queries; null where a statement has not the form or cannot be read. */
export function sidesOf(kind: PropertyKind, sql: string): readonly [string, string] | null {
  let tree: Statement;
  try {
    tree = parseOne(sql);
  } catch {
    return null;
  }
  if (tree.kind !== 'query') return null;
  if (kind === 'paths') return [sql, sql];
  const { body } = tree;
  if (body.kind !== 'select' || !isPlain(tree, body) || body.from.length === 0) return null;
  const where = body.where === undefined ? undefined : printExpression(body.where);
  const rest = (targets: Select['targets']): string =>
    printStatement({ ...tree, body: { ...body, targets, where: undefined } });
  const all = rest(body.targets);
  if (kind === 'partition') {
    const part = (k: number): string => `${all} WHERE ${where === undefined ? '' : `(${where}) AND `}r.id % 3 = ${k}`;
    return [sql, `${part(0)} UNION ALL ${part(1)} UNION ALL ${part(2)}`];
  }
  if (where === undefined) return null;
  if (kind === 'tlp')
    return [
      all,
      ['', 'NOT ', ''].map((not, i) => `${all} WHERE ${not}(${where})${i === 2 ? ' IS NULL' : ''}`).join(' UNION ALL '),
    ];
  if (body.targets.length !== 1 || !printStatement(tree).startsWith('SELECT count(*) FROM ')) return null;
  const test = parseOne(`SELECT (${where}) IS TRUE AS v`);
  if (test.kind !== 'query' || test.body.kind !== 'select') return null;
  return [sql, `SELECT count(*) FILTER (WHERE v) FROM (${rest(test.body.targets)}) AS z`];
}

/** Rows of FROM, filtered and computed one by one. */
function isPlain(query: Query, body: Select): boolean {
  const { with: ctes, orderBy, limit, offset } = query;
  const { distinct, groupBy, having, windows } = body;
  return (
    [ctes, limit, offset, distinct, having].every((part) => part === undefined) &&
    [orderBy, groupBy, windows].every((part) => part.length === 0)
  );
}

/** Texts of a select list; a smaller statement may drop some, but brings no other ones (an aggregate changes the rows). */
export function targetsOf(sql: string): readonly string[] {
  const tree = parseOne(sql);
  if (tree.kind !== 'query' || tree.body.kind !== 'select') return [];
  return tree.body.targets.map(({ expression }) => printExpression(expression));
}
