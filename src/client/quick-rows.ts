/** QuickRows: the first row of a prepared SELECT made at once from where it lies, for engines in the caller's thread. */
import type { BoxedVector, Vector } from '../base/vector.ts';
import { type LyingRow, QuickRead } from '../database/quick-read.ts';
import type { Session } from '../database/session.ts';
import {
  dateOfBigMicros,
  dateOfDay,
  dateOfMicros,
  integer,
  isTimestamp,
  OID,
  parserOf,
  scaledText,
} from './parsers.ts';
import { define, type Field, templateOf } from './result.ts';

export class QuickRows {
  readonly #read: QuickRead;
  #fields: readonly Field[] = [];
  #template: Record<string, unknown> = {};

  constructor(session: Session, sql: string) {
    this.#read = new QuickRead(session, sql);
  }

  /** Null where there is no row, undefined where only a query can tell. */
  first(parameters: readonly unknown[]): Record<string, unknown> | null | undefined {
    const found = this.#read.first(parameters);
    return found === null || found === undefined ? found : this.#made(found);
  }

  #made({ fields, ordinals, columns, row }: LyingRow): Record<string, unknown> {
    if (this.#fields !== fields) {
      this.#fields = fields;
      this.#template = templateOf(fields);
    }
    const made = { ...this.#template };
    for (let c = 0; c < fields.length; c++) {
      const { name, dataTypeID } = fields[c] as Field;
      const value = cellValue(columns[ordinals[c] as number] as Exclude<Vector, BoxedVector>, row, dataTypeID);
      if (name === '__proto__') define(made, value);
      else made[name] = value;
    }
    return made;
  }
}

/** One value, as `columnValues` gives it. */
function cellValue(vector: Exclude<Vector, BoxedVector>, row: number, oid: number): unknown {
  if (vector.nulls !== null && vector.nulls[row] === 1) return null;
  switch (vector.kind) {
    case 'bool':
      return vector.data[row] === 1;
    case 'i32': {
      const value = vector.data[row] as number;
      return oid === OID.date ? dateOfDay(value) : value;
    }
    case 'f64': {
      const value = vector.data[row] as number;
      if (vector.scale !== undefined) return scaledText(value, vector.scale);
      return isTimestamp(oid) ? dateOfMicros(value) : value;
    }
    case 'i64': {
      const value = vector.data[row] as bigint;
      return isTimestamp(oid) ? dateOfBigMicros(value) : integer(value);
    }
    case 'text':
    case 'dict': {
      const text = vector.kind === 'text' ? vector.data[row] : vector.dictionary[vector.data[row] as number];
      const parse = parserOf(oid, undefined);
      return parse === undefined ? text : parse(text as string);
    }
  }
}
