/**
 * The engine in a worker, as a Connection: opened over Comlink; calls of one microtask go in one message, answers come
 * back as transferred columns (worker/protocol.ts).
 *
 * A worker that dies fails every call with 08006, the open ones too. Browsers say nothing when a worker is ended or runs
 * out of memory; but a Web Lock that it holds becomes free, and for this lock the connection waits from the start.
 */
import { type Endpoint, proxy, releaseProxy, type Remote, wrap } from 'comlink';
import type {
  Answers,
  Aside,
  BackupStep,
  Call,
  OpenOptions,
  Pull,
  Reply,
  Request,
  RestoreRequest,
  RunOptions,
  Server,
  ToPage,
  ToWorker,
  WireResult,
} from '../../worker/protocol.ts';
import { unpackError, unpackResult } from '../../worker/wire.ts';
import { DriftError } from '../base/error.ts';
import type {
  CopyPiece,
  EngineStatus,
  Parameter,
  Progress,
  ResultSet,
  StreamPiece,
  TransactionOptions,
} from '../database/api.ts';
import type { BackupInfo } from '../database/backup/info.ts';
import type { BackupOptions } from '../database/backup/make.ts';
import type { RestoreSource } from '../database/backup/source.ts';
import type { RekeyOptions } from '../database/rekey.ts';
import { onAbort } from './abort.ts';
import type { BackupReading } from './backup.ts';
import type { Connection, ConnectionSession, Description, StatementOptions } from './connection.ts';
import type { WorkerLike } from './options.ts';
import type { RepairOptions } from '../database/repair/database.ts';
import type { RepairReport } from '../database/repair/repair.ts';

type Watching = Pick<StatementOptions, 'signal' | 'onProgress'>;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** As much of the Web Locks API as is used; Node has none. */
interface Locks {
  request(name: string, options: { readonly signal: AbortSignal }, granted: () => void): Promise<void>;
}

/** The session number of calls that belong to none. */
const NO_SESSION = 0;

export class RemoteConnection implements Connection {
  readonly #worker: WorkerLike;
  readonly #server: Remote<Server>;
  readonly #waiting = new Map<number, Waiting>();
  /** Who wants to hear how far a call is. */
  readonly #watchers = new Map<number, (progress: Progress) => void>();
  #outgoing: Call[] = [];
  #lastId = 0;
  #lastSession = NO_SESSION;
  #failure: DriftError | null = null;
  readonly #ended = new AbortController();
  #closing: Promise<void> | null = null;

