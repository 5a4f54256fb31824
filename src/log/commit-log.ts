/**
 * CommitLog: the append-only file that a commit reaches first, and recovery's source.
 *
 * Commits are encoded into a buffer (`append`, synchronous) and leave it in one coalesced write (`sync`), followed by a
 * flush under durability `full`; whoever appended before a sync shares it. Under `relaxed` a timer flushes. Files
 * `log-n` are preallocated in steps; a checkpoint rotates to log n+1 and afterwards removes what is older.
 *
 * Replay reads whole transactions only. The first bad frame ends the log if nothing valid can follow it; since frames
 * chain, a damaged frame *before* a good one shows as bytes that are neither zero nor valid while a later file of the
 * log exists, or as a torn tail in the last file, which a crash may leave. A rotated file was flushed as a whole, so in
 * every file but the last a bad frame is corruption and is reported.
 *
 * A sector that was flushed is never written again: frames of the next write begin at a sector boundary, after zeros.
 *
 * Invariants: after a failed write or flush nothing is written any more (`failed` says why); sequence numbers in the
 * files are dense.
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { crc32c } from '../base/crc32c.ts';
import { DriftError } from '../base/error.ts';
import type { Host } from '../base/host.ts';
import { run, type Task, wait } from '../base/task.ts';
import type { Storage, StorageFile } from '../storage/storage.ts';
import {
  FRAME_COMMIT,
  LOG_FORMAT_VERSION,
  LOG_HEADER_BYTES,
  LOG_MAGIC,
  LOG_STEP_BYTES,
  SECTOR_BYTES,
} from './constants.ts';
import { decodeCommit, type LogFrame, type LoggedCommit, readFrame, writeCommit } from './frame.ts';

export interface LogOptions {
  readonly durability: 'full' | 'relaxed';
  /** Longest time in ms that a relaxed commit stays unflushed. */
  readonly flushIntervalMs: number;
  /** Number of the oldest log file that the manifest still needs. */
  readonly firstLog: number;
  /** Owner epoch of this opening. */
  readonly epoch: number;
}

export class CommitLog {
  readonly #storage: Storage;
  readonly #host: Host;
  readonly #options: LogOptions;
  #number: number;
  #file: StorageFile | null = null;
  #chain = 0;
  /** Where the next write goes. */
  #end = LOG_HEADER_BYTES;
  #allocated = 0;
  readonly #pending = new ByteWriter(4096);
  #dirty = false;
  #failed: DriftError | undefined;
  #cancelTimer: (() => void) | null = null;

  constructor(storage: Storage, host: Host, options: LogOptions) {
    this.#storage = storage;
    this.#host = host;
    this.#options = options;
    this.#number = options.firstLog;
  }

  /** Bytes of transactions in the current file. */
  get sizeBytes(): number {
    return this.#end - LOG_HEADER_BYTES + this.#pending.length;
  }

  /** Why the log takes no more commits, if so. */
  get failed(): DriftError | undefined {
    return this.#failed;
  }

  get number(): number {
    return this.#number;
  }

