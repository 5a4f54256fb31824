/**
 * Network addresses (PostgreSQL's chapter 8.9): inet, cidr, macaddr, macaddr8.
 *
 * An address is a number of 32 or 128 bits with a count of network bits; a cidr has no bits set beyond these. They order by
 * family, then by the network bits that both have, then by how many these are, then by the whole address. Hardware
 * addresses are kept as text in lower case, two digits a byte, which orders as they do.
 */
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DriftError } from '../../base/error.ts';
import type { Value, ValueCodec } from '../../base/vector.ts';
import { makeType } from './basic.ts';
import { badInput, cleanText } from './text-input.ts';
import type { SqlType } from './type.ts';

export class SqlInet {
  readonly family: 4 | 6;
  readonly address: bigint;
  /** How many leading bits are the network's. */
  readonly bits: number;

  constructor(family: 4 | 6, address: bigint, bits: number) {
    this.family = family;
    this.address = address;
    this.bits = bits;
  }

  /** Bits of an address of this family. */
  get width(): number {
    return this.family === 4 ? 32 : 128;
  }

  get netmask(): bigint {
    const all = (1n << BigInt(this.width)) - 1n;
    return all ^ ((1n << BigInt(this.width - this.bits)) - 1n);
  }
}

export function compareInet(a: SqlInet, b: SqlInet): number {
  if (a.family !== b.family) return a.family - b.family;
  const shift = BigInt(a.width - Math.min(a.bits, b.bits));
  const [p, q] = [a.address >> shift, b.address >> shift];
  if (p !== q) return p < q ? -1 : 1;
  if (a.bits !== b.bits) return a.bits - b.bits;
  return a.address < b.address ? -1 : a.address > b.address ? 1 : 0;
}

/** The address without its network's size. */
export function addressText({ family, address }: SqlInet): string {
  return family === 4 ? ipv4Text(address) : ipv6Text(address);
}

/** As PostgreSQL prints inet: the size of the network only where it is not the whole address. */
export function inetText(value: SqlInet): string {
  return value.bits === value.width ? addressText(value) : `${addressText(value)}/${value.bits}`;
}

function ipv4Text(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join('.');
}

function wordsOf(address: bigint): number[] {
  return Array.from({ length: 8 }, (_, i) => Number((address >> BigInt(112 - 16 * i)) & 0xffffn));
}

/** The longest run of two zero words or more is left out; addresses that hold one of IPv4 end like it. */
function ipv6Text(address: bigint): string {
  const words = wordsOf(address);
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (at + length < 8 && words[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  const mapped = best.at === 0 && (best.length === 6 || (best.length === 5 && words[5] === 0xffff));
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (i === best.at) {
      text += i === 0 ? '::' : ':';
      i += best.length - 1;
      continue;
    }
    if (mapped && i === 6) return text + ipv4Text(address & 0xffffffffn);
    text += `${(words[i] as number).toString(16)}${i < 7 ? ':' : ''}`;
  }
  return text;
}

// ---- input ---------------------------------------------------------------------------------------------------------

function readInet(text: string, cidr: boolean): SqlInet {
  const type = cidr ? 'cidr' : 'inet';
  const match = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(cleanText(text));
  const [, written = '', size] = match ?? [];
  const bits = size === undefined ? undefined : Number(size);
  const found = written.includes(':') ? readIpv6(written, bits) : readIpv4(written, bits, cidr);
  if (match === null || found === undefined) throw badInput(type, text);
  if (cidr && (found.address & ~found.netmask) !== 0n) {
    throw new DriftError('22P02', `invalid cidr value: "${text}"`, { detail: 'Value has bits set to right of mask.' });
  }
  return found;
}

/** Octets that are left out at the end are zero, where the network's size says so or (for cidr) can be guessed. */
function readIpv4(text: string, size: number | undefined, cidr: boolean): SqlInet | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){0,3}$/.test(text)) return undefined;
  const octets = text.split('.').map(Number);
  if (octets.some((octet) => octet > 255) || (size ?? 0) > 32) return undefined;
  let bits = size;
  if (bits === undefined) {
    if (octets.length === 4) bits = 32;
    else if (!cidr) return undefined;
    else bits = classBits(octets);
  } else if (!cidr && Math.floor(bits / 8) > octets.length) return undefined;
  let address = 0n;
  for (let i = 0; i < 4; i++) address = (address << 8n) | BigInt(octets[i] ?? 0);
  return new SqlInet(4, address, bits);
}

function classBits(octets: readonly number[]): number {
  const [first = 0] = octets;
  const bits = first >= 240 ? 32 : first >= 224 ? 8 : first >= 192 ? 24 : first >= 128 ? 16 : 8;
  if (bits < octets.length * 8) return octets.length * 8;
  return bits === 8 && first === 224 ? 4 : bits;
}

