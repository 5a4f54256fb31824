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
    if (query.body.kind !== 'select') continue;
    checkNames(clause, strength, query.body.from);
    const wanted = clause.of.map(({ name }) => name);
    if (query.body.from.some((reference) => locksNullable(reference, wanted, false)))
      throw new DriftError('0A000', `${strength} cannot be applied to the nullable side of an outer join`);
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

/** Whether a table of those to be locked (all where none is named) is one whose rows an outer join may leave out. */
function locksNullable(reference: TableReference, wanted: readonly string[], isNullable: boolean): boolean {
  if (reference.kind === 'join') {
    const { type } = reference;
    const left = isNullable || type === 'right' || type === 'full';
    const right = isNullable || type === 'left' || type === 'full';
    return locksNullable(reference.left, wanted, left) || locksNullable(reference.right, wanted, right);
  }
  if (!isNullable || (reference.kind !== 'table' && reference.kind !== 'derived')) return false;
  const name = reference.alias ?? (reference.kind === 'table' ? reference.name.name : undefined);
  return wanted.length === 0 || (name !== undefined && wanted.includes(name));
}

function referenceNamed(reference: TableReference, name: string): TableReference['kind'] | undefined {
  if (reference.kind === 'join') {
    if (reference.alias !== undefined) return reference.alias === name ? 'join' : undefined;
    return referenceNamed(reference.left, name) ?? referenceNamed(reference.right, name);
  }
  if (reference.kind === 'table') return (reference.alias ?? reference.name.name) === name ? 'table' : undefined;
  return reference.alias === name ? reference.kind : undefined;
}
