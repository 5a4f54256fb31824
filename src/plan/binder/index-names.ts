/** Names of an index's columns, of which its own name is made: PostgreSQL's ChooseIndexColumnNames (indexcmds.c). */
import type { Expression } from '../../sql/ast.ts';
import type { BoundExpression } from '../expression.ts';
import { columnName } from './names.ts';

/** What an expression without a subquery is bound to has no part in its name. */
const NO_MATTER: BoundExpression = { kind: 'const', value: null, type: { oid: 25, typmod: -1 } };

const NAMELESS = '?column?';

/** The names of an index's keys: as in a select list, `expr` for nameless ones, with a number where a name is taken. */
export function indexColumnNames(keys: readonly (Expression | string)[]): string[] {
  const names: string[] = [];
  for (const key of keys) {
    const found = typeof key === 'string' ? key : columnName(key, NO_MATTER);
    const base = found === NAMELESS ? 'expr' : found;
    let name = base;
    for (let n = 1; names.includes(name); n++) name = `${base}${n}`;
    names.push(name);
  }
  return names;
}
