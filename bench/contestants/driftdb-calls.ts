/**
 * DriftDB's API as the bench calls it, in the worker and from the page alike. Encrypted databases have a key of 256 bits,
 * so that opening does not measure the rounds that a passphrase needs.
 */
import type { Vector } from '../../src/base/vector.ts';
import type { Database } from '../../src/entry/browser.ts';
import { type Engine, rowsOf } from '../harness/engine.ts';

export interface DriftOptions {
  readonly durability: 'full' | 'relaxed';
  readonly encryption?: { readonly key: CryptoKey } | undefined;
}

export async function optionsOf(mode: string): Promise<DriftOptions> {
  const durability = mode === 'relaxed' ? 'relaxed' : 'full';
  if (mode !== 'encrypted') return { durability };
  const bytes = new Uint8Array(32).fill(7);
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'AES-GCM' }, true, ['encrypt', 'decrypt']);
  return { durability, encryption: { key } };
}

export function engineOf(db: Database): Engine {
  return {
    ...calls(db, () => db.close()),
    sequenceNumber: async () => (await db.status()).lastSeq,
    session: async () => {
      const session = db.session();
      return calls(session, () => session.close());
    },
  };
}

function calls(db: Pick<Database, 'exec' | 'query' | 'prepare' | 'copyFrom'>, close: () => Promise<void>): Engine {
  return {
    exec: (sql) => db.exec(sql),
    rows: async (sql, parameters = []) => (await db.query(sql, parameters)).rows,
    arrays: async (sql) => (await db.query<readonly unknown[]>(sql, [], { rowMode: 'array' })).rows,
    columns: async (sql) => (await db.query(sql)).columns.map(indexable),
    prepare: (sql) => {
      const statement = db.prepare(sql);
      return {
        rows: async (parameters) => (await statement.query(parameters)).rows,
        first: (parameters) => statement.get(parameters),
        run: (parameters) => statement.query(parameters),
      };
    },
    bulk: (table) => db.copyFrom(table.name, rowsOf(table)),
    close,
  };
}

/** A column as something to be indexed: its typed array; texts of a dictionary one by one. */
function indexable(vector: Vector): ArrayLike<unknown> {
  if (vector.kind !== 'dict') return vector.data;
  const { data, dictionary, length } = vector;
  const texts = new Array<string>(length);
  for (let i = 0; i < length; i++) texts[i] = dictionary[data[i] ?? 0] ?? '';
  return texts;
}
