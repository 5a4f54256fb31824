/** Operators by name. Comparisons need no more than the types; all others are in the whole catalogue. */
import { comparisonOperators } from './comparison.ts';
import type { OperatorEntry } from './function.ts';
import { catalogueOperators } from './registry.ts';

const comparisons = new Map<string, OperatorEntry[]>();
for (const operator of comparisonOperators) {
  const same = comparisons.get(operator.name);
  if (same === undefined) comparisons.set(operator.name, [operator]);
  else same.push(operator);
}

export function operatorsNamed(name: string): readonly OperatorEntry[] {
  const known = name === '!=' ? '<>' : name;
  return comparisons.get(known) ?? catalogueOperators(known);
}
