/** What is changed: files as they lie there, and parts of files whose checksums are put right again, so that the readers behind them are met. */
import { assert } from '../../../src/base/error.ts';
import { crc32c } from '../../../src/base/crc32c.ts';
import { runSync } from '../../../src/base/task.ts';
import type { Random } from '../../../src/base/random.ts';
import type { ColumnFormat, Vector } from '../../../src/base/vector.ts';
import { LOG_HEADER_BYTES } from '../../../src/log/constants.ts';
import { logSeed, readFrame, runSeed, sealFrames } from '../../../src/log/frame.ts';
import { decodeBlock } from '../../../src/segment/decode-block.ts';
import { encodeBlock } from '../../../src/segment/encode-block.ts';
import { encodeSegment } from '../../../src/segment/segment.ts';
import { SegmentReader } from '../../../src/segment/segment-reader.ts';
import { APART_VERSION } from '../../../src/table/directory.ts';
import { decodeDirectory } from '../../../src/table/ended-tables.ts';
import { decodeCheckpoint } from '../../../src/database/recovery.ts';
import { restoreSource } from '../../../src/client/backup.ts';
import { verifyBackups } from '../../../src/database/backup/restore.ts';
import { openEngine } from '../../../src/database/engine.ts';
import { MemoryStorage } from '../../../src/storage/memory.ts';
import { testHost } from '../../database/helper.ts';
import { below, mutate } from './mutate.ts';
import { type Outcome, readFiles, refused, SMALL, type Subject } from './subject.ts';

export type Target = (it: Subject, random: Random) => Outcome | Promise<Outcome>;

/** Frequent ones are cheap. */
export const TARGETS: Readonly<Record<string, { readonly weight: number; readonly run: Target }>> = {
  log: { weight: 3, run: (it, random) => changed(it, random, 'log-') },
  manifest: { weight: 3, run: (it, random) => changed(it, random, 'MANIFEST') },
  segment: { weight: 3, run: (it, random) => changed(it, random, 'pack-') },
  'log, sealed again': { weight: 4, run: resealedLog },
  'manifest, sealed again': { weight: 4, run: resealedManifest },
  block: { weight: 30, run: block },
  'block table': { weight: 20, run: blockTable },
  directory: { weight: 20, run: directory },
  backup: { weight: 6, run: backup },
};

function pickFile(it: Subject, random: Random, prefix: string): [string, Uint8Array] {
  const files = [...it.files].filter(([name, bytes]) => name.startsWith(prefix) && bytes.length > 0);
  return files[below(random, files.length)] as [string, Uint8Array];
}

/** The part of a file that is not the zeros at its end. */
function used(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}

function changed(it: Subject, random: Random, prefix: string): Promise<Outcome> {
  const [name, bytes] = pickFile(it, random, prefix);
  const front = mutate(used(bytes), random);
  const whole = new Uint8Array(Math.max(front.length, bytes.length));
  whole.set(front);
  return readFiles(it, name, random.uint32() % 4 === 0 ? front : whole, false);
}

/** Changes the body of frames of one run, and seals the run anew. */
function resealedLog(it: Subject, random: Random): Promise<Outcome> {
  const logs = [...it.files].filter(
    ([name, bytes]) => name.startsWith('log-') && used(bytes).length > LOG_HEADER_BYTES,
  );
  const [name, bytes] = logs[below(random, logs.length)] as [string, Uint8Array];
  const copy = bytes.slice();
  const seed = logSeed(copy);
  for (let start = LOG_HEADER_BYTES; start < copy.length; start += 512) {
    let end = start;
    let chain = runSeed(seed, start);
    for (let frame = readFrame(copy, end, chain); typeof frame !== 'string'; frame = readFrame(copy, end, chain)) {
      if (random.uint32() % 4 === 0) {
        const body = mutate(copy.subarray(end + 8, frame.end), random);
        copy.set(body.subarray(0, frame.end - end - 8), end + 8);
      }
      chain = frame.crc;
      end = frame.end;
    }
    if (end > start) sealFrames(copy.subarray(start, end), runSeed(seed, start));
  }
  return readFiles(it, name, copy, true);
}

function resealedManifest(it: Subject, random: Random): Promise<Outcome> {
  const copy = (it.files.get('MANIFEST') as Uint8Array).slice();
  const view = new DataView(copy.buffer);
  for (const slot of [0, 512]) {
    const [offset, length] = [view.getUint32(slot + 24, true), view.getUint32(slot + 32, true)];
    if (length === 0 || offset + length > copy.length) continue;
    const body = mutate(copy.slice(offset, offset + length), random).subarray(0, length);
    copy.set(body, offset);
    view.setUint32(slot + 40, crc32c(copy.subarray(offset, offset + length)), true);
    view.setUint32(slot + 44, crc32c(copy.subarray(slot, slot + 44)), true);
  }
  return readFiles(it, 'MANIFEST', copy, true);
}

