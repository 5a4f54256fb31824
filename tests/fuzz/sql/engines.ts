/** The two databases that are compared: one statement in, one outcome out, values as PostgreSQL's text. */
import { PGlite } from '@electric-sql/pglite';
import { valueAt } from '../../../src/base/vector.ts';
import type { EngineApi, Moment, SessionApi } from '../../../src/database/api.ts';
import { openEngine } from '../../../src/database/engine.ts';
import { MemoryStorage } from '../../../src/storage/memory.ts';
import { testHost } from '../../database/helper.ts';

export type Cell = string | null;

export type Outcome =
  | {
      readonly kind: 'rows';
      readonly fields: readonly { readonly name: string; readonly oid: number }[];
      readonly rows: readonly (readonly Cell[])[];
    }
  | { readonly kind: 'error'; readonly code: string; readonly message: string };

export interface Peer {
  run(sql: string): Promise<Outcome>;
}

function failure(error: unknown): Outcome {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return { kind: 'error', code: typeof code === 'string' ? code : 'none', message: String(message) };
}

const TIMEOUT_MS = 10_000;

/** Small leaves, small blocks and few cached bytes, so that tables of forty rows split, seal and are read from packs. */
const SMALL = {
  maxLeafRows: 16,
  minClosedRows: 8,
  cacheBudgetBytes: 1 << 16,
  logStepBytes: 4096,
  packSizeBytes: 1 << 16,
};

export class Drift implements Peer {
  readonly engine: EngineApi;
  readonly #session: SessionApi;

  constructor(engine: EngineApi) {
    this.engine = engine;
    this.#session = engine.session();
  }

  static async open(): Promise<Drift> {
    const drift = new Drift(await openEngine({ storage: new MemoryStorage(), host: testHost(), ...SMALL }));
    await drift.run("SET timezone = 'UTC'");
    return drift;
  }

  get inTransaction(): boolean {
    return this.#session.inTransaction;
  }

  get lastSeq(): number {
    return this.engine.status().lastSeq;
  }

  async run(sql: string, asOf?: Moment): Promise<Outcome> {
    try {
      const { fields, columns, rowCount } = await this.#session.execute(sql, [], {
        text: true,
        timeoutMs: TIMEOUT_MS,
        asOf,
      });
      return {
        kind: 'rows',
        fields: fields.map(({ name, dataTypeID }) => ({ name, oid: dataTypeID })),
        rows: Array.from({ length: rowCount }, (_, row) => columns.map((column) => valueAt(column, row) as Cell)),
      };
    } catch (error) {
      return failure(error);
    }
  }
}

/** Leaves every value as the text that came. */
const AS_TEXT: Record<number, (value: string) => string> = new Proxy(
  {},
  { get: () => (value: string) => value, has: () => true },
);
const RAW = [16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 700, 701, 1007, 1009, 1042, 1043, 1082, 1114, 1184, 3802].concat([
  1000, 1001, 1005, 1016, 1021, 1022, 1014, 1015, 1115, 1182, 1183, 1185, 1187, 1231, 199, 3807, 2951,
]);

export class Reference implements Peer {
  readonly #db: PGlite;
  readonly #parsers: Record<number, (value: string) => string>;

  constructor(db: PGlite) {
    this.#db = db;
    this.#parsers = Object.fromEntries(RAW.map((oid) => [oid, AS_TEXT[oid] as (value: string) => string]));
  }

  static async open(): Promise<Reference> {
    const reference = new Reference(await PGlite.create());
    await reference.run("SET timezone = 'UTC'; SET statement_timeout = 10000");
    return reference;
  }

  /** An empty database. */
  async reset(): Promise<void> {
    await this.run('ROLLBACK');
    await this.run('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  }

  async run(sql: string): Promise<Outcome> {
    try {
      const results = await this.#db.exec(sql, { rowMode: 'array', parsers: this.#parsers });
      const last = results.at(-1);
      return {
        kind: 'rows',
        fields: (last?.fields ?? []).map(({ name, dataTypeID }) => ({ name, oid: dataTypeID })),
        rows: (last?.rows ?? []) as unknown as Cell[][],
      };
    } catch (error) {
      return failure(error);
    }
  }

  close(): Promise<void> {
    return this.#db.close();
  }
}