  /**
   * Reads all transactions after `afterSeq` in order, then starts a new file for what comes. Call once, before `append`.
   * Throws XX001 for corruption.
   */
  *replay(afterSeq: number, onCommit: (commit: LoggedCommit) => Task<void>): Task<number> {
    const names = new Set(yield* wait(this.#storage.list()));
    const numbers: number[] = [];
    for (const name of names) {
      const match = /^log-(\d+)$/.exec(name);
      if (match !== null && Number(match[1]) >= this.#options.firstLog) numbers.push(Number(match[1]));
    }
    numbers.sort((a, b) => a - b);
    let last = afterSeq;
    for (let i = 0; i < numbers.length; i++) {
      last = yield* this.#replayFile(numbers[i] as number, last, i < numbers.length - 1, onCommit);
    }
    this.#number = (numbers[numbers.length - 1] ?? this.#options.firstLog - 1) + 1;
    yield* this.#start();
    return last;
  }

  append(commit: LoggedCommit): void {
    if (this.#failed !== undefined) throw this.#failed;
    this.#chain = writeCommit(this.#pending, commit, this.#chain);
  }

  /** Writes everything appended; flushes it under `full`. Concurrent callers share the work through the engine. */
  *sync(durability: 'full' | 'relaxed'): Task<void> {
    if (this.#failed !== undefined) throw this.#failed;
    try {
      yield* this.#writePending();
      if (durability === 'full') yield* this.#flush();
      else this.#flushLater();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Ends the current file, flushed as a whole, and starts the next; returns the new file's number. */
  *rotate(): Task<number> {
    yield* this.sync('full');
    this.#number++;
    yield* this.#start();
    return this.#number;
  }

  /** Removes files older than `belowLog`: their transactions are in segments now. */
  *recycle(belowLog: number): Task<void> {
    for (const name of yield* wait(this.#storage.list())) {
      const match = /^log-(\d+)$/.exec(name);
      if (match !== null && Number(match[1]) < belowLog) yield* wait(this.#storage.remove(name));
    }
  }

  *close(): Task<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#failed === undefined && this.#file !== null) yield* this.sync('full');
  }

  *#start(): Task<void> {
    const file = yield* wait(this.#storage.open(`log-${this.#number}`));
    const salt = new Uint8Array(8);
    this.#host.randomBytes(salt);
    const header = new ByteWriter(LOG_HEADER_BYTES);
    header.u32(LOG_MAGIC);
    header.u32(LOG_FORMAT_VERSION);
    header.u64(this.#number);
    header.u64(this.#options.epoch);
    header.raw(salt);
    this.#chain = crc32c(header.view());
    header.u32(this.#chain);
    header.raw(new Uint8Array(LOG_HEADER_BYTES - header.length));
    yield* wait(file.truncate(0));
    yield* wait(file.write(0, header.view()));
    // The header is durable before the file grows: a longer file without a valid header is damaged, not unfinished.
    yield* wait(file.flush());
    yield* wait(file.write(LOG_HEADER_BYTES, new Uint8Array(LOG_STEP_BYTES)));
    yield* wait(file.flush());
    this.#file = file;
    this.#end = LOG_HEADER_BYTES;
    this.#allocated = LOG_HEADER_BYTES + LOG_STEP_BYTES;
    this.#dirty = false;
  }

  /** What a crash left behind the last whole transaction goes, so that this file is clean when it is no longer the last. */
  *#cutTail(file: StorageFile, end: number): Task<void> {
    yield* wait(file.truncate(end));
    yield* wait(file.flush());
  }

  *#writePending(): Task<void> {
    const bytes = this.#pending.finish();
    if (bytes.length === 0) return;
    const file = this.#file;
    if (file === null) throw new DriftError('XX000', 'the log was not replayed before the first commit');
    this.#pending.clear();
    const at = this.#end;
    this.#end += bytes.length;
    this.#dirty = true;
    if (this.#end > this.#allocated) {
      const grown = this.#end + LOG_STEP_BYTES;
      yield* wait(file.write(this.#allocated, new Uint8Array(grown - this.#allocated)));
      this.#allocated = grown;
    }
    yield* wait(file.write(at, bytes));
  }

  *#flush(): Task<void> {
    if (!this.#dirty || this.#file === null) return;
    yield* wait(this.#file.flush());
    this.#dirty = false;
    // What is flushed is acknowledged: the next write begins in a sector of its own.
    this.#end = nextSector(this.#end);
  }

  #flushLater(): void {
    if (this.#cancelTimer !== null) return;
    this.#cancelTimer = this.#host.setTimer(this.#options.flushIntervalMs, () => {
      this.#cancelTimer = null;
      if (this.#failed !== undefined) return;
      const result = run(this.sync('full'));
      // A failure is kept in `failed`: the next commit reports it.
      if (result instanceof Promise) result.catch(() => undefined);
    });
  }

  #fail(error: unknown): DriftError {
    const cause = error instanceof Error ? error.message : String(error);
    const code = error instanceof DriftError && error.code === '53100' ? '53100' : '58030';
    this.#failed ??= new DriftError(code, `the database has stopped taking writes: ${cause}`, {
      hint: 'What was acknowledged is safe. Close the database, make room or repair the medium, and open it again.',
    });
    return this.#failed;
  }

  *#replayFile(
    number: number,
    afterSeq: number,
    sealed: boolean,
    onCommit: (commit: LoggedCommit) => Task<void>,
  ): Task<number> {
    const name = `log-${number}`;
    const file = yield* wait(this.#storage.open(name));
    const bytes = yield* wait(file.read(0, file.size()));
    const chainStart = readHeader(bytes, name, number, sealed);
    if (chainStart === null) {
      yield* wait(this.#storage.remove(name));
      return afterSeq;
    }
    let chain = chainStart;
    let offset = LOG_HEADER_BYTES;
    let last = afterSeq;
    let validEnd = offset;
    let frames: LogFrame[] = [];
    for (;;) {
      const frame = readFrame(bytes, offset, chain);
      if (typeof frame === 'string') {
        const next = nextSector(offset);
        if (frames.length === 0 && next !== offset && next <= bytes.length && isZero(bytes.subarray(0, next), offset)) {
          offset = next;
          continue;
        }
        const clean = frames.length === 0 && isZero(bytes, offset);
        if (sealed && !clean) throw damaged(name, offset, frame);
        if (!clean) yield* this.#cutTail(file, validEnd);
        return last;
      }
      frames.push(frame);
      chain = frame.crc;
      offset = frame.end;
      if (frame.type !== FRAME_COMMIT) continue;
      validEnd = offset;
      if (frame.seq > last) {
        if (frame.seq !== last + 1) throw damaged(name, offset, `transaction ${frame.seq} after transaction ${last}`);
        yield* onCommit(decodeCommit(frames, frame.seq, frame.timestamp));
        last = frame.seq;
      }
      frames = [];
    }
  }
}

/** Returns the seed of the frames' chain; null for a file whose header never became durable (a crash at its start). */
function readHeader(bytes: Uint8Array, name: string, number: number, sealed: boolean): number | null {
  const unusable = (why: string): null => {
    if (sealed || bytes.length > LOG_HEADER_BYTES) throw damaged(name, 0, why);
    return null;
  };
  if (bytes.length < LOG_HEADER_BYTES) return unusable(`a header of ${bytes.length} bytes`);
  const reader = new ByteReader(bytes.subarray(0, LOG_HEADER_BYTES), `header of ${name}`);
  if (reader.u32() !== LOG_MAGIC) return unusable('no log header');
  const version = reader.u32();
  const seed = crc32c(bytes.subarray(0, 32));
  const found = reader.remaining >= 28 ? new DataView(bytes.buffer, bytes.byteOffset + 32, 4).getUint32(0, true) : 0;
  if (found !== seed) return unusable('a header whose checksum does not hold');
  if (version !== LOG_FORMAT_VERSION) {
    throw new DriftError(
      '0A000',
      `${name} has log format version ${version}; this release reads version ${LOG_FORMAT_VERSION}`,
    );
  }
  if (reader.u64() !== number) return unusable('the header of another log file');
  return seed;
}

function nextSector(offset: number): number {
  return Math.ceil(offset / SECTOR_BYTES) * SECTOR_BYTES;
}

function isZero(bytes: Uint8Array, from: number): boolean {
  for (let i = from; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

function damaged(name: string, offset: number, found: string): DriftError {
  return new DriftError('XX001', `${name} is damaged at offset ${offset}: expected a valid frame, found ${found}`);
}
