/** Usable conditions over arrays: `id = ANY (ARRAY[1, 2])`, and `id = ANY ($1)` whose elements only the executor knows. */
import { SqlArray } from '../../sql/types/array.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { BoundExpression, QuantifiedExpression } from '../expression.ts';
import { comparable, unlabelled } from './comparable.ts';

/** A usable `column = ANY (array)` whose elements are not known yet. */
export interface SargArray {
  readonly ordinal: number;
  readonly array: BoundExpression;
  readonly condition: BoundExpression;
}

/** The condition, if its operand is a column (`ordinal`) and whatever is in the array has a key in its form. */
export function arraySarg(condition: QuantifiedExpression, ordinal: number | undefined): SargArray[] {
  const { operand, array } = condition;
  const element = { oid: typeByOid(array.type.oid).elementOid, typmod: -1 };
  const isUsable = comparable(unlabelled(operand).type.oid, { kind: 'const', value: null, type: element });
  return ordinal === undefined || !isUsable ? [] : [{ ordinal, array, condition }];
}

/** The elements that are known. */
export function itemsOf(array: BoundExpression): readonly BoundExpression[] | null {
  if (array.kind === 'array') return array.nested ? null : array.elements;
  if (array.kind !== 'const' || !(array.value instanceof SqlArray)) return null;
  const oid = array.value.elementOid;
  return array.value.elements.map((value) => ({ kind: 'const', value, type: { oid, typmod: -1 } }));
}
