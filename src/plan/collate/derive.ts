/**
 * Which collation an expression has, and how sure that is (PostgreSQL's manual, 24.2; parse_collate.c).
 *
 * A COLLATE clause gives an *explicit* collation, a column or a value an *implicit* one. What joins several operands takes
 * the surest of theirs. Different explicit ones are an error; different implicit ones cancel each other out (unless one is
 * the default), which is an error only where an order is asked for. A value without one: numbers, and columns of a UNION
 * ALL of different ones.
 */
import { DriftError } from '../../base/error.ts';
import type { TypeRef } from '../../catalog/schema.ts';
import { isCollatable, typeCollation, UNDETERMINED } from '../../sql/collatable.ts';
import { DEFAULT } from '../../sql/collations.ts';

export type Strength = 'none' | 'implicit' | 'conflict' | 'explicit';
const RANK: Readonly<Record<Strength, number>> = { none: 0, implicit: 1, conflict: 2, explicit: 3 };

export interface Derived {
  readonly strength: Strength;
  /** Empty for none. */
  readonly key: string;
  /** Of a conflict: the other collation. */
  readonly other: string;
  readonly position: number | undefined;
}

/** What a key is called in messages. */
export type NameOf = (key: string) => string;

export const NONE: Derived = { strength: 'none', key: '', other: '', position: undefined };

export function implicit(type: TypeRef, position?: number): Derived {
  const key = isCollatable(type.oid) ? typeCollation(type) : UNDETERMINED;
  return key === UNDETERMINED ? NONE : { strength: 'implicit', key, other: '', position };
}

export function explicit(key: string, position: number | undefined): Derived {
  return { strength: 'explicit', key, other: '', position };
}

/** Throws 42P21 for two explicit collations. */
export function merge(parts: readonly Derived[], nameOf: NameOf): Derived {
  let best = NONE;
  for (const part of parts) {
    if (RANK[part.strength] > RANK[best.strength]) best = part;
    else if (part.strength === best.strength && part.key !== best.key) best = both(best, part, nameOf);
  }
  return best;
}

function both(first: Derived, second: Derived, nameOf: NameOf): Derived {
  switch (first.strength) {
    case 'implicit':
      if (first.key === DEFAULT) return second;
      if (second.key === DEFAULT) return first;
      return { ...second, strength: 'conflict', key: first.key, other: second.key };
    case 'explicit': {
      const names = `"${nameOf(first.key)}" and "${nameOf(second.key)}"`;
      throw new DriftError('42P21', `collation mismatch between explicit collations ${names}`, {
        position: second.position,
      });
    }
    default:
      return first;
  }
}

/** What a column has whose values have this: COLLATE is forgotten, a conflict leaves none. */
export function asColumn(derived: Derived, position?: number): Derived {
  if (derived.strength === 'conflict') return NONE;
  return derived.strength === 'none' ? NONE : { ...derived, strength: 'implicit', position };
}

/** Refuses a conflict where rows are put in order or told apart (42P21). */
export function refuseConflict(derived: Derived, nameOf: NameOf): void {
  if (derived.strength !== 'conflict') return;
  const names = `"${nameOf(derived.key)}" and "${nameOf(derived.other)}"`;
  throw new DriftError('42P21', `collation mismatch between implicit collations ${names}`, {
    position: derived.position,
    hint: 'You can choose the collation by applying the COLLATE clause to one or both expressions.',
  });
}

/** The key under which texts are compared; throws 42P22 where there is none. */
export function decidedKey(derived: Derived, use: string): string {
  if (derived.strength === 'implicit' || derived.strength === 'explicit') return derived.key;
  throw new DriftError('42P22', `could not determine which collation to use for ${use}`, {
    position: derived.position,
    hint: 'Use the COLLATE clause to set the collation explicitly.',
  });
}