  private constructor(worker: WorkerLike) {
    this.#worker = worker;
    this.#server = wrap<Server>(worker as unknown as Endpoint);
    worker.addEventListener('error', (event) => {
      const reason = 'message' in event && typeof event.message === 'string' ? event.message : '';
      const started = reason !== '';
      this.#break(
        `the engine's worker failed: ${started ? reason : 'it did not start'}`,
        started ? undefined : "Is the package's worker.js served where this page looks for it?",
      );
    });
    worker.addEventListener('message', (event) => this.#receive((event as { readonly data: Partial<ToPage> }).data));
    worker.addEventListener('messageerror', () => this.#break("an answer of the engine's worker cannot be read"));
  }

  /** Opens a database in a worker of its own, which `close` ends. */
  static async open(
    worker: WorkerLike,
    url: string,
    options: OpenOptions,
    restore?: RestoreSource,
  ): Promise<RemoteConnection> {
    const connection = new RemoteConnection(worker);
    try {
      const failed = new Promise<never>((_, reject) =>
        connection.#waiting.set(0, { resolve: () => undefined, reject }),
      );
      const life = `driftdb-worker-${randomName()}`;
      const opening =
        restore === undefined
          ? connection.#server.open(url, options, life)
          : connection.#server.open(url, { ...options, restore: requestOf(restore) }, life, proxy(pullFrom(restore)));
      const error = await Promise.race([opening, failed]);
      if (error !== null) throw unpackError(error);
      connection.#watch(life);
      return connection;
    } catch (error) {
      connection.#end();
      throw error;
    } finally {
      connection.#waiting.delete(0);
    }
  }

  session(): ConnectionSession {
    return new RemoteSession(this, ++this.#lastSession);
  }

  createFunction(name: string): Promise<void> {
    return Promise.reject(
      new DriftError('0A000', `function "${name}" cannot be sent to the engine's worker`, {
        hint: 'Put it into a module of its own and give its address to loadFunctions.',
      }),
    );
  }

  async loadFunctions(url: string): Promise<void> {
    await this.call(NO_SESSION, { kind: 'functions', url });
  }

  status(): Promise<EngineStatus> {
    return this.call(NO_SESSION, { kind: 'status' }) as Promise<Answers['status']>;
  }

  async checkpoint(): Promise<void> {
    await this.call(NO_SESSION, { kind: 'checkpoint' });
  }

  async backup(options: BackupOptions): Promise<BackupReading> {
    const step = (what: BackupStep): Promise<Answers['backup']> =>
      this.call(NO_SESSION, { kind: 'backup', step: what }) as Promise<Answers['backup']>;
    const number = (await step({ begin: options })) as number;
    return {
      next: () => step({ next: number }) as Promise<Uint8Array | null>,
      cancel: async () => void (await step({ cancel: number })),
    };
  }

  async rekey(options: RekeyOptions): Promise<void> {
    await this.call(NO_SESSION, { kind: 'rekey', options });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      if (this.#failure === null) await this.call(NO_SESSION, { kind: 'close' });
    } finally {
      this.#fail(new DriftError('08003', 'the database is closed'));
      this.#end();
    }
  }

  /** Sends a request; the caller knows what its kind answers. */
  call(session: number, request: Request, { signal, onProgress }: Watching = {}): Promise<unknown> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (signal?.aborted === true)
      return Promise.reject(new DriftError('57014', 'canceling statement due to user request'));
    const id = ++this.#lastId;
    if (onProgress !== undefined) this.#watchers.set(id, onProgress);
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    if (this.#outgoing.length === 0) queueMicrotask(() => this.#send());
    this.#outgoing.push({ id, session, request });
    if (signal === undefined) return answer;
    const forget = onAbort(signal, () => {
      this.#send();
      this.#post({ cancel: id });
    });
    return answer.finally(forget);
  }

  #send(): void {
    const calls = this.#outgoing;
    if (calls.length === 0) return;
    this.#outgoing = [];
    try {
      this.#post({ calls });
    } catch (error) {
      if (calls.length === 1) this.#refuse(calls[0] as Call, error);
      else this.#sendEach(calls);
    }
  }

  /** A parameter cannot be cloned: the other calls of its turn are not to blame. */
  #sendEach(calls: readonly Call[]): void {
    for (const call of calls) {
      try {
        this.#post({ calls: [call] });
      } catch (error) {
        this.#refuse(call, error);
      }
    }
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message, []);
  }

  /** Comlink's messages have no replies. */
  #receive({ replies, progress }: Partial<ToPage>): void {
    if (progress !== undefined) this.#watchers.get(progress.id)?.(progress.progress);
    if (replies !== undefined) for (const reply of replies) this.#settle(reply);
  }

  #refuse({ id }: Call, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#waiting.get(id)?.reject(new DriftError('22023', `the call cannot be sent to the worker: ${reason}`));
    this.#waiting.delete(id);
  }

  #settle(reply: Reply): void {
    this.#watchers.delete(reply.id);
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply.value);
    else waiting?.reject(unpackError(reply.error));
  }

  #fail(error: DriftError): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  /** The lock is the worker's as long as it lives. */
  #watch(life: string): void {
    const locks = (globalThis as { readonly navigator?: { readonly locks?: Locks } }).navigator?.locks;
    const died = (): void => this.#break("the engine's worker has ended");
    locks?.request(life, { signal: this.#ended.signal }, died).catch(() => undefined);
  }

  /** After an error of its own nobody knows what a worker still does: it goes, and the database is free to be opened. */
  #break(message: string, hint = 'Open the database again.'): void {
    this.#fail(new DriftError('08006', message, { hint }));
    this.#end();
  }

  #end(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#server[releaseProxy]();
    this.#worker.terminate();
  }
}

