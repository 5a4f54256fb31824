/**
 * The hash functions behind PostgreSQL's hash indexes and partitions, which programs call by name (`hashtext(…)` for keys
 * of advisory locks, say): Bob Jenkins' lookup3 as PostgreSQL has it (common/hashfn.c), with a seed of 64 bits in the
 * "extended" form.
 */
import type { Value } from '../../base/vector.ts';
import { pure, T } from './define.ts';
import type { ScalarFunction } from './function.ts';

const utf8 = new TextEncoder();
const START = 0x9e3779b9 + 3923095;
const UUID = 2950;

function rotated(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}

/** The three words of the state. */
class Mixer {
  a: number;
  b: number;
  c: number;

  constructor(length: number, seed: bigint) {
    this.a = this.b = this.c = (START + length) | 0;
    if (seed === 0n) return;
    this.a = (this.a + Number(BigInt.asIntN(32, seed >> 32n))) | 0;
    this.b = (this.b + Number(BigInt.asIntN(32, seed))) | 0;
    this.mix();
  }

  mix(): void {
    let { a, b, c } = this;
    a = ((a - c) | 0) ^ rotated(c, 4);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotated(a, 6);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotated(b, 8);
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ rotated(c, 16);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotated(a, 19);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotated(b, 4);
    b = (b + a) | 0;
    [this.a, this.b, this.c] = [a, b, c];
  }

  /** The last mixing. */
  final(): this {
    let { a, b, c } = this;
    c = ((c ^ b) - rotated(b, 14)) | 0;
    a = ((a ^ c) - rotated(c, 11)) | 0;
    b = ((b ^ a) - rotated(a, 25)) | 0;
    c = ((c ^ b) - rotated(b, 16)) | 0;
    a = ((a ^ c) - rotated(c, 4)) | 0;
    b = ((b ^ a) - rotated(a, 14)) | 0;
    c = ((c ^ b) - rotated(b, 24)) | 0;
    [this.a, this.b, this.c] = [a, b, c];
    return this;
  }
}

function ofBytes(bytes: Uint8Array, seed: bigint): Mixer {
  const mixer = new Mixer(bytes.length, seed);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  for (; bytes.length - at >= 12; at += 12) {
    mixer.a = (mixer.a + view.getInt32(at, true)) | 0;
    mixer.b = (mixer.b + view.getInt32(at + 4, true)) | 0;
    mixer.c = (mixer.c + view.getInt32(at + 8, true)) | 0;
    mixer.mix();
  }
  // The lowest byte of c is kept for the length.
  for (let i = at; i < bytes.length; i++) {
    const place = i - at;
    const byte = bytes[i] as number;
    if (place < 4) mixer.a = (mixer.a + (byte << (8 * place))) | 0;
    else if (place < 8) mixer.b = (mixer.b + (byte << (8 * (place - 4)))) | 0;
    else mixer.c = (mixer.c + (byte << (8 * (place - 7)))) | 0;
  }
  return mixer.final();
}

function ofWord(word: number, seed: bigint): Mixer {
  const mixer = new Mixer(4, seed);
  mixer.a = (mixer.a + word) | 0;
  return mixer.final();
}

function ofInt8(value: bigint, seed: bigint): Mixer {
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return ofWord(Number(BigInt.asIntN(32, value)) ^ (value >= 0n ? high : ~high), seed);
}

function ofFloat(value: number, seed: bigint): Mixer | null {
  if (value === 0) return null;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return ofBytes(bytes, seed);
}

function uuidBytes(text: string): Uint8Array {
  const hex = text.replaceAll('-', '');
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

const INFINITY = 9223372036854775807n;

/** Microseconds as PostgreSQL keeps them: since 2000. */
function ofTimestamp(value: number, seed: bigint): Mixer {
  if (!Number.isFinite(value)) return ofInt8(value > 0 ? INFINITY : -INFINITY - 1n, seed);
  return ofInt8(BigInt(value) - 946_684_800_000_000n, seed);
}

type Hash = (value: never, seed: bigint) => Mixer | null;

const text: Hash = (value: string, seed) => ofBytes(utf8.encode(value), seed);
const word: Hash = (value: number, seed) => ofWord(value, seed);

/** Name, the same with a seed, argument, and how; null hashes to 0 (to its seed). */
const HASHES: readonly (readonly [name: string, extended: string, oid: number, hash: Hash])[] = [
  ['hashtext', 'hashtextextended', T.text, text],
  ['hashname', 'hashnameextended', T.name, text],
  [
    'hashbpchar',
    'hashbpcharextended',
    T.bpchar,
    ((value: string, seed) => text(value.trimEnd() as never, seed)) as Hash,
  ],
  [
    'hashchar',
    'hashcharextended',
    T.char,
    ((value: string, seed) => ofWord(((value.codePointAt(0) ?? 0) << 24) >> 24, seed)) as Hash,
  ],
  ['hashint2', 'hashint2extended', T.int2, word],
  ['hashint4', 'hashint4extended', T.int4, word],
  ['hashint8', 'hashint8extended', T.int8, ((value: number | bigint, seed) => ofInt8(BigInt(value), seed)) as Hash],
  ['hashoid', 'hashoidextended', T.oid, word],
  ['hashfloat4', 'hashfloat4extended', T.float4, ofFloat as Hash],
  ['hashfloat8', 'hashfloat8extended', T.float8, ofFloat as Hash],
  ['uuid_hash', 'uuid_hash_extended', UUID, ((value: string, seed) => ofBytes(uuidBytes(value), seed)) as Hash],
  ['timestamp_hash', 'timestamp_hash_extended', T.timestamp, ofTimestamp as Hash],
  ['time_hash', 'time_hash_extended', T.time, ((value: number, seed) => ofInt8(BigInt(value), seed)) as Hash],
];

export const hashFunctions: readonly ScalarFunction[] = HASHES.flatMap(([name, extended, oid, hash]) => [
  pure(name, [oid], T.int4, (value: Value) => hash(value as never, 0n)?.c ?? 0),
  pure(extended, [oid, T.int8], T.int8, (value: Value, seed: number | bigint) => {
    const mixer = hash(value as never, BigInt(seed));
    if (mixer === null) return seed;
    const wide = BigInt.asIntN(64, (BigInt(mixer.b) << 32n) | BigInt(mixer.c >>> 0));
    const number = Number(wide);
    return Number.isSafeInteger(number) ? number : wide;
  }),
]);
