/** Which types are ranges, and which range there is over a type; those of users among them. */
import { userType } from '../../catalog/user-types.ts';
import { kindOfRange } from './multirange.ts';
import { type RangeKind, RANGES } from './range.ts';
import { typeByOid } from './registry.ts';

export function isRange(oid: number): boolean {
  return RANGES.some((spec) => spec.oid === oid) || userType(oid)?.definition.form === 'range';
}

export function rangeKind(oid: number): RangeKind {
  return kindOfRange(oid, typeByOid);
}

/** PostgreSQL's own range over a type; undefined for types without one. */
export function rangeOver(subtype: number): RangeKind | undefined {
  const spec = RANGES.find((candidate) => candidate.subtype === subtype);
  return spec === undefined ? undefined : rangeKind(spec.oid);
}
