/**
 * CommitLog: the append-only file that a commit reaches first, and recovery's source.
 *
 * Commits are encoded into a buffer (`append`, synchronous) and leave it in one coalesced write (`sync`), followed by a
 * flush under durability `full`; whoever appended before a sync shares it. Under `relaxed` a timer flushes. Files
 * `log-n` are preallocated in steps; a checkpoint rotates to log n+1 and afterwards removes what is older.
 *
 *     log-7   header │ run: frame frame frame 0…│ run: frame 0…│ run: …          each run begins at a sector boundary
 *
 * A *run* is what lies between two flushes. A sector that was flushed is never written again, and a run is written only
 * after the one before it is durable. So when replay meets a bad frame, a good run behind it proves that flushed data
 * is damaged, which is reported (XX001); with none behind it the bad frame is the torn end of the log, which is cut.
 * The same holds from file to file: nothing is written to log n+1 before log n is flushed as a whole.
 *
 * Replay takes whole transactions only: frames up to a COMMIT. What it found may be in the system's memory only (the
 * process before has died between write and flush), so it is flushed before anybody sees it.
 *
 * A full medium (53100) is met before a commit has begun: `reserve` makes the room that it takes, and fails without a trace.
 * Where the medium counts at a flush (`countsAtFlush`), it is met there: `commit` takes one transaction at a time, and what
 * could not be stored of it is taken back. What a relaxed commit has written before stays, and waits for another flush.
 *
 * Invariants: one write or flush at a time; after a failed one nothing is written any more (`failed` says why);
 * sequence numbers in the files are dense.
 */
import { ByteWriter } from '../base/bytes.ts';
import { DriftError } from '../base/error.ts';
import type { Host } from '../base/host.ts';
import { PAUSE, type MaybePromise, run, type Task, wait } from '../base/task.ts';
import { removeFile } from '../storage/remove.ts';
import type { Storage, StorageFile } from '../storage/storage.ts';
import { FRAME_COMMIT, LOG_FIRST_STEP_BYTES, LOG_HEADER_BYTES } from './constants.ts';
import {
  decodeCommit,
  type LogFrame,
  type LoggedCommit,
  readFrame,
  runSeed,
  sealFrames,
  writeCommit,
} from './frame.ts';
import { type BulkRecord, writeParts } from './bulk-record.ts';
import {
  anyHasRuns,
  anyIsBegun,
  cutTail,
  damaged,
  isFull,
  isZero,
  nextRun,
  nextSector,
  readHeader,
} from './log-file.ts';
import { createLogFile, identify, type NewFile } from './new-file.ts';
import { lengthen, takeBack } from './room.ts';
import { type LogIdentity, openLog, sealedLogBytes, sealLog } from './sealed.ts';

export interface LogOptions {
  readonly durability: 'full' | 'relaxed';
  /** Longest time in ms that a relaxed commit stays unflushed. */
  readonly flushIntervalMs: number;
  /** Files grow by so many bytes, so that a commit overwrites instead of extending. */
  readonly stepBytes: number;
  /** Number of the oldest log file that the manifest still needs. */
  readonly firstLog: number;
  /** A manifest names that file, which must therefore be there. Default false. */
  readonly mustExist?: boolean | undefined;
  /** Owner epoch of this opening. */
  readonly epoch: number;
}

export class CommitLog {
  readonly #storage: Storage;
  readonly #host: Host;
  readonly #options: LogOptions;
  #number: number;
  #file: StorageFile | null = null;
  /** The first file of this opening, while it is being made. */
  #creating: MaybePromise<NewFile> | null = null;
  /** Seed of the file's runs. */
  #seed = 0;
  /** Of the file, where the database is encrypted. */
  #identity: LogIdentity | null = null;
  #chain = 0;
  /** The next frame begins a run. */
  #atRunStart = true;
  /** Where the next write goes. */
  #end = LOG_HEADER_BYTES;
  #allocated = 0;
  #olderBytes = 0;
  #olderFiles = 0;
  readonly #pending = new ByteWriter(4096);
  /** What comes before it: records of very many rows, and what was pending when they came. */
  #parts: Uint8Array[] = [];
  /** Bytes that are on their way to the file. */
  #leavingBytes = 0;
  #dirty = false;
  #failed: DriftError | undefined;
  /** The write or flush under way, where the medium makes one wait. */
  #busy: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;

  constructor(storage: Storage, host: Host, options: LogOptions) {
    this.#storage = storage;
    this.#host = host;
    this.#options = options;
    this.#number = options.firstLog;
  }

