/**
 * The type of rows: ROW(…), a table's whole row, several columns of a subquery taken as one value.
 *
 * Rows compare field by field; unlike in `ROW(…) = ROW(…)`, which the binder takes apart, a null equals a null and is
 * greater than everything else, so that rows can be sorted, grouped and indexed (PostgreSQL 9.24.6). A row knows its
 * fields' types, since one column may hold rows of several shapes.
 */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import { makeType } from './basic.ts';
import { printRecord } from './record-text.ts';
import type { SqlRecord } from './record.ts';
import { taggedCodec } from './tagged.ts';
import type { SqlType } from './type.ts';

/** `typeOf` finds the fields' types. */
export function makeRecordType(typeOf: (oid: number) => SqlType): SqlType {
  return makeType({
    oid: 2249,
    name: 'record',
    display: 'record',
    category: 'P',
    arrayOid: 2287,
    length: -1,
    format: () => ({ kind: 'boxed', codec: taggedCodec }),
    input() {
      throw new DriftError('0A000', 'input of anonymous composite types is not implemented');
    },
    output: (value, context) => print(value as SqlRecord, typeOf, context),
    compare: (a, b) => compareRecords(a as SqlRecord, b as SqlRecord, typeOf),
    hashKey(value) {
      const { values, oids } = value as SqlRecord;
      return values.map((field, i) => fieldKey(field, oids[i] as number, typeOf)).join('');
    },
  });
}

/** Length first, so that no two lists of fields give the same text. */
function fieldKey(field: Value, oid: number, typeOf: (oid: number) => SqlType): string {
  if (field === null) return 'n;';
  const key = String(typeOf(oid).hashKey(field));
  return `${key.length}:${key};`;
}

function print({ values, oids }: SqlRecord, typeOf: (oid: number) => SqlType, context: EvalContext): string {
  return printRecord(
    values.map((value, i) => (value === null ? null : typeOf(oids[i] as number).output(value, context))),
  );
}

/** Throws 42804 for rows of different shapes. */
function compareRecords(a: SqlRecord, b: SqlRecord, typeOf: (oid: number) => SqlType): number {
  const common = Math.min(a.values.length, b.values.length);
  for (let i = 0; i < common; i++) {
    const [left, right] = [typeOf(a.oids[i] as number), typeOf(b.oids[i] as number)];
    if (left !== right) {
      throw new DriftError(
        '42804',
        `cannot compare dissimilar column types ${left.display} and ${right.display} at record column ${i + 1}`,
      );
    }
    const order = compareFields(a.values[i] ?? null, b.values[i] ?? null, left);
    if (order !== 0) return order;
  }
  if (a.values.length !== b.values.length)
    throw new DriftError('42804', 'cannot compare record types with different numbers of columns');
  return 0;
}

function compareFields(a: Value, b: Value, type: SqlType): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (type.compare === undefined)
    throw new DriftError('42883', `could not identify a comparison function for type ${type.display}`);
  return type.compare(a, b);
}
