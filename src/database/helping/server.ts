/**
 * A helper worker: runs plans over units of tables that the engine's thread sends (exec/helpers/messages.ts).
 *
 * Each job is a task; its scan takes units as they come and waits for more. Tasks pause as those of sessions do, so that
 * messages come through. A user's error (22012 …) is the statement's; anything else means that the helper cannot do the job,
 * and the engine does it.
 */
import { Cancellation } from '../../base/cancel.ts';
import { assert, DriftError, FIELD_NAMES } from '../../base/error.ts';
import type { Host } from '../../base/host.ts';
import { type Task, wait } from '../../base/task.ts';
import type { Batch } from '../../base/vector.ts';
import { buildPlan } from '../../exec/build.ts';
import { UNPACKING, unpackValue } from '../../exec/helpers/context.ts';
import type { Begin, FromHelper, PostedUnit, ToHelper } from '../../exec/helpers/messages.ts';
import type { ExecContext } from '../../exec/run.ts';
import { encodeBatch } from '../../exec/spill/batch-codec.ts';
import { unpackPlan } from '../../plan/travel.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { TreeScan } from '../../table/tree-scan.ts';
import type { BatchSource, ScanOptions, TreeColumn } from '../../table/table.ts';
import type { TableReader } from '../../txn/api.ts';
import { drive } from '../scheduler.ts';
import { helperContext } from './eval.ts';
import { HeldSegments } from './segments.ts';

const OUT_OF_MEMORY = '53200';

/** The way to the engine's thread. */
export interface EnginePort {
  post(message: object, transfer: ArrayBuffer[]): void;
  listen(onMessage: (message: unknown) => void): void;
}

/** Serves a port until its worker ends. */
export function serveHelper(port: EnginePort, host: Host): void {
  const segments = new HeldSegments();
  const jobs = new Map<number, Job>();
  const post = (message: FromHelper, transfer: ArrayBuffer[] = []): void => port.post(message, transfer);
  port.listen((received) => {
    const message = received as ToHelper;
    if (message.kind === 'begin') {
      const job = new Job(message, segments, host, post);
      jobs.set(message.job, job);
      void job.run().finally(() => jobs.delete(message.job));
      return;
    }
    const job = jobs.get(message.job);
    if (message.kind === 'work') job?.work(message.units);
    else job?.end(message.kind === 'cancel');
  });
  post({ kind: 'ready' });
}

type Post = (message: FromHelper, transfer?: ArrayBuffer[]) => void;

class Job {
  readonly #begin: Begin;
  readonly #segments: HeldSegments;
  readonly #host: Host;
  readonly #post: Post;
  readonly #columns: readonly TreeColumn[];
  readonly #cancellation = new Cancellation();
  /** Messages of work, and the units of the first that are left. */
  readonly #queue: PostedUnit[][] = [];
  #isFinished = false;
  #wake: (() => void) | null = null;
  /** The unit that the scan is in, and rows read since the last `done`. */
  #unit = -1;
  #rows = 0;

  constructor(begin: Begin, segments: HeldSegments, host: Host, post: Post) {
    this.#begin = begin;
    this.#segments = segments;
    this.#host = host;
    this.#post = post;
    this.#columns = columnsOf(begin);
  }

