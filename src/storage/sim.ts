/**
 * SimDisk and SimStorage: a simulated medium that crashes, tears, lies and forgets, as told by a seed.
 *
 * A disk lives through many openings; each opening is a `SimStorage`. Every call of the storage interface that a real
 * medium would carry out counts as one operation. A test asks for a fault at the k-th operation, runs its workload,
 * lets the disk go down, opens it again and compares what is there with a model, for k = 0, 1, 2 … until the run ends
 * without reaching k:
 *
 *     const disk = new SimDisk(seed);
 *     disk.plan({ kind: 'crash', at: k });
 *     try { workload(disk.storage()); } catch (error) { if (!disk.fired) throw error; }
 *     disk.powerFailure();                    // or disk.processKill()
 *     check(disk.storage());
 *
 * Invariants: the same seed, plan and calls give the same bytes; after `crash` has fired every call of that storage
 * fails until the disk went down, and a storage of before the crash never touches the disk again.
 */
import { DriftError } from '../base/error.ts';
import type { MaybePromise } from '../base/task.ts';
import { type CrashRules, SimFile } from './sim-file.ts';
import { Random } from './sim-random.ts';
import type { Storage, StorageFile } from './storage.ts';

/**
 * - `crash`: the call is carried out, half carried out (a write) or not at all; nothing runs afterwards.
 * - `short-write`: a part is written, the call fails with 58030.
 * - `quota`: from there on writes that grow a file fail with 53100 until `lift`; where the medium `countsAtFlush`, flushes do.
 * - `flush-fails`: the flush fails with 58030, and what it should have saved is not saved by a later one.
 * - `flush-lies`: the flush and those after it report success and save nothing, until the machine goes down.
 * - `read-error`: one read fails with 58030. `bit-flip`: one read shows a wrong bit, as does every later one of that
 *   place. `misdirected-read`: one read shows the bytes of another place. `lost-handle`: the file's handle is dead.
 */
export type FaultKind =
  | 'crash'
  | 'short-write'
  | 'quota'
  | 'flush-fails'
  | 'flush-lies'
  | 'read-error'
  | 'bit-flip'
  | 'misdirected-read'
  | 'lost-handle';

export interface Fault {
  readonly kind: FaultKind;
  /** The fault strikes at the first operation of number `at` or later that it can strike. */
  readonly at: number;
}

type Operation = 'open' | 'list' | 'remove' | 'read' | 'write' | 'truncate' | 'flush';

const STRIKES: Readonly<Record<FaultKind, readonly Operation[]>> = {
  crash: ['open', 'list', 'remove', 'read', 'write', 'truncate', 'flush'],
  'short-write': ['write'],
  quota: ['write', 'truncate', 'flush'],
  'flush-fails': ['flush'],
  'flush-lies': ['flush'],
  'read-error': ['read'],
  'bit-flip': ['read'],
  'misdirected-read': ['read'],
  'lost-handle': ['read', 'write', 'flush'],
};

export interface SimOptions extends CrashRules {
  /** Share of calls that answer with a promise, to exercise the paths that wait. */
  readonly asynchronous: number;
  /**
   * As IndexedDB: what was written is in the process's memory until a flush stores all of it, or nothing. A full medium is met
   * there, removals are safe at once.
   */
  readonly countsAtFlush: boolean;
}

const DEFAULTS: SimOptions = { uniform: 0.3, tear: true, garble: true, asynchronous: 0, countsAtFlush: false };

/** The error of a call after the machine went down; not a DriftError, as nobody is there to be told. */
export class SimCrash extends Error {
  override readonly name: string = 'SimCrash';
}

export class SimDisk {
  readonly random: Random;
  readonly options: SimOptions;
  files: Map<string, SimFile> = new Map<string, SimFile>();
  /** Removed files that a crash may bring back. */
  removed: Map<string, SimFile> = new Map<string, SimFile>();
  owner: SimStorage | null = null;
  /** Operations so far, over all openings. */
  operations = 0;
  fired = false;
  /** The file that the fault struck, or the operation where it was not on a file. */
  struck = '';
  down = false;
  /** Called before every operation that changes what the disk holds. */
  beforeChange: (() => void) | null = null;
  /** Called when the fault strikes. */
  onStrike: (() => void) | null = null;
  #fault: Fault | null = null;
  #full = false;
  #lying = false;

  constructor(seed: number, options: Partial<SimOptions> = {}) {
    this.random = new Random(seed);
    this.options = { ...DEFAULTS, ...options };
  }

  /** Opens the disk for one database opening. */
  storage(): SimStorage {
    return new SimStorage(this);
  }

