/**
 * CRC-32C (Castagnoli), slicing by eight: the checksum of log frames, segment blocks and the manifest.
 *
 * No helper functions in the loop: the first checksums of a cold start run in the interpreter, where calls cost most.
 *
 * A seed chains checksums: `crc32c(b, crc32c(a))` is the checksum of a followed by b.
 */

const TABLES: readonly Uint32Array[] = makeTables();

/** Of the bytes from `from` to `to`. */
export function crc32c(bytes: Uint8Array, seed = 0, from = 0, to: number = bytes.length): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as unknown as readonly [U, U, U, U, U, U, U, U];
  let crc = ~seed;
  let i = from;
  const whole = to - 7;
  for (; i < whole; i += 8) {
    crc ^=
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    crc =
      (t7[crc & 255] as number) ^
      (t6[(crc >>> 8) & 255] as number) ^
      (t5[(crc >>> 16) & 255] as number) ^
      (t4[crc >>> 24] as number) ^
      (t3[bytes[i + 4] as number] as number) ^
      (t2[bytes[i + 5] as number] as number) ^
      (t1[bytes[i + 6] as number] as number) ^
      (t0[bytes[i + 7] as number] as number);
  }
  for (; i < to; i++) crc = (t0[(crc ^ (bytes[i] as number)) & 255] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

type U = Uint32Array;

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
