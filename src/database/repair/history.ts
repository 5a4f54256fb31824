/** From row versions to commits: what each sequence number began and ended, as the log writes it. */
import { type Value, type Vector } from '../../base/vector.ts';
import { VectorBuilder } from '../../base/vector-builder.ts';
import { LINES_TABLE_ID } from '../../catalog/lines.ts';
import { CATALOG_TABLE_ID, TRANSACTION_COLUMNS, TRANSACTIONS_TABLE_ID } from '../../catalog/system-objects.ts';
import type { LogFrame, LoggedCommit } from '../../log/frame.ts';
import { type Key, OP_DELETE, OP_INSERT, OP_UPDATE, type TableSpec } from '../../table/table.ts';
import { encodeChanges } from '../../txn/change-codec.ts';
import type { Checkpointed } from '../recovery.ts';
import type { Definitions } from './definitions.ts';
import type { Version } from './versions.ts';

interface Change {
  readonly op: number;
  readonly key: Key;
  readonly values: readonly Value[];
}

export class History {
  readonly #definitions: Definitions;
  readonly #state: Checkpointed;
  /** By sequence number, then by table. */
  readonly #changes = new Map<number, Map<number, Change[]>>();
  readonly #specs = new Map<number, TableSpec>();
  /** Rows of drift.transactions by sequence number. */
  readonly #commits = new Map<number, readonly Value[]>();
  #lastTimestamp = -1;

  constructor(definitions: Definitions, state: Checkpointed) {
    this.#definitions = definitions;
    this.#state = state;
  }

  add(id: number, spec: TableSpec, versions: readonly Version[]): void {
    if (id === TRANSACTIONS_TABLE_ID) {
      for (const { values } of versions) this.#commits.set(Number(values[TRANSACTION_COLUMNS.seq]), values);
      return;
    }
    this.#specs.set(id, spec);
    const byKey = new Map<Key, Version[]>();
    for (const version of versions) {
      const list = byKey.get(version.key);
      if (list === undefined) byKey.set(version.key, [version]);
      else list.push(version);
    }
    for (const list of byKey.values()) {
      list.forEach((version, i) => {
        const follows = list[i - 1]?.to === version.from;
        this.#note(version.from, id, { op: follows ? OP_UPDATE : OP_INSERT, ...version });
        if (version.to !== Infinity && list[i + 1]?.from !== version.to)
          this.#note(version.to, id, { op: OP_DELETE, ...version });
      });
    }
  }

  /** The commit of a sequence number; to be asked in order. */
  commit(seq: number): LoggedCommit {
    const changes = this.#changes.get(seq) ?? new Map<number, Change[]>();
    for (const id of [CATALOG_TABLE_ID, LINES_TABLE_ID])
      for (const { op, values } of changes.get(id) ?? [])
        if (op !== OP_DELETE) this.#definitions.enact(values[1] as string);
    const ids = [...changes.keys()].sort((a, b) => a - b);
    const frames = ids.flatMap((id) => this.#frames(id, changes.get(id) ?? []));
    const row = this.#commits.get(seq);
    const text = (column: number): string | null => {
      const value = row?.[column] ?? null;
      return value === null ? null : typeof value === 'string' ? value : JSON.stringify(value);
    };
    const known = row === undefined ? this.#lastTimestamp + 1 : Number(row[TRANSACTION_COLUMNS.committedAt]);
    this.#lastTimestamp = Math.max(known, this.#lastTimestamp + 1);
    return {
      seq,
      timestamp: seq === this.#state.lastSeq ? this.#state.lastTimestamp : this.#lastTimestamp,
      author: text(TRANSACTION_COLUMNS.author),
      message: text(TRANSACTION_COLUMNS.message),
      metadata: text(TRANSACTION_COLUMNS.metadata),
      clientId: null,
      frames,
    };
  }

  #note(seq: number, id: number, change: Change): void {
    if (seq > this.#state.lastSeq) return;
    let tables = this.#changes.get(seq);
    if (tables === undefined) this.#changes.set(seq, (tables = new Map<number, Change[]>()));
    const list = tables.get(id);
    if (list === undefined) tables.set(id, [change]);
    else list.push(change);
  }

  #frames(id: number, changes: readonly Change[]): LogFrame[] {
    const spec = this.#specs.get(id);
    const width = this.#definitions.widthOf(id);
    if (spec === undefined || width === 0) return [];
    const columns = spec.columns.slice(0, width);
    const ordered = [...changes].sort((a, b) => b.op - a.op);
    const rows = columns.map(({ format }, c): Vector => {
      const builder = new VectorBuilder(format, ordered.length);
      for (const { values } of ordered) builder.append(values[c] ?? null);
      return builder.view();
    });
    return encodeChanges(
      id,
      {
        count: ordered.length,
        ops: Uint8Array.from(ordered, ({ op }) => op),
        keys: ordered.map(({ key }) => key),
        rows,
        assigned: ordered.map(() => null),
      },
      columns,
    );
  }
}