  /** The disk as it is now, with another seed: its machine can go down while this one's lives on. */
  copy(seed: number): SimDisk {
    const disk = new SimDisk(seed, this.options);
    for (const [name, file] of this.files) disk.files.set(name, file.copy());
    for (const [name, file] of this.removed) disk.removed.set(name, file.copy());
    return disk;
  }

  /** Arranges the next fault; `at` counts from the disk's first operation. */
  plan(fault: Fault | null): void {
    this.#fault = fault;
    this.fired = false;
    this.struck = '';
  }

  /** Ends `quota`. */
  lift(): void {
    this.#full = false;
  }

  /** The machine goes down: of what was not flushed, anything may be left. */
  powerFailure(): void {
    if (this.options.countsAtFlush) return this.#forget();
    const survivors = new Map<string, SimFile>();
    for (const [name, file] of this.removed) {
      if (this.random.chance(0.5))
        survivors.set(name, new SimFile(name, file.afterCrash(this.random, this.options), true));
    }
    for (const [name, file] of this.files) {
      if (file.exists || this.random.chance(0.5)) {
        survivors.set(name, new SimFile(name, file.afterCrash(this.random, this.options), true));
      }
    }
    this.#restart(survivors);
  }

  /** The process dies, the machine lives on: everything written is there, but no safer than before. */
  processKill(): void {
    if (this.options.countsAtFlush) return this.#forget();
    const { removed } = this;
    this.#restart(this.files);
    this.removed = removed;
  }

  /** What was flushed is left. */
  #forget(): void {
    const files = [...this.files.values()].filter(({ exists }) => exists);
    this.#restart(new Map(files.map((file) => [file.name, new SimFile(file.name, file.durable(), true)])));
  }

  /** Changes bytes of a file at rest, as a failing medium or a meddling person does. */
  alter(name: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const file = this.files.get(name);
    if (file === undefined) throw new Error(`there is no file ${name}`);
    this.files.set(name, new SimFile(name, change(file.afterKill()), true));
  }

  /** Counts an operation; returns the fault that strikes it, if any. */
  strike(operation: Operation, name: string = operation, grows = false): FaultKind | null {
    if (this.down) throw new SimCrash('the machine is down');
    if (operation !== 'read' && operation !== 'list') this.beforeChange?.();
    const number = this.operations++;
    const fault = this.#fault;
    if (
      fault !== null &&
      number >= fault.at &&
      STRIKES[fault.kind].includes(operation) &&
      (fault.kind !== 'quota' || grows)
    ) {
      this.#fault = null;
      this.fired = true;
      this.struck = name;
      this.onStrike?.();
      if (fault.kind === 'quota') this.#full = true;
      else if (fault.kind === 'flush-lies') this.#lying = true;
      else if (fault.kind === 'crash') this.down = true;
      if (fault.kind !== 'quota') return fault.kind;
    }
    if (this.#full && grows) return 'quota';
    if (this.#lying && operation === 'flush') return 'flush-lies';
    return null;
  }

  #restart(files: Map<string, SimFile>): void {
    this.files = files;
    this.removed = new Map();
    this.owner = null;
    this.down = false;
    this.#lying = false;
  }
}

export class SimStorage implements Storage {
  readonly medium = 'simulation';
  readonly countsAtFlush: boolean;
  readonly #disk: SimDisk;
  readonly #handles = new Map<string, SimHandle>();

  constructor(disk: SimDisk) {
    this.#disk = disk;
    this.countsAtFlush = disk.options.countsAtFlush;
  }

