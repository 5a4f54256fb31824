/**
 * EngineServer: one engine behind the protocol. The worker exposes it with Comlink; tests may call it directly.
 *
 * Calls start in the order in which they arrive, so that one session's statements keep theirs.
 */
import { transfer } from 'comlink';
import { Cancellation } from '../src/base/cancel.ts';
import { DriftError } from '../src/base/error.ts';
import type { Host } from '../src/base/host.ts';
import type { EngineApi, SessionApi } from '../src/database/api.ts';
import { openEngine } from '../src/database/engine.ts';
import { MemoryStorage } from '../src/storage/memory.ts';
import { OpfsStorage } from '../src/storage/opfs.ts';
import type { Storage } from '../src/storage/storage.ts';
import { portable } from './portable.ts';
import type { Call, OpenOptions, Replies, Reply, RunOptions, Server, WireError } from './protocol.ts';
import { packError, packResult } from './wire.ts';

/** How long answers that are there wait for the slower ones of the same message. */
const GATHER_MS = 2;
/** A page that is being reloaded holds its handles a moment longer: so long a database may seem to be in use. */
const RELOAD_MS = 1500;
const RETRY_MS = 20;

export class EngineServer implements Server {
  readonly #host: Host;
  readonly #holdLock: (name: string) => Promise<void>;
  readonly #sessions = new Map<number, SessionApi>();
  /** How the transactions of sessions began: what comes after the beginning in its message must not run without it. */
  readonly #begun = new Map<number, Promise<void>>();
  readonly #running = new Map<number, { readonly reply: Promise<Reply>; readonly cancellation: Cancellation }>();
  /** Buffers of results that go with their replies. */
  readonly #buffers = new WeakMap<Reply, ArrayBufferLike[]>();
  #engine: EngineApi | null = null;

  /** `holdLock` resolves once the Web Lock of that name is held, for good. */
  constructor(host: Host, holdLock: (name: string) => Promise<void>) {
    this.#host = host;
    this.#holdLock = holdLock;
  }

  async open(url: string, options: OpenOptions, life: string): Promise<WireError | null> {
    const [error] = await Promise.all([this.#open(url, options), this.#holdLock(life)]);
    return error;
  }

  async #open(url: string, options: OpenOptions): Promise<WireError | null> {
    const deadline = this.#host.monotonicMs() + RELOAD_MS;
    for (;;) {
      try {
        if (this.#engine !== null) throw new DriftError('55006', 'this worker has a database open already');
        this.#engine = await openEngine({ ...options, storage: storageFor(url), host: this.#host });
        return null;
      } catch (error) {
        const busy = error instanceof DriftError && error.code === '55006' && this.#engine === null;
        if (!busy || this.#host.monotonicMs() > deadline) return packError(error);
        await new Promise<void>((resolve) => this.#host.setTimer(RETRY_MS, resolve));
      }
    }
  }

  calls(calls: readonly Call[]): Promise<Replies> {
    for (const call of calls) {
      const cancellation = new Cancellation();
      this.#running.set(call.id, { reply: this.#reply(call, cancellation), cancellation });
    }
    return this.take(calls.map(({ id }) => id));
  }

  /** Waits for the first of these calls, then a moment for the rest; names those that run on. */
  async take(ids: readonly number[]): Promise<Replies> {
    const running = ids.flatMap((id) => this.#running.get(id)?.reply ?? []);
    const done: Reply[] = [];
    const all = Promise.all(running.map(async (reply) => done.push(await reply)));
    if (running.length > 1) await Promise.race([all, Promise.race(running).then(() => this.#pause(GATHER_MS))]);
    else await all;
    const buffers: ArrayBufferLike[] = [];
    for (const reply of done) {
      this.#running.delete(reply.id);
      buffers.push(...(this.#buffers.get(reply) ?? []));
    }
    const settled = new Set(done.map(({ id }) => id));
    const replies: Replies = { done: [...done], pending: ids.filter((id) => !settled.has(id)) };
    return buffers.length === 0 ? replies : transfer(replies, buffers as Transferable[]);
  }

  cancel(id: number): void {
    this.#running.get(id)?.cancellation.cancel();
  }

  async #reply(call: Call, cancellation: Cancellation): Promise<Reply> {
    try {
      const buffers: ArrayBufferLike[] = [];
      const value = await this.#perform(call, cancellation, buffers);
      const reply: Reply = { id: call.id, ok: true, value };
      if (buffers.length > 0) this.#buffers.set(reply, buffers);
      return reply;
    } catch (error) {
      return { id: call.id, ok: false, error: packError(error) };
    }
  }

  async #perform(
    { session: number, request }: Call,
    cancellation: Cancellation,
    buffers: ArrayBufferLike[],
  ): Promise<unknown> {
    const engine = this.#engine;
    if (engine === null) throw new DriftError('08003', 'the database is closed');
    switch (request.kind) {
      case 'status':
        return engine.status();
      case 'checkpoint':
        return engine.checkpoint();
      case 'export': {
        const bytes = await engine.exportFile();
        buffers.push(bytes.buffer);
        return bytes;
      }
      case 'close':
        this.#engine = null;
        return engine.close();
      case 'end': {
        const [ending, begun] = [this.#sessions.get(number), this.#begun.get(number)];
        this.#sessions.delete(number);
        this.#begun.delete(number);
        // Calls before this one may still wait for the beginning; they go first.
        if (begun !== undefined) await begun.catch(() => undefined);
        return ending?.close();
      }
      default:
    }
    const session = this.#session(engine, number);
    const begun = this.#begun.get(number);
    if (begun !== undefined) await begun;
    switch (request.kind) {
      case 'execute': {
        const { options } = request;
        const result = await session.execute(request.sql, request.parameters, { ...options, cancellation });
        return packResult(portableFor(result, options), buffers);
      }
      case 'script': {
        const { options } = request;
        const results = await session.script(request.sql, { ...options, cancellation });
        return results.map((result) => packResult(portableFor(result, options), buffers));
      }
      case 'describe':
        return session.describe(request.sql);
      case 'begin': {
        const beginning = session.begin(request.options);
        this.#begun.set(number, beginning);
        return beginning;
      }
      case 'commit':
        return session.commit();
      case 'rollback':
        return session.rollback();
    }
  }

  #session(engine: EngineApi, number: number): SessionApi {
    let session = this.#sessions.get(number);
    if (session === undefined) {
      session = engine.session();
      this.#sessions.set(number, session);
    }
    return session;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#host.setTimer(ms, resolve));
  }
}

function portableFor(result: Parameters<typeof portable>[0], options: RunOptions): ReturnType<typeof portable> {
  return options.text === true ? result : portable(result, options.printed);
}

function storageFor(url: string): Storage {
  if (url.startsWith('memory://')) return new MemoryStorage();
  const name = url.startsWith('opfs://') ? decodeURIComponent(url.slice('opfs://'.length)) : '';
  if (name === '') throw new DriftError('08001', `cannot open "${url}": expected opfs://name or memory://`);
  return new OpfsStorage(name);
}
