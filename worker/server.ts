/**
 * EngineServer: one engine behind the protocol; the worker puts it on its messages, tests on those of a channel.
 *
 * Calls start in the order in which they arrive, so that one session's statements keep theirs. Replies are posted at
 * once when no call of the last message runs any more; else in the next macrotask, by when whatever ends quickly has ended.
 * So a slow call holds back none of the others: what an earlier message began is not waited for.
 */
import { Cancellation } from '../src/base/cancel.ts';
import { DriftError } from '../src/base/error.ts';
import type { Host } from '../src/base/host.ts';
import type { EngineApi, ExecuteOptions, SessionApi } from '../src/database/api.ts';
import { type OpenEngine, openEngine } from '../src/database/engine.ts';
import { EncryptedStorage } from '../src/storage/encryption/encrypted-storage.ts';
import { IndexedDbStorage } from '../src/storage/indexed-db.ts';
import { MemoryStorage } from '../src/storage/memory.ts';
import { OpfsStorage } from '../src/storage/opfs.ts';
import type { Storage } from '../src/storage/storage.ts';
import { pulled } from './backups.ts';
import { portable } from './portable.ts';
import type {
  Aside,
  AsideWork,
  Call,
  OpenOptions,
  Pull,
  Reply,
  RunOptions,
  Server,
  ToPage,
  ToWorker,
  WireError,
} from './protocol.ts';
import { answerRare, workAside } from './aside.ts';
import { packError, packResult } from './wire.ts';

/** A page that is being reloaded holds its handles a moment longer: so long a database may seem to be in use. */
const RELOAD_MS = 1500;
const RETRY_MS = 20;
/** After opening, the late part waits so long for a first query that does without it. The rare one comes on first use. */
const LATE_PART_MS = 100;

export interface ServerOptions {
  readonly host: Host;
  /** Resolves once the Web Lock of that name is held, for good. */
  readonly holdLock: (name: string) => Promise<void>;
  readonly post: (message: ToPage, transfer: Transferable[]) => void;
}

export class EngineServer implements Server {
  readonly #host: Host;
  readonly #post: ServerOptions['post'];
  readonly #holdLock: (name: string) => Promise<void>;
  readonly #sessions = new Map<number, SessionApi>();
  /** How the transactions of sessions began: what comes after the beginning in its message must not run without it. */
  readonly #begun = new Map<number, Promise<void>>();
  readonly #running = new Map<number, Cancellation>();
  /** Replies to post, and the buffers that go with them. */
  #replies: Reply[] = [];
  #buffers: ArrayBufferLike[] = [];
  #postIsDue = false;
  /** Calls of the last message that are not answered, and the first of them: numbers ascend. */
  #fresh = 0;
  #first = 0;
  #engine: OpenEngine | null = null;

  constructor({ host, holdLock, post }: ServerOptions) {
    this.#host = host;
    this.#holdLock = holdLock;
    this.#post = post;
  }

