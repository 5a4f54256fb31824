/**
 * `[NOT] DEFERRABLE` and `INITIALLY …` behind a constraint. A column's constraints are a list in which these words are
 * members of their own, so what is wrong with them is said in other words than of a table's constraint.
 */
import type { ConstraintTiming } from '../ast-table.ts';
import type { Cursor } from './cursor.ts';

type Word = 'DEFERRABLE' | 'NOT DEFERRABLE' | 'INITIALLY DEFERRED' | 'INITIALLY IMMEDIATE';

/** Parses the words in any order. `ofColumn`: none may come twice. */
export function parseTiming(p: Cursor, ofColumn = false): ConstraintTiming {
  let deferrable: boolean | undefined;
  let deferred: boolean | undefined;
  for (;;) {
    const { position } = p;
    const word = acceptTiming(p);
    if (word === null) break;
    if (word.endsWith('DEFERRABLE')) {
      const now = word === 'DEFERRABLE';
      if (deferrable !== undefined && ofColumn)
        p.refuse('multiple DEFERRABLE/NOT DEFERRABLE clauses not allowed', position);
      if (deferrable === !now) p.refuse('conflicting constraint properties', position);
      deferrable = now;
    } else {
      const now = word === 'INITIALLY DEFERRED';
      if (deferred !== undefined && ofColumn)
        p.refuse('multiple INITIALLY IMMEDIATE/DEFERRED clauses not allowed', position);
      if (deferred === !now) p.refuse('conflicting constraint properties', position);
      deferred = now;
    }
    if (deferred === true && deferrable === false)
      p.refuse('constraint declared INITIALLY DEFERRED must be DEFERRABLE', position);
  }
  return { deferrable: deferrable ?? deferred ?? false, initiallyDeferred: deferred ?? false };
}

/** Refuses the words behind a column constraint that has no timing, or behind none. */
export function refuseTiming(p: Cursor): void {
  const { position } = p;
  const word = acceptTiming(p);
  if (word !== null) p.refuse(`misplaced ${word} clause`, position);
}

/** The same behind a CHECK of a table. */
export function refuseCheckTiming(p: Cursor): void {
  const { position } = p;
  if (acceptTiming(p) !== null) p.refuse('CHECK constraints cannot be marked DEFERRABLE', position, '0A000');
}

function acceptTiming(p: Cursor): Word | null {
  if (p.accept('deferrable')) return 'DEFERRABLE';
  if (p.acceptAll('not', 'deferrable')) return 'NOT DEFERRABLE';
  if (p.acceptAll('initially', 'deferred')) return 'INITIALLY DEFERRED';
  return p.acceptAll('initially', 'immediate') ? 'INITIALLY IMMEDIATE' : null;
}
