/** The engine in this process, as a Connection. */
import { loadModule, runFunctionModule } from '../../worker/function-module.ts';
import { portable } from '../../worker/portable.ts';
import { Cancellation } from '../base/cancel.ts';
import type {
  CopyPiece,
  EngineStatus,
  ExecuteOptions,
  FunctionBody,
  FunctionOptions,
  Parameter,
  ResultSet,
  StreamPiece,
  TransactionOptions,
} from '../database/api.ts';
import { type BackupOptions, makeBackup } from '../database/backup/make.ts';
import type { OpenEngine } from '../database/engine.ts';
import { rekey, type RekeyOptions } from '../database/rekey.ts';
import type { Session } from '../database/session.ts';
import { onAbort } from './abort.ts';
import type { BackupReading } from './backup.ts';
import type { Connection, ConnectionSession, Description, StatementOptions } from './connection.ts';
import { QuickRows } from './quick-rows.ts';

export class LocalConnection implements Connection {
  readonly #engine: OpenEngine;

  constructor(engine: OpenEngine) {
    this.#engine = engine;
  }

  session(): ConnectionSession {
    return new LocalSession(this.#engine.session());
  }

  async createFunction(name: string, options: FunctionOptions, body: FunctionBody): Promise<void> {
    await Promise.resolve();
    this.#engine.createFunction(name, options, body);
  }

  async loadFunctions(url: string): Promise<void> {
    await runFunctionModule(await loadModule(url), (name, options, body) =>
      this.#engine.createFunction(name, options, body),
    );
  }

  status(): Promise<EngineStatus> {
    return Promise.resolve(this.#engine.status());
  }

  checkpoint(): Promise<void> {
    return this.#engine.checkpoint();
  }

  async backup(options: BackupOptions): Promise<BackupReading> {
    const making = makeBackup(await this.#engine.inside(), options);
    return {
      async next() {
        const { done, value } = await making.next();
        return done === true ? null : value;
      },
      cancel: async () => void (await making.return()),
    };
  }

  async rekey(options: RekeyOptions): Promise<void> {
    return rekey(await this.#engine.inside(), options);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

class LocalSession implements ConnectionSession {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  execute(sql: string, parameters: readonly Parameter[], options: StatementOptions): Promise<ResultSet> {
    return cancellable(options, async (execute) => {
      const result = await this.#session.execute(sql, parameters, execute);
      return options.text === true ? result : detached(portable(result, options.printed));
    });
  }

  script(sql: string, options: StatementOptions): Promise<readonly ResultSet[]> {
    return cancellable(options, async (execute) => {
      const results = await this.#session.script(sql, execute);
      return options.text === true ? results : results.map((result) => detached(portable(result, options.printed)));
    });
  }

  copy(piece: CopyPiece): Promise<string | number | null> {
    return this.#session.copy(piece);
  }

  stream(piece: StreamPiece, options: StatementOptions): Promise<ResultSet | null> {
    return cancellable(options, async (execute) => {
      const rows = await this.#session.stream(piece, execute);
      return rows === null || options.text === true ? rows : detached(portable(rows, options.printed));
    });
  }

  describe(sql: string): Promise<Description> {
    return this.#session.describe(sql);
  }

  quick(sql: string): QuickRows {
    return new QuickRows(this.#session, sql);
  }

  begin(options: TransactionOptions): Promise<void> {
    return this.#session.begin(options);
  }

  commit(): Promise<number | null> {
    return this.#session.commit();
  }

  rollback(): Promise<void> {
    return this.#session.rollback();
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

async function cancellable<T>(options: StatementOptions, work: (execute: ExecuteOptions) => Promise<T>): Promise<T> {
  const { signal, timeoutMs, asOf, text, onProgress } = options;
  if (signal === undefined) return work({ timeoutMs, asOf, text, onProgress });
  const cancellation = new Cancellation();
  if (signal.aborted) cancellation.cancel();
  const forget = onAbort(signal, () => cancellation.cancel());
  try {
    return await work({ timeoutMs, asOf, text, onProgress, cancellation });
  } finally {
    forget();
  }
}

/** Byte strings as copies: those of the result are the database's own, and the caller may change what it gets. */
function detached(result: ResultSet): ResultSet {
  const columns = result.columns.map((vector) =>
    vector.kind === 'boxed' ? { ...vector, data: vector.data.map(detachedValue) } : vector,
  );
  return { ...result, columns };
}

function detachedValue(value: unknown): unknown {
  return value instanceof Uint8Array ? value.slice() : Array.isArray(value) ? value.map(detachedValue) : value;
}
