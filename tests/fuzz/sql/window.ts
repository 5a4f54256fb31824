/** Window function calls: order-sensitive ones only where the rows have a total order. */
import { aggregate } from './aggregate.ts';
import type { Choices } from './choices.ts';
import { expression } from './expression.ts';
import type { Scope } from './scope.ts';
import { anyType, type FuzzType, FLOAT8, INT4, INT8, orderedType } from './types.ts';

export function windowCall(
  c: Choices,
  scope: Scope,
  key: readonly string[] | undefined,
): { text: string; type: FuzzType } {
  const plain: Scope = { ...scope, subquery: undefined };
  const partition = c.chance(0.6) ? `PARTITION BY ${expression(c, plain, orderedType(c), 1)} ` : '';
  const by = `${expression(c, plain, orderedType(c), 1)}${c.pick(['', ' DESC', ' NULLS FIRST'])}`;
  if (key === undefined || c.chance(0.3)) return peersOnly(c, plain, partition, by);
  const order = `ORDER BY ${by}, ${key.join(', ')}`;
  const type = anyType(c);
  const argument = expression(c, plain, type, 1);
  const over = `OVER (${partition}${order} ${frame(c)})`;
  switch (c.int(8)) {
    case 0:
      return { text: `row_number() OVER (${partition}${order})`, type: INT8 };
    case 1:
      return {
        text: `${c.pick(['lag', 'lead'])}(${argument}${c.pick(['', ', 2', ', 0'])}) OVER (${partition}${order})`,
        type,
      };
    case 2:
      return { text: `${c.pick(['first_value', 'last_value'])}(${argument}) ${over}`, type };
    case 3:
      return { text: `nth_value(${argument}, ${c.between(1, 3)}) ${over}`, type };
    case 4:
      return { text: `ntile(${c.between(1, 4)}) OVER (${partition}${order})`, type: INT4 };
    case 5:
      return { text: `count(*) ${over}`, type: INT8 };
    default:
      return overAggregate(c, plain, over);
  }
}

/** Calls that treat peers alike, so that any order among them will do. */
function peersOnly(c: Choices, scope: Scope, partition: string, by: string): { text: string; type: FuzzType } {
  switch (c.int(5)) {
    case 0:
      return { text: `${c.pick(['rank', 'dense_rank'])}() OVER (${partition}ORDER BY ${by})`, type: INT8 };
    case 1:
      return { text: `${c.pick(['percent_rank', 'cume_dist'])}() OVER (${partition}ORDER BY ${by})`, type: FLOAT8 };
    case 2:
      return overAggregate(
        c,
        scope,
        `OVER (${partition}ORDER BY ${by} GROUPS BETWEEN ${c.int(2)} PRECEDING AND ${c.pick(['CURRENT ROW', '1 FOLLOWING'])}${c.pick(['', ' EXCLUDE GROUP'])})`,
      );
    case 3:
      return overAggregate(
        c,
        scope,
        `OVER (${partition}ORDER BY ${expression(c, scope, INT4, 0)} RANGE BETWEEN ${c.int(4)} PRECEDING AND ${c.int(4)} FOLLOWING)`,
      );
    default:
      return overAggregate(c, scope, `OVER (${partition}${c.chance(0.5) ? `ORDER BY ${by}` : ''})`);
  }
}

function overAggregate(c: Choices, scope: Scope, over: string): { text: string; type: FuzzType } {
  for (;;) {
    const made = aggregate(c, scope);
    // Neither is allowed in windows by PostgreSQL.
    if (!/DISTINCT|WITHIN GROUP|ORDER BY/.test(made.text) && !made.loose)
      return { text: `${made.text} ${over}`, type: made.type };
  }
}

function frame(c: Choices): string {
  const start = c.pick(['UNBOUNDED PRECEDING', '2 PRECEDING', '1 PRECEDING', 'CURRENT ROW']);
  const end = c.pick(['CURRENT ROW', '1 FOLLOWING', 'UNBOUNDED FOLLOWING']);
  return `${c.pick(['ROWS', 'ROWS', 'GROUPS'])} BETWEEN ${start} AND ${end}${c.pick(['', '', ' EXCLUDE CURRENT ROW', ' EXCLUDE TIES'])}`;
}
