/** Keys of rows (src/table/FORMAT.md, "Keys"): what frames of the log call rows by. Primary keys are ascending. */
import { boxedKey } from './boxed-keys.ts';
import { Cursor, Damaged } from './bytes.ts';
import type { Cell } from './segment.ts';
import { decimalOf, type Home, homeOf, intervalParts, storedOid, type Type } from './values.ts';

export type Key = number | bigint | string;

export function keyOf(cells: readonly Cell[], types: readonly Type[]): Key {
  const [cell, type] = [cells[0] ?? null, types[0] as Type];
  const home = homeOf(type);
  if (types.length === 1 && (home === 'i32' || home === 'int')) return narrow(cell as number | bigint);
  if (types.length === 1 && home === 'text') return cell as string;
  return types.map((each, i) => `\u0001${part(cells[i] as Cell, each, homeOf(each))}`).join('');
}

/** An integer that a double holds is a number, however it is stored. */
function narrow(value: number | bigint): Key {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function part(cell: Cell, type: Type, home: Home): string {
  switch (home) {
    case 'bool':
      return cell === true ? '\u0001' : '\u0000';
    case 'i32':
      return bigEndian(BigInt(cell as number) + 2n ** 31n, 4);
    case 'int':
      return bigEndian(limited(cell as number | bigint) + 2n ** 63n, 8);
    case 'f64':
      return double(cell as number);
    case 'text':
      return `${(cell as string).replaceAll('\u0000', '\u0000\u0001')}\u0000\u0000`;
    default:
      return boxed(cell, type);
  }
}

function limited(value: number | bigint): bigint {
  if (value === Infinity) return 2n ** 63n - 1n;
  return value === -Infinity ? -(2n ** 63n) : BigInt(value);
}

function bigEndian(value: bigint, length: number): string {
  return units(Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 255n)));
}

function units(bytes: Iterable<number>): string {
  return String.fromCharCode(...bytes);
}

function double(value: number): string {
  if (Number.isNaN(value)) return '\u00ff'.repeat(8);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value === 0 ? 0 : value);
  const bytes = [...new Uint8Array(view.buffer)];
  if (value < 0) return units(bytes.map((byte) => 255 - byte));
  return units(bytes.map((byte, i) => (i === 0 ? byte ^ 128 : byte)));
}

function boxed(cell: Cell, type: Type): string {
  switch (storedOid(type)) {
    case 1700:
      return numeric(decimalOf(cell, type));
    case 17:
      return `${units([...(cell as Uint8Array)].flatMap((byte) => (byte === 0 ? [0, 255] : [byte])))}\u0000\u0000`;
    case 1186: {
      const { months, days, micros } = intervalParts(new Cursor(cell as Uint8Array));
      return double(Number((BigInt(months) * 30n + BigInt(days)) * 86_400_000_000n + micros));
    }
    default: {
      const bytes = cell instanceof Uint8Array ? boxedKey(storedOid(type), cell) : undefined;
      if (bytes === undefined) throw new Damaged(`a key of type ${storedOid(type)} is not read here`);
      return units(bytes);
    }
  }
}

function numeric(value: ReturnType<typeof decimalOf>): string {
  if (typeof value === 'string') return { NaN: '\u0005', Infinity: '\u0004', '-Infinity': '\u0000' }[value] as string;
  if (value.whole === 0n) return '\u0002';
  const isNegative = value.whole < 0n;
  const digits = String(isNegative ? -value.whole : value.whole);
  const exponent = digits.length - value.scale + 2 ** 23;
  const bytes = [exponent >> 16, (exponent >> 8) & 255, exponent & 255];
  for (const digit of digits.replace(/0+$/, '')) bytes.push(Number(digit) + 1);
  bytes.push(0);
  return (isNegative ? '\u0001' : '\u0003') + units(bytes.map((byte) => (isNegative ? 255 - byte : byte)));
}