/** Verifies backups in a worker of its own, which then ends. */
export function verifyRemotely(worker: WorkerLike, source: RestoreSource): Promise<BackupInfo | null> {
  const work = { kind: 'verify', backups: requestOf(source) } as const;
  return askAside(worker, (server) => server.aside(work, proxy(pullFrom(source)))) as Promise<BackupInfo | null>;
}

/** Repairs a database in a worker of its own, which then ends. */
export function repairRemotely(
  worker: WorkerLike,
  urls: readonly [string, string],
  options: RepairOptions,
): Promise<RepairReport> {
  return askAside(worker, (server) => server.aside({ kind: 'repair', urls, options })) as Promise<RepairReport>;
}

async function askAside(worker: WorkerLike, ask: (server: Remote<Server>) => Promise<Aside>): Promise<unknown> {
  const server = wrap<Server>(worker as unknown as Endpoint);
  try {
    const answer = await ask(server);
    if (answer.error !== null) throw unpackError(answer.error);
    return answer.value;
  } finally {
    server[releaseProxy]();
    worker.terminate();
  }
}

function requestOf({ backups, ...rest }: RestoreSource): RestoreRequest {
  return { ...rest, count: backups.length };
}

/** The worker asks for the bytes of each backup, one piece after another. */
function pullFrom({ backups }: RestoreSource): Pull {
  const sources = backups.map((backup) => backup[Symbol.asyncIterator]());
  return async (backup) => {
    const step = await sources[backup]?.next();
    return step === undefined || step.done === true ? null : step.value;
  };
}

class RemoteSession implements ConnectionSession {
  readonly #connection: RemoteConnection;
  readonly #number: number;
  #closed = false;

  constructor(connection: RemoteConnection, number: number) {
    this.#connection = connection;
    this.#number = number;
  }

  async execute(sql: string, parameters: readonly Parameter[], options: StatementOptions): Promise<ResultSet> {
    const request: Request = { kind: 'execute', sql, parameters, options: runOptions(options) };
    return unpackResult((await this.#call(request, options)) as WireResult);
  }

  async script(sql: string, options: StatementOptions): Promise<readonly ResultSet[]> {
    const request: Request = { kind: 'script', sql, options: runOptions(options) };
    return ((await this.#call(request, options)) as Answers['script']).map(unpackResult);
  }

  copy(piece: CopyPiece): Promise<string | number | null> {
    return this.#call({ kind: 'copy', piece }) as Promise<Answers['copy']>;
  }

  async stream(piece: StreamPiece, options: StatementOptions): Promise<ResultSet | null> {
    const rows = await this.#call({ kind: 'stream', piece, options: runOptions(options) }, options);
    return rows === null ? null : unpackResult(rows as WireResult);
  }

  describe(sql: string): Promise<Description> {
    return this.#call({ kind: 'describe', sql }) as Promise<Answers['describe']>;
  }

  begin(options: TransactionOptions, alone = false): Promise<void> | undefined {
    const begun = this.#call({ kind: 'begin', options, alone }).then(() => undefined);
    if (alone) return begun;
    begun.catch(() => undefined);
    return undefined;
  }

  commit(): Promise<number | null> {
    return this.#call({ kind: 'commit' }) as Promise<Answers['commit']>;
  }

  async rollback(): Promise<void> {
    await this.#call({ kind: 'rollback' });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const ending = this.#call({ kind: 'end' });
    this.#closed = true;
    await ending;
  }

  /** The server would begin a new session for a number it has forgotten, so a closed one asks nothing more. */
  #call(request: Request, watching?: Watching): Promise<unknown> {
    if (this.#closed) return Promise.reject(new DriftError('08003', 'the session is closed'));
    return this.#connection.call(this.#number, request, watching);
  }
}

function runOptions({ timeoutMs, asOf, text, printed, onProgress }: StatementOptions): RunOptions {
  return { timeoutMs, asOf, text, printed, progress: onProgress === undefined ? undefined : true };
}

function randomName(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join('');
}