  acquire(): MaybePromise<void> {
    if (this.#disk.owner !== null)
      throw new DriftError('55006', 'the simulated database is in use by another connection');
    this.#disk.owner = this;
    return this.#answer(undefined);
  }

  list(): MaybePromise<readonly string[]> {
    this.#strike('list');
    return this.#answer([...this.#disk.files.keys()]);
  }

  open(name: string): MaybePromise<StorageFile> {
    const handle = this.#handles.get(name);
    if (handle !== undefined) return handle;
    this.#strike('open');
    let file = this.#disk.files.get(name);
    if (file === undefined) {
      file = new SimFile(name);
      this.#disk.files.set(name, file);
    }
    const opened = new SimHandle(this, this.#disk, file, () => this.#handles.delete(name));
    this.#handles.set(name, opened);
    return this.#answer(opened);
  }

  remove(name: string): MaybePromise<void> {
    this.#strike('remove');
    this.#handles.get(name)?.close();
    const file = this.#disk.files.get(name);
    if (file !== undefined) {
      this.#disk.files.delete(name);
      if (file.exists) this.#disk.removed.set(name, file);
    }
    return this.#answer(undefined);
  }

  close(): void {
    for (const handle of [...this.#handles.values()]) handle.close();
    if (this.#disk.owner === this) this.#disk.owner = null;
  }

  #strike(operation: Operation): void {
    this.check();
    if (this.#disk.strike(operation) === 'crash') throw new SimCrash(`crash during ${operation}`);
  }

  /** Throws where this opening is over: a former owner's calls reach nothing. */
  check(): void {
    if (this.#disk.owner !== this) throw new SimCrash('this opening of the disk is over');
  }

  #answer<T>(value: T): MaybePromise<T> {
    return answer(this.#disk, value);
  }
}

class SimHandle implements StorageFile {
  readonly name: string;
  readonly #storage: SimStorage;
  readonly #disk: SimDisk;
  readonly #file: SimFile;
  readonly #onClose: () => void;
  #lost = false;
  readonly makeRoom?: () => void;

  constructor(storage: SimStorage, disk: SimDisk, file: SimFile, onClose: () => void) {
    this.name = file.name;
    this.#storage = storage;
    this.#disk = disk;
    this.#file = file;
    this.#onClose = onClose;
    // It promises whatever it is asked for, as Chromium does.
    if (disk.options.countsAtFlush) this.makeRoom = () => undefined;
  }

  size(): number {
    return this.#file.size;
  }

  read(offset: number, length: number): MaybePromise<Uint8Array> {
    const fault = this.#strike('read');
    const file = this.#file;
    if (fault === 'read-error') throw this.#error('read');
    if (fault === 'misdirected-read') {
      return answer(this.#disk, file.read(misdirected(offset, length, file.size, this.#disk.random), length));
    }
    const bytes = file.read(offset, length);
    if (fault === 'bit-flip' && bytes.length > 0) {
      const bit = this.#disk.random.below(bytes.length * 8);
      const at = bit >> 3;
      bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7));
      file.live[offset + at] = bytes[at] as number;
    }
    return answer(this.#disk, bytes);
  }

  write(offset: number, bytes: Uint8Array): MaybePromise<void> {
    const fault = this.#strike('write', this.#grows(offset + bytes.length));
    if (fault === 'quota')
      throw new DriftError('53100', `the simulated disk has no room for ${bytes.length} bytes of ${this.name}`);
    if (fault === 'crash' || fault === 'short-write') {
      this.#file.write(offset, bytes.subarray(0, this.#disk.random.below(bytes.length + 1)));
      throw fault === 'crash' ? new SimCrash('crash during write') : this.#error('write');
    }
    this.#file.write(offset, bytes);
    return answer(this.#disk, undefined);
  }

  truncate(size: number): MaybePromise<void> {
    const fault = this.#strike('truncate', this.#grows(size));
    if (fault === 'quota')
      throw new DriftError('53100', `the simulated disk has no room for ${this.name} of ${size} bytes`);
    if (fault !== 'crash' || this.#disk.random.chance(0.5)) this.#file.truncate(size);
    if (fault === 'crash') throw new SimCrash('crash during truncate');
    return answer(this.#disk, undefined);
  }

  flush(): MaybePromise<void> {
    const fault = this.#strike('flush', this.#disk.options.countsAtFlush && this.#file.isUnsafe);
    if (fault === 'quota') throw new DriftError('53100', `the simulated disk has no room for ${this.name}`);
    if (fault === 'flush-fails') {
      this.#file.failFlush();
      throw this.#error('flush');
    }
    if (fault === 'crash') {
      if (this.#disk.random.chance(0.5)) this.#file.flush();
      throw new SimCrash('crash during flush');
    }
    if (fault !== 'flush-lies') this.#file.flush();
    return answer(this.#disk, undefined);
  }

  close(): void {
    this.#onClose();
  }

  /** Whether the medium takes note of it. */
  #grows(size: number): boolean {
    return size > this.#file.size && !this.#disk.options.countsAtFlush;
  }

  #strike(operation: Operation, grows = false): FaultKind | null {
    this.#storage.check();
    const fault = this.#disk.strike(operation, this.name, grows);
    if (fault === 'lost-handle') this.#lost = true;
    if (this.#lost) throw this.#error(operation);
    if (fault === 'crash' && operation === 'read') throw new SimCrash('crash during read');
    return fault;
  }

  #error(operation: Operation): DriftError {
    return new DriftError('58030', `simulated ${operation} error in ${this.name}`);
  }
}

/** Another place of the same file, if it has one. */
function misdirected(offset: number, length: number, size: number, random: Random): number {
  if (size <= length) return offset;
  const place = random.below(size - length + 1);
  return place === offset ? (offset === 0 ? 1 : 0) : place;
}

function answer<T>(disk: SimDisk, value: T): MaybePromise<T> {
  return disk.options.asynchronous > 0 && disk.random.chance(disk.options.asynchronous)
    ? Promise.resolve(value)
    : value;
}
