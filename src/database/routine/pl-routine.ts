/** placeholder */
import type { Task } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import type { RoutineCall } from '../../sql/functions/function.ts';
import type { Scene } from '../statement.ts';
import type { RoutineRows } from './result.ts';
export function* runPlRoutine(_scene: Scene, _call: RoutineCall, _args: readonly Value[]): Task<RoutineRows> {
  throw new Error('x');
}

export function checkPlRoutine(_scene: Scene, _def: unknown): void {}