  async open(url: string, options: OpenOptions, life: string, pull?: Pull): Promise<WireError | null> {
    const [error] = await Promise.all([this.#open(url, options, pull), this.#holdLock(life)]);
    return error;
  }

  async aside(work: AsideWork, pull?: Pull): Promise<Aside> {
    await this.#host.loadPart?.('rare');
    return workAside(this.#host, work, pull);
  }

  async #open(url: string, options: OpenOptions, pull: Pull | undefined): Promise<WireError | null> {
    const deadline = this.#host.monotonicMs() + RELOAD_MS;
    for (;;) {
      try {
        if (this.#engine !== null) throw new DriftError('55006', 'this worker has a database open already');
        this.#engine = await openAt(url, { ...options, host: this.#host, pull });
        this.#host.setTimer(LATE_PART_MS, () => void this.#host.loadPart?.('late').catch(() => undefined));
        return null;
      } catch (error) {
        const busy = error instanceof DriftError && error.code === '55006' && this.#engine === null;
        if (!busy || this.#host.monotonicMs() > deadline) return packError(error);
        await new Promise<void>((resolve) => this.#host.setTimer(RETRY_MS, resolve));
      }
    }
  }

  receive({ calls, cancel }: ToWorker): void {
    if (cancel !== undefined) this.#running.get(cancel)?.cancel();
    if (calls === undefined) return;
    this.#fresh = calls.length;
    this.#first = calls[0]?.id ?? 0;
    for (const call of calls) {
      const cancellation = new Cancellation();
      this.#running.set(call.id, cancellation);
      void this.#answer(call, cancellation);
    }
  }

  async #answer(call: Call, cancellation: Cancellation): Promise<void> {
    const { id } = call;
    try {
      const buffers: ArrayBufferLike[] = [];
      const value = await this.#perform(call, cancellation, buffers);
      this.#buffers.push(...buffers);
      this.#replies.push({ id, ok: true, value });
    } catch (error) {
      this.#replies.push({ id, ok: false, error: packError(error) });
    }
    this.#running.delete(id);
    if (id >= this.#first) this.#fresh--;
    if (this.#fresh === 0) this.#postReplies();
    else if (!this.#postIsDue) {
      this.#postIsDue = true;
      void this.#host.yieldToOthers().then(() => this.#postReplies());
    }
  }

  #postReplies(): void {
    this.#postIsDue = false;
    const [replies, buffers] = [this.#replies, this.#buffers];
    if (replies.length === 0) return;
    this.#replies = [];
    this.#buffers = [];
    try {
      this.#post({ replies }, buffers as Transferable[]);
    } catch (reason) {
      // A value that cannot cross is our mistake; whoever waits must not wait for ever.
      const error = packError(reason);
      this.#post({ replies: replies.map(({ id }) => ({ id, ok: false, error })) }, []);
    }
  }

  async #perform(
    { id, session: number, request }: Call,
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
      case 'rekey':
      case 'functions':
      case 'backup':
        await this.#host.loadPart?.('rare');
        return answerRare(engine, request, buffers);
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
        const result = await session.execute(request.sql, request.parameters, {
          ...options,
          ...this.#watching(id, options),
          cancellation,
        });
        return packResult(portableFor(result, options), buffers);
      }
      case 'script': {
        const { options } = request;
        const results = await session.script(request.sql, { ...options, ...this.#watching(id, options), cancellation });
        return results.map((result) => packResult(portableFor(result, options), buffers));
      }
      case 'describe':
        return session.describe(request.sql);
      case 'stream': {
        const { options } = request;
        const rows = await session.stream(request.piece, { ...options, cancellation });
        return rows && packResult(portableFor(rows, options), buffers);
      }
      case 'copy':
        return session.copy(request.piece);
      case 'begin': {
        const beginning = session.begin(request.options);
        if (!request.alone) this.#begun.set(number, beginning);
        return beginning;
      }
      case 'commit':
        return session.commit();
      case 'rollback':
        return session.rollback();
    }
  }

  #watching(id: number, { progress }: RunOptions): Pick<ExecuteOptions, 'onProgress'> {
    if (progress !== true) return {};
    return { onProgress: (now) => this.#post({ replies: [], progress: { id, progress: now } }, []) };
  }

  #session(engine: EngineApi, number: number): SessionApi {
    let session = this.#sessions.get(number);
    if (session === undefined) {
      session = engine.session();
      this.#sessions.set(number, session);
    }
    return session;
  }
}

function portableFor(result: Parameters<typeof portable>[0], options: RunOptions): ReturnType<typeof portable> {
  return options.text === true ? result : portable(result, options.printed);
}

/** A sixteenth of the device's memory where the browser tells it (in GB, 8 at most), 256 MB where not. */
function cacheBudgetOfDevice(): number | undefined {
  const { navigator } = globalThis as { readonly navigator?: { readonly deviceMemory?: number | undefined } };
  const { deviceMemory } = navigator ?? {};
  return deviceMemory === undefined ? undefined : Math.max(deviceMemory, 1) * 64 * 1024 * 1024;
}

/** Where OPFS has no synchronous handles, `opfs://` databases live in IndexedDB. */
async function openAt(
  url: string,
  {
    host,
    pull,
    encryption,
    restore,
    ...options
  }: OpenOptions & { readonly host: Host; readonly pull: Pull | undefined },
): Promise<OpenEngine> {
  if (encryption !== undefined || pull !== undefined) await host.loadPart?.('rare');
  const openOn = (storage: Storage): Promise<OpenEngine> =>
    openEngine({
      cacheBudgetBytes: cacheBudgetOfDevice(),
      ...options,
      host,
      restore: pull === undefined || restore === undefined ? undefined : pulled(pull, restore),
      storage: encryption === undefined ? storage : new EncryptedStorage(storage, encryption, host.randomBytes),
    });
  if (url.startsWith('memory://')) return openOn(new MemoryStorage());
  const [, scheme, encoded = ''] = /^(opfs|idb):\/\/(.+)$/s.exec(url) ?? [];
  if (scheme === undefined)
    throw new DriftError('08001', `cannot open "${url}": expected opfs://name, idb://name or memory://`);
  const name = decodeURIComponent(encoded);
  if (scheme === 'opfs') {
    try {
      return await openOn(new OpfsStorage(name));
    } catch (error) {
      if (!(error instanceof DriftError && error.code === '0A000')) throw error;
    }
  }
  await host.loadPart?.('rare');
  return openOn(new IndexedDbStorage(name));
}
