/** The maker of operators over values alone, strict and immutable. */
import type { Value } from '../../base/vector.ts';
import { pure } from './define.ts';
import type { OperatorEntry } from './function.ts';

/** `types` are those of the left and right side, the left one 0 for a prefix operator; `id` names the implementation. */
export function pureOperator(
  name: string,
  types: readonly [number, number],
  returns: number,
  id: string,
  call: (...args: never[]) => Value,
): OperatorEntry {
  const [left, right] = types;
  return { name, left, right, fn: pure(id, left === 0 ? [right] : types, returns, call) };
}
