/** SET CONSTRAINTS: which of the DEFERRABLE constraints wait for the commit. */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import type { Deferrable } from '../catalog/schema.ts';
import type { SetConstraints } from '../sql/ast-statement.ts';
import type { Transaction } from '../txn/transaction.ts';
import type { ResultSet } from './api.ts';
import { recheckConstraints } from './recheck.ts';
import { command, warned } from './show.ts';
import type { Scene } from './statement.ts';

interface Constraint {
  readonly name: string;
  readonly deferrable?: Deferrable | undefined;
}

/** SET CONSTRAINTS: what becomes immediate is checked now. Throws 42704, 42809 and what the checks throw. */
export function* setConstraints(scene: Scene, { names, deferred, position }: SetConstraints): Task<ResultSet> {
  const { transaction } = scene;
  if (names === undefined) {
    transaction.deferral = { all: deferred, named: new Map() };
  } else {
    const named = new Map(transaction.deferral.named);
    for (const { name } of names) {
      const found = constraintsNamed(transaction, name);
      if (found.length === 0) throw new DriftError('42704', `constraint "${name}" does not exist`, { position });
      if (found.every(({ deferrable }) => deferrable === undefined))
        throw new DriftError('42809', `constraint "${name}" is not deferrable`, { position });
      named.set(name, deferred);
    }
    transaction.deferral = { ...transaction.deferral, named };
  }
  if (!deferred && transaction.deferred) {
    const { core } = scene;
    yield* recheckConstraints(core, transaction, core.manager.newestReader(transaction), scene.eval, {
      defers: (constraint) => transaction.defers(constraint),
      waits: true,
    });
  }
  if (!scene.inBlock) {
    const message = 'SET CONSTRAINTS can only be used in transaction blocks';
    return warned('SET CONSTRAINTS', '25P01', message);
  }
  return command('SET CONSTRAINTS');
}

function constraintsNamed({ catalog }: Transaction, name: string): Constraint[] {
  const found: Constraint[] = [];
  for (const object of catalog.objects()) {
    if (object.kind !== 'table') continue;
    if (object.primaryKeyName === name) found.push({ name });
    for (const constraint of [...object.foreignKeys, ...object.checks, ...object.indexes])
      if (constraint.name === name) found.push(constraint);
  }
  return found;
}
