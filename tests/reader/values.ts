/** Values by their types (src/table/FORMAT.md): from cells to the text that PostgreSQL prints. */
import { Cursor, Damaged, utf8 } from './bytes.ts';
import type { Cell } from './segment.ts';

/** A type as definitions have it. */
export interface Type {
  readonly oid: number;
  readonly typmod: number;
  readonly storedAs?: number;
}

export type Home = 'bool' | 'i32' | 'int' | 'f64' | 'decimal' | 'text' | 'boxed';

export function storedOid({ oid, storedAs }: Type): number {
  return storedAs ?? oid;
}

const HOMES = new Map<number, Home>([
  [16, 'bool'],
  ...[21, 23, 1082].map((oid) => [oid, 'i32'] as const),
  ...[20, 26, 28, 790, 3220, 1083, 1114, 1184, 24, 2202, 2203, 2204, 2205, 2206].map((oid) => [oid, 'int'] as const),
  ...[700, 701].map((oid) => [oid, 'f64'] as const),
  ...[25, 1043, 1042, 19, 18, 2950, 114, 3802, 1560, 1562].map((oid) => [oid, 'text'] as const),
]);

export function homeOf(type: Type): Home {
  const oid = storedOid(type);
  if (oid !== 1700) return HOMES.get(oid) ?? 'boxed';
  return type.typmod >= 4 && (type.typmod - 4) >> 16 <= 15 && scaleOf(type) < 1024 ? 'decimal' : 'boxed';
}

/** Digits after the point of a numeric with a precision. */
export function scaleOf({ typmod }: Type): number {
  return (typmod - 4) & 0x7ff;
}

export interface Decimal {
  readonly whole: bigint;
  readonly scale: number;
}

/** A numeric's cell; a text is NaN or an infinity. */
export function decimalOf(cell: Cell, type: Type): Decimal | string {
  if (typeof cell === 'number') return { whole: BigInt(cell), scale: scaleOf(type) };
  if (cell instanceof Uint8Array) return boxedDecimal(cell);
  if (typeof cell === 'object' && cell !== null) return { whole: BigInt(cell.scaled), scale: cell.scale };
  throw new Damaged('a numeric of another kind');
}

function boxedDecimal(bytes: Uint8Array): Decimal | string {
  const input = new Cursor(bytes);
  const [scale, text] = [input.varint(), input.string()];
  if (/^(NaN|-?Infinity)$/.test(text)) return text;
  const digits = text.replace('-', '');
  const whole = [...digits].reduce((sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)), 0n);
  return { whole: text.startsWith('-') ? -whole : whole, scale };
}

function decimalText(value: Decimal | string): string {
  if (typeof value === 'string') return value;
  const { whole, scale } = value;
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return whole < 0n ? `-${text}` : text;
}

/** `labels` are those of an enum, by place. */
export function textOf(cell: Cell, type: Type, labels?: ReadonlyMap<number, string>): string | null {
  if (cell === null) return null;
  switch (storedOid(type)) {
    case 16:
      return cell === true ? 't' : 'f';
    case 1700:
      return decimalText(decimalOf(cell, type));
    case 700:
    case 701:
      return labels?.get(cell as number) ?? floatText(cell as number);
    case 1082:
      return infinite(cell, 2147483647, -2147483648) ?? dateText(cell as number);
    case 1083:
      return timeText(Number(cell));
    case 1114:
      return infinite(cell, Infinity, -Infinity) ?? momentText(BigInt(cell as number | bigint));
    case 1184:
      return infinite(cell, Infinity, -Infinity) ?? `${momentText(BigInt(cell as number | bigint))}+00`;
    case 17:
      return `\\x${Buffer.from(cell as Uint8Array).toString('hex')}`;
    case 1186:
      return intervalText(new Cursor(cell as Uint8Array));
    case 1266:
      return timeWithZone(new Cursor(cell as Uint8Array));
    case 869:
    case 650:
      return addressText(new Cursor(cell as Uint8Array), storedOid(type) === 650);
    default:
      if (cell instanceof Uint8Array)
        return storedOid(type) === 2249 ? JSON.stringify(tagged(new Cursor(cell))) : new Cursor(cell).string();
      return String(cell);
  }
}

const MAX = 2n ** 63n - 1n;

function infinite(cell: Cell, most: number, least: number): string | undefined {
  if (cell === most || cell === MAX) return 'infinity';
  return cell === least || cell === -MAX - 1n ? '-infinity' : undefined;
}

