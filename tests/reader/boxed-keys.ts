/** Keys of values that are boxed (src/table/FORMAT.md, "Keys"): times with a zone, addresses, arrays and ranges. */
import { Cursor, Damaged } from './bytes.ts';

/** Bytes of a key, or undefined for types that are not read here. */
export function boxedKey(oid: number, cell: Uint8Array): number[] | undefined {
  switch (oid) {
    case 1266:
      return timeKey(new Cursor(cell));
    case 869:
    case 650:
      return addressKey(new Cursor(cell));
    case 1007:
      return arrayKey(new Cursor(cell).string(), integer);
    case 1009:
      return arrayKey(new Cursor(cell).string(), text);
    case 3904:
      return rangeKey(new Cursor(cell).string());
    case 4451:
      return [
        ...[...new Cursor(cell).string().matchAll(/[[(][^)\]]*[)\]]/g)].flatMap(([range]) => [1, ...rangeKey(range)]),
        0,
      ];
    default:
      return undefined;
  }
}

function bigEndian(value: bigint, length: number): number[] {
  return Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 255n));
}

function timeKey(input: Cursor): number[] {
  const [micros, east] = [input.varint(), input.zigzag()];
  return [
    ...bigEndian(BigInt(micros) - BigInt(east) * 1_000_000n + 172_800_000_000n, 8),
    ...bigEndian(131_072n - BigInt(east), 3),
  ];
}

function addressKey(input: Cursor): number[] {
  const [family, mask] = [input.u8(), input.u8()];
  const address = [...input.raw(family === 4 ? 4 : 16)];
  const bits = address.flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((at) => (byte >> at) & 1));
  return [family, ...bits.slice(0, mask).map((bit) => bit + 1), 0, ...address];
}

function integer(value: string): number[] {
  return bigEndian(BigInt(value) + 2n ** 63n, 8);
}

function text(value: string): number[] {
  const units = Array.from({ length: value.length }, (_, i) => value.charCodeAt(i));
  return [...units.flatMap((unit) => [unit >> 8, unit & 255]), 0, 0];
}

/** Of an array's text: bounds that are not 1 stand before it. */
function arrayKey(printed: string, element: (value: string) => number[]): number[] {
  const [, bounds = '', body = ''] = /^(?:((?:\[[^\]]*\])+)=)?(.*)$/s.exec(printed) ?? [];
  const firsts = [...bounds.matchAll(/\[(-?\d+):/g)].map(([, first]) => Number(first));
  const lengths: number[] = [];
  const counts: number[] = [];
  const key: number[] = [];
  let depth = 0;
  for (const [token, , quoted] of body.matchAll(/([{},])|"((?:[^"\\]|\\.)*)"|[^{},"]+/gs)) {
    if (token === '{') {
      if (depth > 0) counts[depth - 1] = (counts[depth - 1] ?? 0) + 1;
      counts[depth++] = 0;
    } else if (token === '}') {
      depth--;
      lengths[depth] = counts[depth] as number;
    } else if (token !== ',') {
      counts[depth - 1] = (counts[depth - 1] as number) + 1;
      if (token === 'NULL') key.push(2);
      else key.push(1, ...element(quoted === undefined ? token : quoted.replaceAll(/\\(.)/gs, '$1')));
    }
  }
  if (depth !== 0) throw new Damaged(`an array ${printed}`);
  const shape = key.length === 0 ? [0] : [lengths.length, ...lengths, ...lengths.map((_, i) => firsts[i] ?? 1)];
  return [...key, 0, ...shape.flatMap((number) => bigEndian(BigInt(number) + 2n ** 31n, 4))];
}

/** Of a range of integers, which is printed with its lower bound and without its upper one. */
function rangeKey(printed: string): number[] {
  if (printed === 'empty') return [0];
  const [, open, lower = '', upper = '', close] = /^([[(])(.*),(.*)([)\]])$/.exec(printed) ?? [];
  const low = lower === '' ? [0] : [1, ...integer(lower), open === '[' ? 1 : 2];
  const high = upper === '' ? [2] : [1, ...integer(upper), close === ']' ? 1 : 0];
  return [1, ...low, ...high];
}
