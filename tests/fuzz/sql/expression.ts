/** Random expressions of a type that is asked for, well typed unless `mistype` is used. */
import type { Choices } from './choices.ts';
import { callablesReturning } from './functions.ts';
import type { Scope } from './scope.ts';
import { specialsReturning } from './special.ts';
import { anyType, BOOL, type FuzzType, INT4, orderedType, TEXT } from './types.ts';

/** An expression of a type, `depth` calls deep at most. */
export function expression(c: Choices, scope: Scope, type: FuzzType, depth: number): string {
  const columns = scope.columns.filter((column) => column.type === type);
  const leaf = (): string => {
    if (columns.length > 0 && c.chance(0.75)) return c.pick(columns).text;
    return c.chance(0.08) ? `NULL::${type.name}` : type.literal(c);
  };
  if (depth <= 0 || c.chance(0.15)) return leaf();
  const deeper = (of: FuzzType): string => expression(c, scope, of, depth - 1);
  const kind = c.weighted([
    [6, 'call'],
    [1, 'case'],
    [1, 'coalesce'],
    [type === TEXT || type === INT4 ? 2 : 1, 'special'],
    [type === BOOL ? 7 : 0, 'condition'],
    [scope.subquery === undefined ? 0 : 0.4, 'subquery'],
  ] as const);
  switch (kind) {
    case 'call': {
      const callables = callablesReturning(type).filter((callable) => scope.risky || !callable.risky);
      if (callables.length === 0) return leaf();
      const callable = c.pickStable(callables);
      return callable.write(callable.args.map(deeper));
    }
    case 'case':
      return c.chance(0.7)
        ? `CASE WHEN ${deeper(BOOL)} THEN ${deeper(type)} ${c.chance(0.7) ? `ELSE ${deeper(type)} ` : ''}END`
        : `CASE ${deeper(INT4)} WHEN ${deeper(INT4)} THEN ${deeper(type)} WHEN ${deeper(INT4)} THEN ${deeper(type)} END`;
    case 'coalesce': {
      if (!type.ordered) return `coalesce(${deeper(type)}, ${deeper(type)})`;
      const name = c.pick(['coalesce', 'nullif', 'greatest', 'least']);
      return `${name}(${deeper(type)}, ${deeper(type)})`;
    }
    case 'special': {
      const specials = specialsReturning(type);
      return specials.length === 0 ? leaf() : c.pick(specials)(c, deeper);
    }
    case 'subquery':
      return scope.subquery?.(c, scope, type, depth - 1) ?? leaf();
    default:
      return condition(c, scope, depth);
  }
}

/** A boolean expression. */
export function condition(c: Choices, scope: Scope, depth: number): string {
  const deeper = (of: FuzzType): string => expression(c, scope, of, depth - 1);
  const not = c.pick(['', 'NOT ']);
  // Conditions over a column meet the access paths.
  const type = scope.columns.length > 0 && c.chance(0.7) ? c.pick(scope.columns).type : orderedType(c);
  const compared = type.ordered ? type : INT4;
  const comparison = c.pick(['=', '<>', '<', '<=', '>', '>=']);
  switch (c.int(depth > 0 ? 13 : 6)) {
    case 0:
      return `(${deeper(type)} IS ${not}NULL)`;
    case 1:
      return `(${deeper(compared)} ${comparison} ${deeper(compared)})`;
    case 2:
      return `(${deeper(compared)} ${not}IN (${c.times(c.between(1, 4), () => (c.chance(0.8) ? compared.literal(c) : deeper(compared))).join(', ')}))`;
    case 3:
      return `(${deeper(compared)} ${not}BETWEEN ${c.chance(0.1) ? 'SYMMETRIC ' : ''}${deeper(compared)} AND ${deeper(compared)})`;
    case 4:
      return `(${deeper(compared)} IS ${not}DISTINCT FROM ${deeper(compared)})`;
    case 5:
      return `(${deeper(TEXT)} ${not}${c.pick(['LIKE', 'ILIKE'])} '${c.pick(['a%', '%b%', '%', '_', 'x\\_z', '%z', 'ab', ''])}')`;
    case 6:
      return `(NOT ${condition(c, scope, depth - 1)})`;
    case 7:
    case 8:
      return `(${condition(c, scope, depth - 1)} ${c.pick(['AND', 'AND', 'OR'])} ${condition(c, scope, depth - 1)})`;
    case 9:
      return `(${condition(c, scope, depth - 1)} IS ${not}${c.pick(['TRUE', 'FALSE', 'UNKNOWN'])})`;
    case 10:
      return `((${deeper(compared)}, ${deeper(INT4)}) ${comparison} (${deeper(compared)}, ${deeper(INT4)}))`;
    case 11:
      // An array of arrays is an array of its elements: nothing to compare an array with.
      if (/\[\]/.test(compared.name)) return `(${deeper(INT4)} ${comparison} 3)`;
      return `(${deeper(compared)} ${comparison} ${c.pick(['ANY', 'ALL'])} (ARRAY[${c.times(c.between(1, 3), () => deeper(compared)).join(', ')}]))`;
    default:
      return scope.subquery === undefined ? `(${deeper(BOOL)})` : scope.subquery(c, scope, BOOL, depth - 1);
  }
}

/** An expression in which an argument somewhere has another type than it should: what it should be refused with is compared. */
export function mistyped(c: Choices, scope: Scope, type: FuzzType, depth: number): string {
  const text = expression(c, scope, type, depth);
  const wrong = expression(c, scope, anyType(c), 1);
  const literals = [...text.matchAll(/\b\d+\b|'[^']*'(::\w+)?|\bt\d\.\w+/g)];
  if (literals.length === 0) return `${text} + ${wrong}`;
  const target = c.pick(literals);
  const unknown = c.chance(0.3) ? `'${c.pick(['1', 'a', '2024-01-01', '{1,2}', 't', ''])}'` : wrong;
  return text.slice(0, target.index) + unknown + text.slice(target.index + target[0].length);
}
