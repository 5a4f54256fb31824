/** Columns on their way between the threads: what goes in comes out, in whatever form it travels. */
import { expect, test } from 'vitest';
import { packError, packResult, unpackError, unpackResult } from '../../worker/wire.ts';
import { DriftError } from '../../src/base/error.ts';
import type { Vector } from '../../src/base/vector.ts';
import { valueAt } from '../../src/base/vector.ts';
import type { ResultSet } from '../../src/database/api.ts';

const FIELD = { name: 'v', dataTypeID: 25, typeModifier: -1, tableID: 7, columnID: 2 };

function crossed(vector: Vector, rowCount: number): { readonly result: ResultSet; readonly transferred: number } {
  const buffers: ArrayBufferLike[] = [];
  const given = { command: 'SELECT', fields: [FIELD], columns: [vector], rowCount, affectedRows: null };
  const packed = packResult(given, buffers);
  const result = unpackResult(structuredClone(packed, { transfer: buffers as ArrayBuffer[] }));
  return { result, transferred: buffers.length };
}

function values(vector: Vector, count: number): unknown[] {
  return Array.from({ length: count }, (_, row) => valueAt(vector, row));
}

/** A vector of each kind with `count` values, every third of them NULL. */
function vectors(count: number): Vector[] {
  const nulls = Uint8Array.from({ length: count }, (_, row) => (row % 3 === 2 ? 1 : 0));
  const all = <T>(make: (row: number) => T): T[] => Array.from({ length: count }, (_, row) => make(row));
  const length = count;
  return [
    { kind: 'bool', data: Uint8Array.from(all((row) => row % 2)), nulls, length },
    { kind: 'i32', data: Int32Array.from(all((row) => -row)), nulls, length },
    { kind: 'f64', data: Float64Array.from(all((row) => row / 3)), nulls, length },
    { kind: 'f64', data: Float64Array.from(all((row) => row * 5)), scale: 2, nulls: null, length },
    { kind: 'i64', data: BigInt64Array.from(all((row) => 2n ** 62n - BigInt(row))), nulls, length },
    { kind: 'text', data: all((row) => (nulls[row] === 1 ? '' : `té😀xt ${row}`)), nulls, length },
    { kind: 'dict', data: Int32Array.from(all((row) => row % 4)), dictionary: ['', 'a', 'bb', 'ccc'], nulls, length },
    {
      kind: 'dict',
      data: Int32Array.from(all((row) => row)),
      dictionary: Array.from({ length: 500 }, (_, code) => `code ${code}`),
      nulls,
      length,
    },
    { kind: 'boxed', data: all((row) => (nulls[row] === 1 ? null : Uint8Array.of(row, 255))), nulls, length },
    { kind: 'boxed', data: all((row) => (nulls[row] === 1 ? undefined : [row, [null, 'x']])), nulls, length },
  ];
}

test.each([0, 1, 5, 64, 65, 300])('%i values of every kind', (count) => {
  for (const vector of vectors(count)) {
    const expected = values(vector, count);
    const { result } = crossed(vector, count);
    expect(values(result.columns[0] as Vector, count), vector.kind).toEqual(expected);
    expect(result.fields).toEqual([FIELD]);
    // What was given is still whole: the engine may keep it.
    expect(values(vector, count)).toEqual(expected);
  }
});

test('many values are transferred, few are copied', () => {
  const vector: Vector = { kind: 'i32', data: new Int32Array(1000), nulls: null, length: 1000 };
  expect(crossed(vector, 1000).transferred).toBe(1);
  expect(crossed(vector, 3).transferred).toBe(0);
});

test('bytes come without the buffer that they lie in', () => {
  const block = new Uint8Array(1_000_000);
  const vector: Vector = { kind: 'boxed', data: [block.subarray(10, 12)], nulls: null, length: 1 };
  const [column] = crossed(vector, 1).result.columns;
  expect((valueAt(column as Vector, 0) as Uint8Array).buffer.byteLength).toBe(2);
});

test('errors keep their fields; others are internal errors that say what they were', () => {
  const error = new DriftError('23505', 'twice', { detail: 'd', hint: 'h', position: 3, table: 't', constraint: 'c' });
  expect({ ...unpackError(structuredClone(packError(error))) }).toEqual({ ...error });
  expect(unpackError(packError(new RangeError('too far')))).toMatchObject({
    code: 'XX000',
    message: 'internal error: RangeError: too far',
  });
  expect(unpackError(packError('text'))).toMatchObject({ code: 'XX000', message: 'internal error: text' });
});
