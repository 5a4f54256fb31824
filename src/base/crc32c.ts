/**
 * CRC-32C (Castagnoli), slicing by eight: the checksum of log frames, segment blocks and the manifest.
 *
 * A seed chains checksums: `crc32c(b, crc32c(a))` is the checksum of a followed by b.
 */

const TABLES: readonly Uint32Array[] = makeTables();

/** Of the bytes from `from` to `to`. */
export function crc32c(bytes: Uint8Array, seed = 0, from = 0, to: number = bytes.length): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as [U, U, U, U, U, U, U, U];
  let crc = ~seed;
  let i = from;
  const whole = to - 7;
  for (; i < whole; i += 8) {
    crc ^= (at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24)) as number;
    crc =
      at(t7, crc & 255) ^
      at(t6, (crc >>> 8) & 255) ^
      at(t5, (crc >>> 16) & 255) ^
      at(t4, crc >>> 24) ^
      at(t3, at(bytes, i + 4)) ^
      at(t2, at(bytes, i + 5)) ^
      at(t1, at(bytes, i + 6)) ^
      at(t0, at(bytes, i + 7));
  }
  for (; i < to; i++) crc = at(t0, (crc ^ at(bytes, i)) & 255) ^ (crc >>> 8);
  return ~crc >>> 0;
}

type U = Uint32Array;

function at(array: Uint32Array | Uint8Array, index: number): number {
  return array[index] as number;
}

function makeTables(): Uint32Array[] {
  const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
  const first = tables[0] as Uint32Array;
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    first[byte] = crc;
  }
  for (let t = 1; t < 8; t++) {
    for (let byte = 0; byte < 256; byte++) {
      const previous = (tables[t - 1] as Uint32Array)[byte] as number;
      (tables[t] as Uint32Array)[byte] = (previous >>> 8) ^ (first[previous & 255] as number);
    }
  }
  return tables;
}