const ROWS = 300;

function vectors(random: Random): [Vector, ColumnFormat] {
  const common = { length: ROWS, nulls: null };
  const some = 1 + below(random, 1000);
  switch (below(random, 6)) {
    case 0:
      return [
        { kind: 'i32', data: Int32Array.from({ length: ROWS }, (_, i) => (i * some) % 977), ...common },
        { kind: 'i32' },
      ];
    case 1:
      return [
        { kind: 'f64', data: Float64Array.from({ length: ROWS }, (_, i) => i / some), ...common },
        { kind: 'f64' },
      ];
    case 2:
      return [
        { kind: 'i64', data: BigInt64Array.from({ length: ROWS }, (_, i) => BigInt(i) * 2n ** 40n), ...common },
        { kind: 'int' } as ColumnFormat,
      ];
    case 3:
      return [
        { kind: 'bool', data: Uint8Array.from({ length: ROWS }, (_, i) => (i * some) & 1), ...common },
        { kind: 'bool' },
      ];
    case 4:
      return [
        { kind: 'text', data: Array.from({ length: ROWS }, (_, i) => `text ${i % ((some % 40) + 1)} €`), ...common },
        { kind: 'text' },
      ];
    default:
      return [
        { kind: 'text', data: Array.from({ length: ROWS }, (_, i) => 'x'.repeat(i % 50) + i), ...common },
        { kind: 'text' },
      ];
  }
}

function attempt(read: () => unknown): Outcome {
  try {
    read();
    return 'right';
  } catch (error) {
    return refused(error, false);
  }
}

function block(_: Subject, random: Random): Outcome {
  const [vector, format] = vectors(random);
  const bytes = mutate(encodeBlock(vector, 0, ROWS, format), random);
  return attempt(() => decodeBlock(bytes, ROWS, format, 'a block'));
}

function blockTable(_: Subject, random: Random): Outcome {
  const [vector, format] = vectors(random);
  const count = Float64Array.from({ length: ROWS }, (_unused, i) => i + 1);
  const whole = runSync(
    encodeSegment({ columns: [vector], from: count, to: count.map((at) => at + 1), currentRows: 0 }, [format]),
  );
  const split = whole.bytes.length - whole.tableLength;
  const table = mutate(whole.bytes.subarray(split), random);
  const bytes = new Uint8Array(split + table.length);
  bytes.set(whole.bytes.subarray(0, split));
  bytes.set(table, split);
  return attempt(() => {
    const ref = { pack: 1, offset: 0, length: bytes.length, tableLength: table.length, tableCrc: crc32c(table) };
    const reader = SegmentReader.of(ref, bytes);
    reader.verify(bytes);
    reader.from(bytes);
    for (let c = 0; c < reader.columnCount; c++) reader.column(bytes, c, format);
  });
}

function directory(it: Subject, random: Random): Outcome {
  const manifest = it.files.get('MANIFEST') as Uint8Array;
  const view = new DataView(manifest.buffer, manifest.byteOffset);
  const slot = view.getUint32(8, true) > view.getUint32(520, true) ? 0 : 512;
  const [offset, length] = [view.getUint32(slot + 24, true), view.getUint32(slot + 32, true)];
  const body = manifest.subarray(offset, offset + length);
  assert(decodeCheckpoint(body).directory[0] === APART_VERSION, 'tables that have ended lie apart');
  return attempt(() => {
    decodeCheckpoint(mutate(body, random));
    decodeDirectory(mutate(decodeCheckpoint(body).directory, random));
  });
}

async function backup(it: Subject, random: Random): Promise<Outcome> {
  const bytes = mutate(it.exported, random);
  const isSame = bytes.length === it.exported.length && bytes.every((byte, i) => byte === it.exported[i]);
  try {
    if (random.uint32() % 2 === 0) await verifyBackups(restoreSource(bytes, {}));
    else {
      const storage = new MemoryStorage();
      const engine = await openEngine({ storage, host: testHost(), restore: restoreSource(bytes, {}), ...SMALL });
      await engine.close();
    }
    if (!isSame) throw new Error('a changed backup was taken');
    return 'right';
  } catch (error) {
    return refused(error, false);
  }
}
