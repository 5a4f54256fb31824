/**
 * drift.proofs: a row for each commit since proofs were switched on, written with the commit itself.
 *
 *     seq      the commit; they are dense
 *     changes  how many rows it changed
 *     root     of the hash tree over its changes
 *     hash     chains it to the one before: over that one's hash and its own header
 *     nodes    of the tree over all commits, those that this one completes: from height 1 up, 32 bytes each
 *     salts    of its changes (salts.ts); all that is secret here, and all that ERASE replaces
 */
import type { Value, Vector } from '../../base/vector.ts';
import { valueAt } from '../../base/vector.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import { sha256 } from '../../base/sha256.ts';
import { TAG } from './merkle.ts';

const OID = { int8: 20, int4: 23, bytea: 17 } as const;

export interface ProofRow {
  readonly seq: number;
  readonly changes: number;
  readonly root: Uint8Array;
  readonly hash: Uint8Array;
  readonly nodes: Uint8Array;
  readonly salts: Uint8Array;
}

/** What a commit's hash says of it besides its changes. */
export interface Header {
  readonly seq: number;
  /** µs since 1970-01-01 UTC. */
  readonly timestamp: number;
  readonly author: string | null;
  readonly message: string | null;
  /** As JSON text. */
  readonly metadata: string | null;
  /** Names of the tables that it touched, sorted. */
  readonly tables: readonly string[];
  /** The branch that it is of; absent on the main line. */
  readonly branch?: { readonly id: number; readonly name: string } | undefined;
  readonly changes: number;
  readonly root: Uint8Array;
}

export function proofsTable(id: number): TableDef {
  const column = (ordinal: number, name: string, oid: number): ColumnDef => {
    return { id: ordinal, name, type: { oid, typmod: -1 }, notNull: true };
  };
  return {
    kind: 'table',
    id,
    schema: 'drift',
    name: 'proofs',
    columns: [
      column(0, 'seq', OID.int8),
      column(1, 'changes', OID.int4),
      column(2, 'root', OID.bytea),
      column(3, 'hash', OID.bytea),
      column(4, 'nodes', OID.bytea),
      column(5, 'salts', OID.bytea),
    ],
    nextColumnId: 6,
    key: [0],
    primaryKeyName: 'proofs_pkey',
    indexes: [],
    checks: [],
    foreignKeys: [],
    dropped: [],
  };
}

export function rowValues({ seq, changes, root, hash, nodes, salts }: ProofRow): Value[] {
  return [seq, changes, root, hash, nodes, salts];
}

/** `columns`: all of the table's, in order. */
export function readRow(columns: readonly Vector[], row: number): ProofRow {
  const at = (ordinal: number): Value => valueAt(columns[ordinal] as Vector, row);
  return {
    seq: at(0) as number,
    changes: at(1) as number,
    root: at(2) as Uint8Array,
    hash: at(3) as Uint8Array,
    nodes: at(4) as Uint8Array,
    salts: at(5) as Uint8Array,
  };
}

const utf8 = new TextEncoder();

/** The header as the text that is hashed: JSON without spaces, its members in this order. */
export function headerText({ branch, root, ...header }: Header): string {
  const { seq, timestamp, author, message, metadata, tables, changes } = header;
  const line = branch === undefined ? {} : { branch: { id: branch.id, name: branch.name } };
  return JSON.stringify({ seq, timestamp, author, message, metadata, tables, ...line, changes, root: hexOf(root) });
}

export function commitHash(before: Uint8Array, header: string): Uint8Array {
  return sha256(TAG.commit, before, utf8.encode(header));
}

export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
