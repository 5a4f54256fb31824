/** Statements that read or change rows of lines: they are part of a transaction, and change the session's line alone. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { BranchStatement } from '../../sql/ast-branch.ts';
import type { ResultSet } from '../api.ts';
import type { Scene } from '../statement.ts';
import { resolve } from './conflicts.ts';
import { diffBranches } from './diff.ts';
import { branchNamed } from './lines.ts';
import { mergeBranch } from './merge.ts';

export function* branchInTransaction(scene: Scene, { action, position }: BranchStatement): Task<ResultSet> {
  switch (action.do) {
    case 'merge':
      if (
        action.into !== undefined &&
        branchNamed(scene.core, action.into, position)?.id !== scene.core.line?.branch.id
      )
        throw new DriftError('0A000', 'a routine merges into the branch of its session only', { position });
      return yield* mergeBranch(scene, action, position);
    case 'resolve':
      return yield* resolve(scene, action, position);
    case 'diff':
      return yield* diffBranches(scene, action, position);
    default:
      throw new DriftError('0A000', `${action.do.toUpperCase()} BRANCH is not allowed in a routine`, { position });
  }
}
