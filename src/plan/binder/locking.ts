/**
 * FOR UPDATE and its kin: where they may stand (parse analysis' CheckSelectLocking). A locked row must be one of a
 * table, so nothing that merges rows goes with it.
 */
import { DriftError } from '../../base/error.ts';
import type { LockingClause, Query, TableReference } from '../../sql/ast-query.ts';
import type { Scope } from './scope.ts';

/** REQUIRES: the query's body is bound into `scope`. */
export function checkLocking(query: Query, scope: Scope): void {
  for (const clause of query.locking) {
    const what = offence(query, scope);
    const strength = `FOR ${clause.strength.toUpperCase()}`;
    if (what !== null) {
      throw new DriftError('0A000', `${strength} ${what}`, { position: clause.position });
    }
    if (query.body.kind === 'select') checkNames(clause, strength, query.body.from);
  }
}

function offence({ body }: Query, scope: Scope): string | null {
  if (body.kind === 'setOperation') return 'is not allowed with UNION/INTERSECT/EXCEPT';
  if (body.kind === 'values') return 'cannot be applied to VALUES';
  if (body.kind !== 'select') return null;
  if (body.distinct !== undefined) return 'is not allowed with DISTINCT clause';
  if (body.groupBy.length > 0) return 'is not allowed with GROUP BY clause';
  if (body.having !== undefined) return 'is not allowed with HAVING clause';
  if (scope.hasAggregates) return 'is not allowed with aggregate functions';
  if (scope.hasWindows) return 'is not allowed with window functions';
  if (scope.hasSets) return 'is not allowed with set-returning functions in the target list';
  return null;
}

function checkNames(clause: LockingClause, strength: string, from: readonly TableReference[]): void {
  for (const { schema, name, position } of clause.of) {
    if (schema !== undefined)
      throw new DriftError('42601', `${strength} must specify unqualified relation names`, { position });
    const found = from.map((reference) => referenceNamed(reference, name)).find((kind) => kind !== undefined);
    if (found === undefined) {
      throw new DriftError('42P01', `relation "${name}" in ${strength} clause not found in FROM clause`, { position });
    }
    if (found === 'tableFunction')
      throw new DriftError('0A000', `${strength} cannot be applied to a function`, { position });
    if (found === 'join') throw new DriftError('0A000', `${strength} cannot be applied to a join`, { position });
  }
}

function referenceNamed(reference: TableReference, name: string): TableReference['kind'] | undefined {
  if (reference.kind === 'join') {
    if (reference.alias !== undefined) return reference.alias === name ? 'join' : undefined;
    return referenceNamed(reference.left, name) ?? referenceNamed(reference.right, name);
  }
  if (reference.kind === 'table') return (reference.alias ?? reference.name.name) === name ? 'table' : undefined;
  return reference.alias === name ? reference.kind : undefined;
}