function readIpv6(text: string, size: number | undefined): SqlInet | undefined {
  if ((size ?? 0) > 128) return undefined;
  let rest = text;
  const tail = /(?:^|:)(\d{1,3}(?:\.\d{1,3}){3})$/.exec(text)?.[1];
  if (tail !== undefined) {
    const inner = readIpv4(tail, undefined, false);
    if (inner === undefined) return undefined;
    const words = [inner.address >> 16n, inner.address & 0xffffn].map((word) => word.toString(16));
    rest = text.slice(0, -tail.length) + words.join(':');
  }
  const halves = rest.split('::');
  if (halves.length > 2) return undefined;
  const [before = [], after = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - before.length - after.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const words = [...before, ...new Array<string>(missing).fill('0'), ...after];
  if (words.some((word) => !/^[0-9a-f]{1,4}$/i.test(word))) return undefined;
  const address = words.reduce((sum, word) => (sum << 16n) | BigInt(`0x${word}`), 0n);
  return new SqlInet(6, address, size ?? 128);
}

// ---- types ---------------------------------------------------------------------------------------------------------

function codec(name: string): ValueCodec {
  return {
    name,
    encode(value) {
      const { family, address, bits } = value as SqlInet;
      const writer = new ByteWriter();
      writer.u8(family);
      writer.u8(bits);
      for (let shift = family === 4 ? 24 : 120; shift >= 0; shift -= 8)
        writer.u8(Number((address >> BigInt(shift)) & 255n));
      return writer.finish();
    },
    decode(bytes) {
      const reader = new ByteReader(bytes, name);
      const family = reader.u8() === 4 ? 4 : 6;
      const bits = reader.u8();
      let address = 0n;
      for (let i = 0; i < (family === 4 ? 4 : 16); i++) address = (address << 8n) | BigInt(reader.u8());
      return new SqlInet(family, address, bits);
    },
    encodeKey: (value) => keyOf(value as SqlInet),
  };
}

/** Family; each network bit as a byte 1 or 2, ended by 0; the whole address. Slow, but in order. */
function keyOf({ family, address, bits, width }: SqlInet): Uint8Array {
  const bytes: number[] = [family];
  for (let i = 0; i < bits; i++) bytes.push(Number((address >> BigInt(width - 1 - i)) & 1n) + 1);
  bytes.push(0);
  for (let shift = width - 8; shift >= 0; shift -= 8) bytes.push(Number((address >> BigInt(shift)) & 255n));
  return Uint8Array.from(bytes);
}

function makeInet(oid: number, name: 'inet' | 'cidr', arrayOid: number): SqlType {
  const stored = codec(name);
  const cidr = name === 'cidr';
  return makeType({
    oid,
    name,
    display: name,
    category: 'I',
    preferred: !cidr,
    arrayOid,
    length: -1,
    format: () => ({ kind: 'boxed', codec: stored }),
    input: (text) => readInet(text, cidr),
    output: (value) =>
      cidr ? `${addressText(value as SqlInet)}/${(value as SqlInet).bits}` : inetText(value as SqlInet),
    compare: (a: Value, b: Value) => compareInet(a as SqlInet, b as SqlInet),
    hashKey(value) {
      const { family, address, bits } = value as SqlInet;
      return `${family}:${bits}:${address}`;
    },
  });
}

/** Six or eight bytes in any of the usual notations. */
function macType(oid: number, name: 'macaddr' | 'macaddr8', arrayOid: number): SqlType {
  const size = name === 'macaddr' ? 6 : 8;
  return makeType({
    oid,
    name,
    display: name,
    category: 'U',
    arrayOid,
    length: size,
    format: () => ({ kind: 'text' }),
    input(text) {
      const written = cleanText(text).trim().toLowerCase();
      const digits = written.replaceAll(/[:.-]/g, '');
      const even = /^([0-9a-f]{1,2}([:-]))([0-9a-f]{1,2}\2)*[0-9a-f]{1,2}$/.test(written);
      const grouped =
        /^[0-9a-f]+$/.test(written) ||
        /^[0-9a-f]{6}[:-][0-9a-f]{6,10}$/.test(written) ||
        /^[0-9a-f]{4}([.-])[0-9a-f]{4}(\1[0-9a-f]{4}){1,2}$/.test(written);
      const bytes = even ? written.split(/[:-]/).map((part) => part.padStart(2, '0')) : (digits.match(/../g) ?? []);
      if (!(even || (grouped && digits.length % 2 === 0))) throw badInput(name, text);
      if (size === 8 && bytes.length === 6) bytes.splice(3, 0, 'ff', 'fe');
      if (bytes.length !== size) throw badInput(name, text);
      return bytes.join(':');
    },
  });
}

export const inetType: SqlType = makeInet(869, 'inet', 1041);

export const networkTypes: readonly SqlType[] = [
  inetType,
  makeInet(650, 'cidr', 651),
  macType(829, 'macaddr', 1040),
  macType(774, 'macaddr8', 775),
];
