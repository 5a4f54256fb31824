/**
 * Maintenance: checkpoints, splits and whatever else works in the background, in slices of a few milliseconds.
 *
 * One piece of work runs at a time. It is a task that pauses often; after a few milliseconds the thread goes to whoever waits, and
 * the work goes on in a macrotask of its own. Where others made use of their turn the next slice is shorter: a statement
 * that comes through a port takes several turns, and between any two of them lies a slice.
 *
 * A commit may not outrun it: statements that follow each other without a macrotask (a loop on Node) would keep everything
 * else waiting, other sessions and this. So `turn` makes a commit wait for one macrotask every few milliseconds.
 *
 * Commits that write faster than a checkpoint does meet resistance: when the log is longer than a checkpoint waits for by
 * twice the setting, or a leaf twice as big as it should be, each waits for a number of slices; where the log is longer by
 * three times, until it is not. So both stay bounded, and reads go on between the slices.
 *
 * When a checkpoint is due: the log has grown by `checkpointLogBytes`, dirty leaves fill half of the cache, too many log
 * files lie about, or `checkpointIntervalMs` have passed since the first commit that is in the log only. Where a
 * checkpoint writes much more than the log holds (updates all over a big table touch every leaf), the next waits for up to
 * four times as much log, and comes back to the setting when loads change.
 */
import type { Host } from '../base/host.ts';
import { type MaybePromise, PAUSE, type Step, type Task } from '../base/task.ts';
import type { TableStore } from '../table/store.ts';
import { LONG_SLICE_MS, type Work, type WorkKind } from '../table/work-log.ts';
import { drive, Queue } from './scheduler.ts';

/** A slice ends at the first pause after so long; from one pause to the next it is a few milliseconds at most. */
const SLICE_MS = 3;
const BUSY_SLICE_MS = 2;
/** A turn of others that took longer was one in which something ran. */
const BUSY_TURN_MS = 0.05;
/** How long commits may follow each other before others get a turn. */
const TURN_MS = 8;
/** A log longer than a checkpoint waits for, by so many times the setting, makes commits wait for the background: so many turns each. */
const BEHIND = 2;
const TURNS_BEHIND = 50;
/** And where it is longer by so many times, for as many as a checkpoint takes. */
const FAR_BEHIND = 3;
const TURNS_FAR_BEHIND = 1000;
const BEHIND_SLICE_MS = 4;
/** A checkpoint that writes so many times what the log holds makes the next one wait for more. */
const MUCH_WRITTEN = 4;
const LITTLE_WRITTEN = 2;
const GREATEST_STRETCH = 4;

export interface Job {
  readonly kind: WorkKind;
  readonly treeId: number | null;
  readonly reason: string;
}

export interface MaintenanceParts {
  readonly host: Host;
  readonly store: TableStore;
  readonly logLimitBytes: number;
  readonly intervalMs: number;
  /** Why a checkpoint is needed now, given how much log it may wait for; null where it is not. */
  reasonFor(logLimitBytes: number): string | null;
  /** Gives up what history_retention says. */
  retain(): Promise<void>;
  /** Takes a checkpoint; one that fails leaves everything as it was. */
  checkpoint(force: boolean): Task<boolean>;
}

