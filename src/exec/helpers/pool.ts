/**
 * The engine's helper workers: started when a statement first wants them, ended when none has for a while.
 *
 * A helper that is still starting takes no work, so nobody waits for it: the statement that has started it goes on alone.
 * One that fails is not replaced before the next statement asks, and after a few failures none is started any more
 * (a worker's file that is not served, say).
 */
import type { HelperWorker, Host } from '../../base/host.ts';
import { helperCount, type HelpOptions } from '../../plan/optimizer/helper-count.ts';
import type { FromHelper, ToHelper } from './messages.ts';

const IDLE_MS = 30_000;
const MOST_FAILURES = 3;

/** Who a helper's messages about one job are for. */
export interface Listener {
  receive(helper: Helper, message: FromHelper): void;
  /** A helper has become ready. */
  ready(helper: Helper): void;
  /** It does no more. */
  lost(helper: Helper): void;
}

export class Helper {
  readonly #worker: HelperWorker;
  isReady = false;
  /** Names of the segments that it has been given. */
  readonly has: Set<string> = new Set();

  constructor(worker: HelperWorker) {
    this.#worker = worker;
  }

  post(message: ToHelper, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  hold(isAwaited: boolean): void {
    this.#worker.hold?.(isAwaited);
  }

  end(): void {
    this.#worker.terminate();
  }
}

/** Who has helpers: an engine, with a box for the pool that all of its lines share. */
export interface HelperOwner extends HelpOptions {
  readonly helping: { pool: HelperPool | null };
  readonly closing: boolean;
}

/** The pool of an engine, made when a statement first wants it; null where there are no helpers. */
export function poolOf(owner: HelperOwner): HelperPool | null {
  const count = helperCount(owner);
  if (count === 0 || owner.closing) return null;
  return (owner.helping.pool ??= new HelperPool(owner.host, count));
}

export class HelperPool {
  readonly #host: Host;
  readonly #count: number;
  readonly #helpers = new Set<Helper>();
  readonly #jobs = new Map<number, Listener>();
  #lastJob = 0;
  #failures = 0;
  #cancelIdle: (() => void) | null = null;

  /** `count`: helpers at most. */
  constructor(host: Host, count: number) {
    this.#host = host;
    this.#count = count;
  }

  get count(): number {
    return this.#count;
  }

  get ready(): Helper[] {
    return [...this.#helpers].filter(({ isReady }) => isReady);
  }

  /** Begins a job, which gets helpers' messages under the number that it returns, until `leave`. */
  join(listener: Listener): number {
    this.#cancelIdle?.();
    this.#cancelIdle = null;
    while (this.#helpers.size < this.#count && this.#failures < MOST_FAILURES) if (!this.#start()) break;
    if (this.#jobs.size === 0) for (const helper of this.#helpers) helper.hold(true);
    this.#jobs.set(++this.#lastJob, listener);
    return this.#lastJob;
  }

  leave(job: number): void {
    this.#jobs.delete(job);
    if (this.#jobs.size > 0) return;
    for (const helper of this.#helpers) helper.hold(false);
    this.#cancelIdle ??= this.#host.setTimer(IDLE_MS, () => this.end());
  }

  noteSuccess(): void {
    this.#failures = 0;
  }

  /** Ends one that does not do what it should. */
  drop(helper: Helper): void {
    helper.end();
    this.#lost(helper);
  }

  end(): void {
    this.#cancelIdle?.();
    this.#cancelIdle = null;
    for (const helper of [...this.#helpers]) {
      helper.end();
      this.#helpers.delete(helper);
      for (const job of this.#jobs.values()) job.lost(helper);
    }
  }

  #start(): boolean {
    let worker: HelperWorker;
    try {
      worker = this.#host.startHelper?.() as HelperWorker;
    } catch {
      this.#failures = MOST_FAILURES;
      return false;
    }
    const helper = new Helper(worker);
    this.#helpers.add(helper);
    worker.addEventListener('message', (event) => this.#receive(helper, (event as { readonly data: FromHelper }).data));
    for (const type of ['error', 'messageerror'])
      worker.addEventListener(type, (event) => {
        // A browser would report it to the page.
        (event as Partial<Event>).preventDefault?.();
        this.drop(helper);
      });
    helper.hold(false);
    return true;
  }

  #receive(helper: Helper, message: FromHelper): void {
    if (message.kind !== 'ready') {
      this.#jobs.get(message.job)?.receive(helper, message);
      return;
    }
    helper.isReady = true;
    if (this.#jobs.size > 0) helper.hold(true);
    for (const job of this.#jobs.values()) job.ready(helper);
  }

  #lost(helper: Helper): void {
    if (!this.#helpers.delete(helper)) return;
    this.#failures++;
    for (const job of this.#jobs.values()) job.lost(helper);
  }
}

interface Event {
  preventDefault(): void;
}
