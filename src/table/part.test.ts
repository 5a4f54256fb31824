/** Look-ups of one key decode a few row groups of a tile, and find there what all of its rows have. */
import { describe, expect, test } from 'vitest';
import { runSync } from '../base/task.ts';
import type { ColumnFormat, Vector } from '../base/vector.ts';
import { vectorFromValues } from '../exec/vectors.ts';
import { encodeSegment } from '../segment/segment.ts';
import { KeyCodec } from './key.ts';
import { MomentRows } from './moment-rows.ts';
import { type SealedPart, StoredRows } from './part.ts';
import type { Key } from './table.ts';

const [INT4, TEXT] = [23, 25] as const;
const ROWS = 5 * 4096 + 100;
/** Versions of a key; the busy key has as many as two row groups. */
const versionsOf = (key: number): number => (key === 2000 ? 8192 : 4);

function tile(format: ColumnFormat, oid: number, nameOf: (key: number) => Key): StoredRows {
  const keys: number[] = [];
  const from: number[] = [];
  for (let key = 1000; keys.length < ROWS; key++)
    for (let version = 0; version < versionsOf(key) && keys.length < ROWS; version++) {
      keys.push(key);
      from.push(version + 1);
    }
  const columns: Vector[] = [vectorFromValues(keys.map(nameOf), oid), vectorFromValues(from, INT4)];
  const times = { from: Float64Array.from(from), to: Float64Array.from(from, (seq) => seq + 1) };
  const formats: ColumnFormat[] = [format, { kind: 'i32' }];
  const { bytes, tableLength, tableCrc } = runSync(encodeSegment({ columns, ...times, currentRows: 0 }, formats));
  const layout = formats.map((each) => ({ format: each, missing: null }));
  return new StoredRows({ pack: 1, offset: 0, length: bytes.length, tableLength, tableCrc }, bytes, {
    columns: layout,
    codec: new KeyCodec([{ column: 0, descending: false, nullsFirst: false }], layout),
  });
}

/** [from, to, value] of a key's versions. */
function versions(part: SealedPart, key: Key): unknown[] {
  const { data } = part.column(1) as { readonly data: Int32Array };
  const found: unknown[] = [];
  part.keys.forEach((at, row) => {
    if (at === key) found.push([part.from[row], part.to[row], data[row]]);
  });
  return found;
}

describe.each([
  ['numbers', { kind: 'i32' }, INT4, (key: number): Key => key],
  ['texts', { kind: 'text' }, TEXT, (key: number): Key => `a name longer than the bounds of a zone are ${key}`],
] as const)('%s', (_, format, oid, nameOf) => {
  test('a key has all of its versions', () => {
    for (const key of [999, 1000, 1001, 1999, 2000, 2001, 2024, 2025, 3000, 4000, 9999]) {
      const part = tile(format, oid, nameOf);
      const named = nameOf(key);
      const few = part.ofKey(named);
      expect(versions(few, named), `key ${key}`).toEqual(versions(part, named));
    }
  });
});

test('few rows are decoded, unless many are asked for', () => {
  const part = tile({ kind: 'i32' }, INT4, (key) => key);
  expect(part.ofKey(1000).rows).toBe(4096);
  expect(part.ofKey(1001)).toBe(part.ofKey(1000));
  expect(part.ofKey(5).rows).toBe(0);
  expect(part.ofKey(2000)).toBe(part);
  const last = 1000 + (ROWS - 8192) / 4;
  for (let key = 1000; key < last; key += 100) part.ofKey(key);
  for (let key = 1000; key < last; key += 100) part.ofKey(key);
  expect(part.ofKey(1000)).toBe(part);
});

test('rows that have begun, whatever their numbers are', () => {
  const from = Float64Array.from([1, 5, 2 ** 40, 6, 2 ** 52, 0, 7, 5]);
  const holes = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 1]);
  const rows = new MomentRows();
  const begun = (seq: number, end = 8): number[] => [...rows.begun(from, holes, 0, end, seq)];
  expect(begun(5)).toEqual([0, 1, 5]);
  expect(begun(5, 3)).toEqual([0, 1]);
  expect(begun(6)).toEqual([0, 1, 3, 5]);
  expect(begun(2 ** 40)).toEqual([0, 1, 2, 3, 5, 6]);
  expect(begun(0)).toEqual([5]);
  expect(begun(2 ** 52)).toEqual([0, 1, 2, 3, 4, 5, 6]);
});
