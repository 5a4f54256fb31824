/** Test helpers: a deterministic host, and databases in memory. */
import type { Host } from '../../src/base/host.ts';
import { Random } from '../../src/base/random.ts';
import { type Value, valueAt } from '../../src/base/vector.ts';
import type { EngineOptions, ResultSet, SessionApi } from '../../src/database/api.ts';
import { type OpenEngine, openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';

/** A clock that ticks a millisecond at every look; timers never fire by themselves. */
export function testHost(seed = 1): Host {
  const random = new Random(seed);
  let micros = 1_700_000_000_000_000;
  return {
    now: () => (micros += 1000),
    monotonicMs: () => performance.now(),
    randomBytes(target) {
      for (let i = 0; i < target.length; i++) target[i] = random.uint32() & 255;
    },
    setTimer(ms, callback) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    yieldToOthers: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

/** The files as they are now, as a process that is killed leaves them. */
export function copyOf(storage: MemoryStorage): MemoryStorage {
  const copy = new MemoryStorage();
  for (const name of storage.list()) {
    const file = storage.open(name);
    void copy.open(name).write(0, file.read(0, file.size()) as Uint8Array);
  }
  return copy;
}

export interface Db {
  readonly engine: OpenEngine;
  readonly session: SessionApi;
  readonly storage: MemoryStorage;
  /** Rows of one statement as arrays of PostgreSQL's text. */
  rows(sql: string, parameters?: readonly Value[]): Promise<(string | null)[][]>;
  run(sql: string): Promise<void>;
  /** SQLSTATE of the error that a script ends with; fails if it does not. */
  code(sql: string): Promise<string>;
}

export async function openDb(
  storage: MemoryStorage = new MemoryStorage(),
  options: Partial<EngineOptions> = {},
): Promise<Db> {
  const engine = await openEngine({ storage, host: testHost(), ...options });
  const session = engine.session();
  return {
    engine,
    session,
    storage,
    rows: async (sql, parameters = []) => textRows(await session.execute(sql, parameters, { text: true })),
    async run(sql) {
      await session.script(sql);
    },
    async code(sql) {
      try {
        await session.script(sql);
      } catch (error) {
        return (error as { code?: string }).code ?? String(error);
      }
      throw new Error(`no error from: ${sql}`);
    },
  };
}

export function textRows(result: ResultSet): (string | null)[][] {
  return Array.from({ length: result.rowCount }, (_, row) =>
    result.columns.map((column) => valueAt(column, row) as string | null),
  );
}