function floatText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  return Math.abs(value) >= 1e15 && !text.includes('e')
    ? value.toExponential()
    : text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function dateText(days: number): string {
  return new Date(days * 86_400_000).toISOString().slice(0, 10);
}

const DAY = 86_400_000_000;

function momentText(micros: bigint): string {
  const rest = Number(((micros % BigInt(DAY)) + BigInt(DAY)) % BigInt(DAY));
  return `${dateText(Number((micros - BigInt(rest)) / BigInt(DAY)))} ${timeText(rest)}`;
}

function timeText(micros: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const fraction = String(micros % 1e6)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const clock = [micros / 3.6e9, (micros / 6e7) % 60, (micros / 1e6) % 60].map(two).join(':');
  return fraction === '' ? clock : `${clock}.${fraction}`;
}

function timeWithZone(input: Cursor): string {
  const [micros, east] = [input.varint(), input.zigzag()];
  const [hours, minutes] = [Math.floor(Math.abs(east) / 3600), Math.floor((Math.abs(east) % 3600) / 60)];
  const zone = `${east < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}`;
  return `${timeText(micros)}${minutes === 0 ? zone : `${zone}:${String(minutes).padStart(2, '0')}`}`;
}

export function intervalParts(input: Cursor): { months: number; days: number; micros: bigint } {
  const [months, days, micros] = [input.zigzag(), input.zigzag(), input.f64()];
  return { months, days, micros: Number.isNaN(micros) ? BigInt(input.string()) : BigInt(micros) };
}

/** In the style `iso_8601`. */
function intervalText(input: Cursor): string {
  const { months, days, micros } = intervalParts(input);
  const part = (value: bigint | number, unit: string): string => (Number(value) === 0 ? '' : `${value}${unit}`);
  const date = part(Math.trunc(months / 12), 'Y') + part(months % 12, 'M') + part(days, 'D');
  const seconds = decimalText({ whole: micros % 60_000_000n, scale: 6 }).replace(/\.?0+$/, '');
  const time =
    part(micros / 3_600_000_000n, 'H') +
    part((micros / 60_000_000n) % 60n, 'M') +
    (/[1-9]/.test(seconds) ? `${seconds}S` : '');
  return date === '' && time === '' ? 'PT0S' : `P${date}${time === '' ? '' : `T${time}`}`;
}

function addressText(input: Cursor, isNetwork: boolean): string {
  const [family, bits] = [input.u8(), input.u8()];
  const bytes = [...input.raw(family === 4 ? 4 : 16)];
  const isWhole = bits === bytes.length * 8 && !isNetwork;
  return `${family === 4 ? bytes.join('.') : words(bytes)}${isWhole ? '' : `/${bits}`}`;
}

/** The longest run of zero words is left out. */
function words(bytes: readonly number[]): string {
  const hex = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number)).toString(16),
  ).join(':');
  const [longest = ''] = (hex.match(/\b0(:0)+\b/g) ?? []).toSorted((x, y) => y.length - x.length);
  return longest === '' ? hex : hex.replace(new RegExp(`(^|:)${longest}(:|$)`), '::');
}

/** Plain values of plain values: what a composite value, or an array of a user's type, is made of. */
export function tagged(input: Cursor): unknown {
  const tag = input.u8();
  const list = (): unknown[] => input.list(() => tagged(input));
  switch (tag) {
    case 0:
      return null;
    case 1:
    case 2:
      return tag === 2;
    case 3:
      return input.f64();
    case 4:
    case 5:
      return input.string();
    case 6:
      return Buffer.from(input.raw(input.varint())).toString('hex');
    case 7: {
      const form = input.u8();
      const value = input.raw(input.varint());
      return form === 0 ? decimalText(boxedDecimal(value)) : form === 1 ? intervalText(new Cursor(value)) : utf8(value);
    }
    case 8: {
      const lengths = input.list(() => [input.varint(), input.zigzag()][0] as number);
      const count = lengths.length === 0 ? 0 : lengths.reduce((product, length) => product * length, 1);
      return Array.from({ length: count }, () => tagged(input));
    }
    case 9:
      return list();
    case 10:
      return input.u8() === 1 ? [] : [tagged(input), input.u8(), tagged(input), input.u8()];
    case 11:
      return list();
    default:
      throw new Damaged(`a value with the tag ${tag}`);
  }
}