  work(units: readonly PostedUnit[]): void {
    const missing: number[] = [];
    const there: PostedUnit[] = [];
    for (const unit of units) {
      if (unit.bytes === null && !this.#segments.hold(unit.name)) missing.push(unit.number);
      else there.push(unit);
    }
    if (missing.length > 0) this.#post({ kind: 'missing', job: this.#begin.job, units: missing });
    this.#queue.push(there);
    this.#notify();
  }

  end(isCancelled: boolean): void {
    if (isCancelled) this.#cancellation.cancel();
    this.#isFinished = true;
    this.#notify();
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = null;
  }

  async run(): Promise<void> {
    const { job } = this.#begin;
    try {
      await drive(this.#run(), this.#host);
      this.#post({ kind: 'end', job });
    } catch (error) {
      if (!this.#cancellation.cancelled) this.#post(failure(job, error));
    } finally {
      for (const unit of this.#queue.flat()) this.#segments.release(unit);
    }
  }

  *#run(): Task<void> {
    const { job, plan: packed, ordered } = this.#begin;
    const plan = unpackPlan(packed, UNPACKING);
    const oids = plan.outputs.map(({ type }) => type.oid);
    const operator = buildPlan(plan, this.#context());
    operator.open();
    try {
      for (let batch = yield* operator.next(); batch !== null; batch = yield* operator.next()) {
        const bytes = encodeBatch(batch, oids);
        const rows: FromHelper = { kind: 'rows', job, unit: ordered ? this.#unit : -1, bytes };
        this.#post(rows, [bytes.buffer as ArrayBuffer]);
      }
    } finally {
      operator.close();
    }
  }

  #context(): ExecContext {
    const reader = this.#reader();
    const { timeZone, queryMemoryBytes, seq } = this.#begin;
    return {
      reader: { table: () => reader, snapshot: seq, seqAt: notHere, timestampsOf: notHere },
      eval: helperContext(timeZone, this.#cancellation),
      parameters: [],
      memoryBudgetBytes: queryMemoryBytes,
      temporary: notHere,
      monotonicMs: () => this.#host.monotonicMs(),
      guard: () => null,
      systemRows: notHere,
      sleep: notHere,
      callRoutine: notHere,
      callRoutineSet: notHere,
      modify: notHere,
    };
  }

  #reader(): TableReader {
    return {
      // A scan asks for formats, and how many rows there are.
      table: { columns: this.#columns } as unknown as TableReader['table'],
      rowCount: Infinity,
      find: notHere,
      findByIndex: notHere,
      load: notHere,
      scan: (options) => this.#scan(options),
      scanIndex: notHere,
      scanVersions: notHere,
    };
  }

  /** The units, as they come. */
  #scan(options: Omit<ScanOptions, 'seq'>): BatchSource {
    const scanned = { ...options, seq: this.#begin.seq };
    let unit: PostedUnit | null = null;
    let inner: BatchSource | null = null;
    const next = function* (job: Job): Task<Batch | null> {
      for (;;) {
        if (inner === null) {
          unit = yield* job.#take();
          if (unit === null) return null;
          inner = new TreeScan(job.#treeOf(unit), scanned);
        }
        const batch: Batch | null = yield* inner.next();
        if (batch !== null) {
          job.#rows += batch.count;
          return batch;
        }
        inner = null;
        if (unit !== null) job.#segments.settle(unit, job.#begin.cacheBudgetBytes);
      }
    };
    return { next: () => next(this), close: () => inner?.close() };
  }

  *#take(): Task<PostedUnit | null> {
    for (;;) {
      const units = this.#queue[0];
      const unit = units?.shift();
      if (unit !== undefined) {
        this.#unit = unit.number;
        return unit;
      }
      if (units !== undefined) {
        this.#queue.shift();
        this.#post({ kind: 'done', job: this.#begin.job, rows: this.#rows });
        this.#rows = 0;
        continue;
      }
      this.#cancellation.check();
      if (this.#isFinished) return null;
      yield* wait(new Promise<void>((resolve) => (this.#wake = resolve)));
    }
  }

  #treeOf(unit: PostedUnit): ConstructorParameters<typeof TreeScan>[0] {
    this.#segments.add(unit, this.#columns);
    return this.#segments.tree(unit.name, this.#begin.lastChange, this.#columns);
  }
}

/** Ordinals that are not read have a column of any kind. */
function columnsOf({ columns, width }: Begin): TreeColumn[] {
  const all: TreeColumn[] = Array.from({ length: width }, () => ({ format: { kind: 'i32' }, missing: null }));
  for (const { ordinal, oid, typmod, format, scale, missing } of columns) {
    const own = typeByOid(oid).format(typmod);
    assert(own.kind === format && own.scale === scale, 'a column has the format of its type');
    all[ordinal] = { format: own, missing: unpackValue(missing, oid) };
  }
  return all;
}

function failure(job: number, error: unknown): FromHelper {
  if (!(error instanceof DriftError) || error.code === OUT_OF_MEMORY || error.code.startsWith('XX'))
    return { kind: 'error', job, code: null, message: String(error), fields: {} };
  const fields: Record<string, string | number> = {};
  for (const name of FIELD_NAMES) {
    const value = error[name];
    if (value !== undefined) fields[name] = value;
  }
  return { kind: 'error', job, code: error.code, message: error.message, fields };
}

function notHere(): never {
  assert(false, 'a helper has units of one table, and nothing else');
}