export class Maintenance {
  readonly #parts: MaintenanceParts;
  readonly #queue = new Queue();
  #stretch = 1;
  #scheduled = false;
  #closed = false;
  #lastTurn: number;
  #stopTimer: (() => void) | null = null;

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
    this.#lastTurn = parts.host.monotonicMs();
  }

  /** Does a piece of work after those that are under way. */
  run<T>(job: Job, work: () => Task<T>): Promise<T> {
    return this.#queue.run(() => this.#inSlices(job, work()));
  }

  /** Runs something beside which no work may run. */
  alone<T>(work: () => MaybePromise<T>): Promise<T> {
    return this.#queue.run(work);
  }

  /**
   * Takes a checkpoint, and before it empties packs that hold little: they go when the manifest has switched. `force`: also
   * where nothing was committed since the last one. Returns false where there was nothing to write.
   */
  async checkpoint(reason: string, force = false): Promise<boolean> {
    const { store, host } = this.#parts;
    await host.loadPart?.('late');
    if (!this.#closed) await this.#parts.retain();
    if (await drive(store.hasSparsePacks(), host))
      await this.run({ kind: 'repack', treeId: null, reason: 'sparse' }, () => store.repack());
    return this.run({ kind: 'checkpoint', treeId: null, reason }, () => this.#parts.checkpoint(force));
  }

  /** Says that something was committed. */
  noteCommit(): void {
    if (this.#closed) return;
    const { host, intervalMs } = this.#parts;
    if (this.#stopTimer === null && intervalMs > 0)
      this.#stopTimer = host.setTimer(intervalMs, () => {
        this.#stopTimer = null;
        this.#start('interval');
      });
    if (!this.#scheduled && (this.#parts.store.dueSplits > 0 || this.#reason() !== null)) this.#start(null);
  }

  /** Begins with what is due after opening. */
  start(): void {
    if (!this.#scheduled && (this.#parts.store.dueSplits > 0 || this.#reason() !== null)) this.#start(null);
  }

  /** A promise that a commit should wait for, so that others get a turn; null mostly. */
  turn(): Promise<void> | null {
    const { host } = this.#parts;
    if (host.monotonicMs() - this.#lastTurn < TURN_MS) return null;
    return this.#isBehind() ? this.#catchUp() : this.#giveTurn();
  }

  #isBehind(): boolean {
    return this.#scheduled && (this.#parts.store.isOverdue || this.#exceedsBy(BEHIND));
  }

  /** The log is longer than a checkpoint waits for, by so many times the setting. */
  #exceedsBy(times: number): boolean {
    return this.#parts.reasonFor(this.#parts.logLimitBytes * (this.#stretch + times)) === 'log';
  }

  async #catchUp(): Promise<void> {
    for (let turn = 0; this.#isBehind(); turn++) {
      if (turn >= (this.#exceedsBy(FAR_BEHIND) ? TURNS_FAR_BEHIND : TURNS_BEHIND)) return;
      await this.#giveTurn();
    }
  }

  /** A checkpoint was taken: the time until the next begins with the next commit. */
  noteCheckpoint(logBytes: number, writtenBytes: number): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    if (writtenBytes > MUCH_WRITTEN * logBytes) this.#stretch = Math.min(this.#stretch * 2, GREATEST_STRETCH);
    else if (writtenBytes < LITTLE_WRITTEN * logBytes) this.#stretch = Math.max(this.#stretch / 2, 1);
  }

  /** Nothing is begun by itself from here on. */
  close(): void {
    this.#closed = true;
    this.#stopTimer?.();
    this.#stopTimer = null;
  }

  #reason(): string | null {
    return this.#parts.reasonFor(this.#parts.logLimitBytes * this.#stretch);
  }

  #start(reason: string | null): void {
    this.#scheduled = true;
    this.#parts.host.setTimer(0, () => {
      // What fails leaves the manifest in force as it is, and the log keeps everything.
      this.#work(reason)
        .catch(() => undefined)
        .finally(() => {
          this.#scheduled = false;
        });
    });
  }

  async #work(first: string | null): Promise<void> {
    const { store } = this.#parts;
    for (let reason = first; !this.#closed; reason = null) {
      const split = store.takeSplit();
      if (split !== null) {
        await this.run({ kind: split.kind, treeId: split.treeId, reason: 'size' }, split.task);
        continue;
      }
      const due = reason ?? this.#reason();
      if (due === null) return;
      // What is dirty belongs to a commit that is not whole yet: its end calls again. Going on here would give it no turn.
      if (!(await this.checkpoint(due))) return;
    }
  }

  async #inSlices<T>(job: Job, task: Task<T>): Promise<T> {
    const { host, store } = this.#parts;
    const began = host.monotonicMs();
    const work = store.work.begin({ ...job, startedAt: host.now() });
    try {
      let value: unknown;
      let failure: { readonly reason: unknown } | null = null;
      let limitMs = SLICE_MS;
      // What was used of the turn: a promise that is there already gives it to nobody.
      let usedMs = 0;
      for (;;) {
        const resume = (): IteratorResult<Step, T> =>
          failure === null ? task.next(value) : task.throw(failure.reason);
        const turnMs = host.monotonicMs() - usedMs;
        const step = this.#slice(work, task, resume, turnMs + limitMs);
        if (step.done === true) {
          work.state = step.value === (false as unknown) ? 'not needed' : 'done';
          return step.value;
        }
        [value, failure] = [undefined, null];
        if (step.value === PAUSE) {
          const before = host.monotonicMs();
          await this.#giveTurn();
          usedMs = 0;
          const isBusy = host.monotonicMs() - before > BUSY_TURN_MS;
          limitMs = this.#isBehind() ? BEHIND_SLICE_MS : isBusy ? BUSY_SLICE_MS : SLICE_MS;
          continue;
        }
        usedMs = host.monotonicMs() - turnMs;
        try {
          value = await step.value;
        } catch (reason) {
          failure = { reason };
        }
      }
    } catch (error) {
      work.state = 'failed';
      throw error;
    } finally {
      work.durationMs = host.monotonicMs() - began;
    }
  }

  /** One turn of the thread: to the first pause after the limit, to a wait, or to the end. */
  #slice<T>(
    work: Work,
    task: Task<T>,
    resume: () => IteratorResult<Step, T>,
    untilMs: number,
  ): IteratorResult<Step, T> {
    const { host, store } = this.#parts;
    const began = host.monotonicMs();
    const before = store.traffic();
    try {
      let step = resume();
      while (step.done !== true && step.value === PAUSE && host.monotonicMs() < untilMs) step = task.next();
      return step;
    } finally {
      const took = host.monotonicMs() - began;
      const after = store.traffic();
      work.slices++;
      work.longestMs = Math.max(work.longestMs, took);
      if (took > LONG_SLICE_MS) work.longSlices++;
      work.readBytes += after.readBytes - before.readBytes;
      work.writtenBytes += after.writtenBytes - before.writtenBytes;
    }
  }

  async #giveTurn(): Promise<void> {
    const { host } = this.#parts;
    await host.yieldToOthers();
    this.#lastTurn = host.monotonicMs();
  }
}
