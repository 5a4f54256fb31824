/** What routines give, and how messages and errors speak of them. */
import { DriftError } from '../../base/error.ts';
import type { Vector } from '../../base/vector.ts';
import type { RoutineDef } from '../../catalog/schema.ts';
import { typeByOid } from '../../sql/types/registry.ts';

/** What a body gave: columns with their types; `length` counts the rows. */
export interface RoutineRows {
  readonly oids: readonly number[];
  readonly names: readonly string[];
  readonly columns: readonly Vector[];
  readonly length: number;
}

/** `f(integer, text)`, as messages name a routine. */
export function signatureOf(def: RoutineDef): string {
  const types = def.args
    .filter(({ mode }) => mode !== 'out' && mode !== 'table')
    .map(({ type }) => typeByOid(type.oid).display);
  return `${def.name}(${types.join(', ')})`;
}

/** Adds one line to an error's `where`; its position belonged to another text. */
export function within(error: unknown, line: string): unknown {
  if (!(error instanceof DriftError)) return error;
  return error.inContext(line);
}