  /** Bytes that recovery would read. */
  get sizeBytes(): number {
    return this.#olderBytes + this.#end - LOG_HEADER_BYTES + this.#pendingBytes;
  }

  /** Number of files that recovery would read. */
  get fileCount(): number {
    return this.#olderFiles + (this.#file === null ? 0 : 1);
  }

  /** Why the log takes no more commits, if so. */
  get failed(): DriftError | undefined {
    return this.#failed;
  }

  get countsAtFlush(): boolean {
    return this.#storage.countsAtFlush === true;
  }

  get number(): number {
    return this.#number;
  }

  /**
   * Reads all transactions after `afterSeq` in order; what comes goes to a new file. Call once, before `append`.
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
    this.#refuseGaps(numbers);
    let last = afterSeq;
    let newest = this.#options.firstLog - 1;
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i] as number;
      const end = yield* this.#replayFile(number, last, numbers.slice(i + 1), onCommit);
      if (end === null) continue;
      newest = number;
      last = end;
    }
    this.#number = newest;
    // The manifest names the first file. Any other waits for a commit: an opening that only reads leaves none behind.
    if (!numbers.includes(this.#options.firstLog)) yield* this.#ready();
    return last;
  }

  /** Makes the file for what comes, where there is none yet. */
  *#ready(): Task<void> {
    if (this.#file !== null) return;
    try {
      this.#creating ??= run(this.#create(this.#number + 1));
      const made = yield* wait(this.#creating);
      if (this.#file === null) this.#adopt(made);
    } finally {
      this.#creating = null;
    }
  }

  /** True if a commit of so many bytes can be written without making the file longer. */
  hasRoom(bytes: number): boolean {
    return this.#file !== null && nextSector(this.#end) + this.#sizeOf(bytes) <= this.#allocated;
  }

  /**
   * Makes room for a commit of so many bytes. Throws 53100 where the medium is full, and then the log is as it was: whoever
   * comes later tries again.
   */
  *reserve(bytes: number): Task<void> {
    while (!this.hasRoom(bytes)) {
      while (this.#busy !== null) yield* wait(this.#busy);
      if (this.#failed !== undefined) throw this.#failed;
      if (!this.hasRoom(bytes)) yield* this.#alone(this.#grow(bytes));
    }
  }

  /** Log files follow each other without a gap from the one on that the manifest names. */
  #refuseGaps(numbers: readonly number[]): void {
    let expected = this.#options.firstLog;
    for (const number of numbers) if (number === expected) expected++;
    const [newest = this.#options.mustExist === true ? expected : 0] = numbers.slice(-1);
    if (newest >= expected) throw new DriftError('XX001', `log-${expected} is missing`);
  }

  /** `record`: frames of the commit that come before its own. */
  append(commit: LoggedCommit, record?: BulkRecord): void {
    if (this.#failed !== undefined) throw this.#failed;
    const writer = record === undefined ? this.#pending : new ByteWriter(4096);
    const start = writer.length;
    try {
      writeCommit(writer, commit, record?.frames);
    } catch (error) {
      writer.truncate(start);
      throw error;
    }
    if (record === undefined) return;
    if (this.#pending.length > 0) this.#parts.push(this.#pending.finish());
    this.#pending.clear();
    this.#parts.push(...record.parts, writer.view());
  }

  /** Where the log `countsAtFlush`: appends and syncs one commit. One that fails with 53100 has left nothing. */
  *commit(commit: LoggedCommit, durability: 'full' | 'relaxed', record?: BulkRecord): Task<void> {
    while (this.#busy !== null) yield* wait(this.#busy);
    this.append(commit, record);
    yield* this.#alone(this.#work(durability));
  }

  /** Ends all writing: what memory holds is not what the log says. */
  stop(error: unknown): DriftError {
    return this.#fail(error);
  }

  /** Writes everything appended; flushes it under `full`. Whoever waits meanwhile finds it done. */
  *sync(durability: 'full' | 'relaxed'): Task<void> {
    while (this.#busy !== null) yield* wait(this.#busy);
    if (this.#failed !== undefined) throw this.#failed;
    yield* this.#alone(this.#work(durability));
  }

  /** One write or flush at a time: whoever comes meanwhile waits for `busy`. */
  *#alone(task: Task<void>): Task<void> {
    const work = run(task);
    if (!(work instanceof Promise)) return;
    // Those who wait here learn of a failure from `failed`.
    this.#busy = work
      .catch(() => undefined)
      .finally(() => {
        this.#busy = null;
      });
    yield* wait(work);
  }

  /**
   * Ends the current file, flushed as a whole, and goes on in the next; returns the new file's number. Commits may go on
   * meanwhile; one that is `underWay` is waited for. When it returns, all that was appended is durable in the older files and nothing is in the new one.
   */
  *rotate(underWay: () => Promise<void> | null = () => null): Task<number> {
    yield* this.#ready();
    const next = yield* this.#create(this.#number + 1);
    do {
      for (let turn = underWay(); turn !== null; turn = underWay()) yield turn;
      yield* this.sync('full');
    } while (this.#busy !== null || this.#pendingBytes > 0 || underWay() !== null);
    this.#adopt(next);
    return this.#number;
  }

  /** Removes the files before the current one, `belowLog`: their transactions are in segments now. */
  *recycle(belowLog: number): Task<void> {
    this.#olderBytes = 0;
    this.#olderFiles = 0;
    for (const name of yield* wait(this.#storage.list())) {
      const match = /^log-(\d+)$/.exec(name);
      if (match !== null && Number(match[1]) < belowLog) yield* removeFile(this.#storage, name);
    }
  }

  *close(): Task<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#failed === undefined) yield* this.sync('full');
  }

  *#work(durability: 'full' | 'relaxed'): Task<void> {
    const [end, chain, atRunStart, dirty] = [this.#end, this.#chain, this.#atRunStart, this.#dirty];
    try {
      if (this.#pendingBytes > 0) yield* this.#ready();
      yield* this.#writePending();
      if (durability === 'full') yield* this.#flush();
      else this.#flushLater();
    } catch (error) {
      if (!this.countsAtFlush || !isFull(error) || this.#file === null) throw this.#fail(error);
      this.#pending.clear();
      this.#parts = [];
      this.#leavingBytes = 0;
      [this.#chain, this.#atRunStart, this.#dirty] = [chain, atRunStart, dirty];
      if (this.#end !== end) yield* this.#takeBack(this.#file, (this.#end = end));
      if (dirty) this.#flushLater();
      throw error;
    }
  }

  *#takeBack(file: StorageFile, end: number): Task<void> {
    try {
      yield* takeBack(file, end);
      this.#allocated = file.size();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Makes the file longer by a step behind what is to come. */
  *#grow(bytes: number): Task<void> {
    try {
      yield* this.#ready();
      const needed = nextSector(nextSector(this.#end) + this.#sizeOf(bytes));
      if (this.#file === null || needed <= this.#allocated) return;
      // To a sector's boundary: what is written there next must not touch the sector of a run that was flushed.
      const wanted = nextSector(needed + this.#options.stepBytes);
      this.#allocated = yield* this.#lengthen(this.#file, wanted, needed);
    } catch (error) {
      throw isFull(error) ? error : this.#fail(error);
    }
  }

  /** What is pending and so many bytes, as they lie in the file. */
  #sizeOf(bytes: number): number {
    const frames = this.#pendingBytes + this.#leavingBytes + bytes;
    return this.#storage.cipher === undefined ? frames : sealedLogBytes(frames);
  }

  #create(number: number): Task<NewFile> {
    return createLogFile(this.#storage, this.#host, {
      number,
      epoch: this.#options.epoch,
      sizeBytes: LOG_HEADER_BYTES + Math.min(this.#options.stepBytes, LOG_FIRST_STEP_BYTES),
    });
  }

  #adopt({ number, file, seed, identity }: NewFile): void {
    if (this.#file !== null) {
      this.#olderBytes += this.#end - LOG_HEADER_BYTES;
      this.#olderFiles++;
    }
    this.#number = number;
    this.#file = file;
    this.#seed = seed;
    this.#identity = identity;
    this.#atRunStart = true;
    this.#end = LOG_HEADER_BYTES;
    this.#allocated = file.size();
    this.#dirty = false;
  }

  get #pendingBytes(): number {
    let bytes = this.#pending.length;
    for (const part of this.#parts) bytes += part.length;
    return bytes;
  }

  *#writePending(): Task<void> {
    const parts = this.#parts;
    if (this.#pending.length > 0) parts.push(this.#pending.finish());
    if (parts.length === 0) return;
    this.#leavingBytes = this.#pendingBytes - this.#pending.length;
    this.#pending.clear();
    this.#parts = [];
    const write = (part: Uint8Array): Task<void> => {
      this.#leavingBytes -= part.length;
      return this.#write(part);
    };
    yield* parts.length === 1 ? write(parts[0] as Uint8Array) : writeParts(parts, write, this.#host);
  }

  *#write(frames: Uint8Array): Task<void> {
    let bytes = frames;
    const file = this.#file;
    if (file === null) throw new DriftError('XX000', 'the log was not replayed before the first commit');
    const at = this.#end;
    const { cipher } = this.#storage;
    if (cipher !== undefined && this.#identity !== null) bytes = yield* sealLog(cipher, this.#identity, at, bytes);
    this.#chain = sealFrames(bytes, this.#atRunStart ? runSeed(this.#seed, at) : this.#chain);
    this.#atRunStart = false;
    this.#end += bytes.length;
    this.#dirty = true;
    if (this.#end > this.#allocated) {
      const wanted = nextSector(this.#end + this.#options.stepBytes);
      this.#allocated = yield* this.#lengthen(file, wanted, nextSector(this.#end));
    }
    yield* wait(file.write(at, bytes));
  }

  #lengthen(file: StorageFile, wanted: number, needed: number): Task<number> {
    return lengthen(file, this.#allocated, { wanted, needed, turn: () => this.#host.yieldToOthers() });
  }

  *#flush(): Task<void> {
    if (!this.#dirty || this.#file === null) return;
    yield* wait(this.#file.flush());
    this.#dirty = false;
    this.#end = nextSector(this.#end);
    this.#atRunStart = true;
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
    this.#failed ??= new DriftError(
      isFull(error) ? '53100' : '58030',
      `the database has stopped taking writes: ${cause}`,
      {
        hint: 'What was acknowledged is safe. Close the database, make room or repair the medium, and open it again.',
      },
    );
    return this.#failed;
  }

  /** Gives the last sequence number; null for a file that nothing was written to, or that a crash left without a header. */
  *#replayFile(
    number: number,
    afterSeq: number,
    laterFiles: readonly number[],
    onCommit: (commit: LoggedCommit) => Task<void>,
  ): Task<number | null> {
    const name = `log-${number}`;
    const file = yield* wait(this.#storage.open(name));
    const bytes = yield* wait(file.read(0, file.size()));
    const seed = readHeader(bytes, name, number);
    if (seed === null) {
      // The next file is begun when this one's header is durable: then a checkpoint has emptied it, which is not in force.
      if (yield* anyIsBegun(this.#storage, laterFiles)) throw damaged(name, 0, 'a file without a header');
      // It stays until `create` uses it: the manifest may name it.
      return null;
    }
    let offset = LOG_HEADER_BYTES;
    const { cipher } = this.#storage;
    const identity = identify(this.#storage, name, bytes);
    let chain = runSeed(seed, offset);
    let last = afterSeq;
    let validEnd = offset;
    let frames: LogFrame[] = [];
    for (;;) {
      const frame = readFrame(bytes, offset, chain);
      if (typeof frame === 'string') {
        // The usual end, and quick to tell: nothing was ever written behind it.
        const unwritten = frames.length === 0 && isZero(bytes, offset, bytes.length);
        const run = unwritten ? -1 : nextRun(bytes, seed, offset);
        if (run >= 0 && frames.length === 0 && nextSector(offset) === run && isZero(bytes, offset, run)) {
          offset = run;
          chain = runSeed(seed, run);
          continue;
        }
        // Nothing was ever written to the newest file: it is begun anew, by this owner, when there is a commit.
        if (unwritten && validEnd === LOG_HEADER_BYTES && laterFiles.length === 0) return null;
        this.#olderBytes += validEnd - LOG_HEADER_BYTES;
        this.#olderFiles++;
        if (unwritten) {
          yield* wait(file.flush());
          return last;
        }
        if (run >= 0 || (yield* anyHasRuns(this.#storage, laterFiles))) throw damaged(name, offset, frame);
        yield* cutTail(file, validEnd);
        return last;
      }
      const held =
        cipher === undefined || identity === null ? [frame] : yield* openLog(cipher, identity, offset, frame);
      chain = frame.crc;
      offset = frame.end;
      if ((frames.length & 7) === 7) yield PAUSE;
      for (const { type, payload, seq, timestamp } of held) {
        frames.push({ type, payload });
        if (type !== FRAME_COMMIT) continue;
        validEnd = offset;
        if (seq > last) {
          if (seq !== last + 1) throw damaged(name, offset, `transaction ${seq} after transaction ${last}`);
          yield* onCommit(decodeCommit(frames, seq, timestamp));
          last = seq;
        }
        frames = [];
      }
    }
  }
}
