/** The words of statements about routines; by themselves, so that other definitions do without routine.ts. */
import type { ObjectKind } from '../../sql/ast-table.ts';

export type RoutineKind = 'function' | 'procedure' | 'routine' | 'aggregate';

export function isRoutineKind(object: ObjectKind): object is RoutineKind {
  return object === 'function' || object === 'procedure' || object === 'routine' || object === 'aggregate';
}
