/**
 * Opening a database: manifest, tables, catalog, then the log from where the manifest ends.
 *
 * The manifest's body says up to which commit everything is in segments; the log holds what came after. Replay goes
 * through the same `apply` as a live commit: a patch finds the row it changes, DDL makes its structures, and each
 * commit adds its row to drift.transactions. What comes out is the state at the last whole transaction of the log.
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import { type Value, type Vector, valueAt } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import { CatalogState, type CatalogChange } from '../catalog/catalog.ts';
import { LINES_TABLE, LINES_TABLE_ID, type LineTableDef } from '../catalog/lines.ts';
import {
  CATALOG_TABLE,
  CATALOG_TABLE_ID,
  parseDefinition,
  TRANSACTIONS_TABLE,
  TRANSACTIONS_TABLE_ID,
} from '../catalog/system-objects.ts';
import { FRAME_ERASURE, FRAME_SEQUENCE } from '../log/constants.ts';
import type { LoggedCommit } from '../log/frame.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import type { Kept } from '../table/kept.ts';
import { SPANS } from '../table/kept-codec.ts';
import type { TableStore } from '../table/store.ts';
import {
  type Key,
  MISS,
  OP_DELETE,
  OP_INSERT,
  OP_UPDATE,
  type RowChanges,
  type RowRef,
  type TreeColumn,
  type VersionedTable,
} from '../table/table.ts';
import {
  decodeChange,
  decodeSequence,
  type LoggedChange,
  type SequenceValue,
  tableOfFrame,
} from '../txn/change-codec.ts';
import { readCatalog } from '../txn/read-catalog.ts';
import { touchedTables, transactionRow } from '../txn/transaction-row.ts';
import type { PendingErasure } from './ledger.ts';
import type { Sequences } from './sequences.ts';
import { removeDropped, touchedOnLine } from './branch/replay.ts';
import { createStructure, endStructures, fillIndexes } from './structure.ts';
import { describeTables, lastSpecs, readLines } from './described-tables.ts';
import { specOf, textArray } from './specs.ts';

/** What the manifest's body holds besides the table store's directory. */
export interface Checkpointed {
  readonly lastSeq: number;
  readonly lastTimestamp: number;
  /** Log files from this number on are needed. */
  readonly firstLog: number;
  readonly nextObjectId: number;
  readonly sequences: readonly SequenceValue[];
  readonly directory: Uint8Array;
  /** Moments before this one are not there (a backup without history was restored); 0: all are. */
  readonly historyFrom: number;
  /** Names the database in its backups; null until there is one. */
  readonly databaseId: string | null;
  /** Tables that have given up states, with those that are left. */
  readonly limits: readonly (readonly [number, Kept])[];
  /** What is remembered besides the state (ledger.ts). */
  readonly ledger: string;
}

export function encodeCheckpoint(state: Checkpointed): Uint8Array {
  const writer = new ByteWriter(state.directory.length + 256);
  writer.varint(state.lastSeq);
  writer.f64(state.lastTimestamp);
  writer.varint(state.firstLog);
  writer.varint(state.nextObjectId);
  writer.varint(state.sequences.length);
  for (const { id, value, isCalled } of state.sequences) {
    writer.varint(id);
    writer.string(value.toString());
    writer.u8(isCalled ? 1 : 0);
  }
  writer.bytes(state.directory);
  writer.varint(state.historyFrom);
  writer.string(state.databaseId ?? '');
  writer.varint(state.limits.length);
  for (const [table, { historyFrom }] of state.limits) {
    writer.varint(table);
    writer.varint(historyFrom);
  }
  writer.string(state.ledger);
  if (state.limits.length > 0) SPANS.write(writer, state.limits);
  return writer.finish();
}

export function decodeCheckpoint(body: Uint8Array): Checkpointed {
  const reader = new ByteReader(body, 'MANIFEST body');
  const [lastSeq, lastTimestamp, firstLog, nextObjectId] = [
    reader.varint(),
    reader.f64(),
    reader.varint(),
    reader.varint(),
  ];
  const sequences: SequenceValue[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    sequences.push({ id: reader.varint(), value: reader.bigint(), isCalled: reader.u8() === 1 });
  }
  const directory = reader.bytes();
  const isOlder = reader.remaining === 0;
  const historyFrom = isOlder ? 0 : reader.varint();
  const databaseId = isOlder ? null : reader.string() || null;
  const limits: [number, Kept][] = [];
  for (let left = reader.remaining === 0 ? 0 : reader.varint(); left > 0; left--)
    limits.push([reader.varint(), { historyFrom: reader.varint(), keptBefore: [] }]);
  const ledger = reader.remaining === 0 ? '{}' : reader.string();
  return {
    lastSeq,
    lastTimestamp,
    firstLog,
    nextObjectId,
    sequences,
    directory,
    historyFrom,
    databaseId,
    limits: reader.remaining === 0 ? limits : SPANS.read(reader, limits),
    ledger,
  };
}

/**
 * Describes the tables of the newest catalog to the store, so that their segments can be read, and gives the catalogs.
 * Tables that have ended wait until they are asked for, but where branches or changed keys go through them.
 */
export function* describePresent(
  store: TableStore,
  context: EvalContext,
  { lastSeq, limits }: Pick<Checkpointed, 'lastSeq' | 'limits'>,
): Task<{ readonly catalog: CatalogState; readonly lines: CatalogState }> {
  store.describer = (ended) => lastSpecs(store, context, ended);
  const catalog = yield* readCatalog(store, lastSeq, store.table(CATALOG_TABLE_ID).lastChange);
  const tables = [...catalog.objects()].filter((object) => object.kind === 'table');
  store.setSpecs(tables.map((def) => specOf(def, context)));
  const hasLines = store.has(LINES_TABLE_ID);
  if (hasLines || tables.some((def) => def.former !== undefined)) yield* describeTables(store, context);
  yield* store.describe(limits.map(([table]) => table));
  return { catalog, lines: hasLines ? yield* readLines(store, lastSeq) : new CatalogState(0, new Map()) };
}

export function createSystemTables(store: TableStore, context: EvalContext): void {
  const system = [specOf(CATALOG_TABLE, context), specOf(TRANSACTIONS_TABLE, context)];
  store.setSpecs([...system, specOf(LINES_TABLE, context)]);
  for (const spec of system) if (!store.has(spec.id)) store.createTable(spec);
}

const NO_LINE = { branch: null, names: [] } as const;

/** Applies logged commits to the store, in order. */
export class Replay {
  readonly #store: TableStore;
  readonly #sequences: Sequences;
  readonly #context: EvalContext;
  catalog: CatalogState;
  lines: CatalogState;
  lastSeq: number;
  lastTimestamp: number;
  nextObjectId: number;
  /** Whose rows are in the trees again, for the log says how they came. */
  readonly erasing: PendingErasure[] = [];

  constructor(
    store: TableStore,
    sequences: Sequences,
    context: EvalContext,
    start: {
      catalog: CatalogState;
      lines: CatalogState;
      lastSeq: number;
      lastTimestamp: number;
      nextObjectId: number;
    },
  ) {
    this.#store = store;
    this.#sequences = sequences;
    this.#context = context;
    this.catalog = start.catalog;
    this.lines = start.lines;
    this.lastSeq = start.lastSeq;
    this.lastTimestamp = start.lastTimestamp;
    this.nextObjectId = start.nextObjectId;
  }

  *apply(commit: LoggedCommit): Task<void> {
    const tables: number[] = [];
    const [before, linesBefore] = [this.catalog, this.lines];
    const grouped = new Map<number, LoggedChange[]>();
    for (const frame of commit.frames) {
      if (frame.type === FRAME_SEQUENCE) {
        this.#sequences.restore(decodeSequence(frame.payload));
        continue;
      }
      if (frame.type === FRAME_ERASURE) {
        this.erasing.push({ seq: commit.seq, payload: frame.payload });
        continue;
      }
      const tableId = tableOfFrame(frame);
      if (tableId !== CATALOG_TABLE_ID && this.catalog === before)
        this.catalog = this.#readCatalog(before, grouped.get(CATALOG_TABLE_ID) ?? [], commit.seq);
      if (tableId === LINES_TABLE_ID && !this.#store.has(tableId))
        this.#store.createTable(specOf(LINES_TABLE, this.#context));
      const change = decodeChange(frame, (id) => this.#columnsOf(id));
      if (tableId === CATALOG_TABLE_ID) yield* this.#store.describe(definedBy(change));
      if (tableId === LINES_TABLE_ID) this.lines = this.#readCatalog(this.lines, [change], commit.seq);
      const list = grouped.get(tableId);
      if (list === undefined) grouped.set(tableId, [change]);
      else list.push(change);
      if (!tables.includes(tableId)) tables.push(tableId);
    }
    if (this.catalog === before)
      this.catalog = this.#readCatalog(before, grouped.get(CATALOG_TABLE_ID) ?? [], commit.seq);
    yield* this.#reopen(before, this.catalog);
    yield* this.#reopen(linesBefore, this.lines);
    for (const [tableId, changes] of grouped) {
      const rows = yield* assemble(this.#store.table(tableId), changes);
      const prepared = yield* this.#store.prepare(tableId, rows);
      this.#store.apply(commit.seq, prepared);
      prepared.release();
    }
    yield* this.#finishStructures(before, this.catalog, commit.seq);
    yield* this.#finishStructures(linesBefore, this.lines, commit.seq);
    if (this.lines !== linesBefore) yield* removeDropped(this.#store, linesBefore, this.lines);
    const changed = (grouped.get(CATALOG_TABLE_ID) ?? []).flatMap((change) => definedBy(change));
    const ofLines = [...tables, ...(grouped.get(LINES_TABLE_ID) ?? []).flatMap((change) => definedBy(change))];
    // Other objects than tables are in the branches' catalogs alone.
    for (const [tableId, changes] of grouped)
      if ((this.lines.byId(tableId) as Partial<LineTableDef> | undefined)?.of === CATALOG_TABLE_ID)
        for (const id of changes.flatMap((change) => definedBy(change)))
          this.nextObjectId = Math.max(this.nextObjectId, id + 1);
    const { branch, names: others } =
      this.lines.version === 0 ? NO_LINE : touchedOnLine(ofLines, this.lines, linesBefore);
    const names = [...touchedTables([...tables, ...changed], this.catalog, before), ...others];
    const table = this.#store.table(TRANSACTIONS_TABLE_ID);
    const { seq, timestamp, author, message, metadata } = commit;
    yield* this.#store.loadEnd(TRANSACTIONS_TABLE_ID);
    this.#store.append(
      TRANSACTIONS_TABLE_ID,
      seq,
      transactionRow(table, [
        seq,
        timestamp,
        author,
        message,
        metadata,
        textArray(names, this.#context),
        branch?.name ?? null,
        branch?.id ?? null,
      ]),
    );
    this.lastSeq = seq;
    this.lastTimestamp = timestamp;
  }

  #columnsOf(tableId: number): readonly TreeColumn[] {
    if (!this.#store.has(tableId))
      throw new DriftError('XX001', `the log names table ${tableId}, which does not exist`);
    return this.#store.table(tableId).columns;
  }

  #readCatalog(before: CatalogState, changes: readonly LoggedChange[], seq: number): CatalogState {
    if (changes.length === 0) return before;
    const list: CatalogChange[] = [];
    for (const change of changes) {
      if (change.op === OP_DELETE) {
        for (const key of change.keys) list.push({ id: Number(key), object: null });
        continue;
      }
      const at = change.ordinals.indexOf(1);
      for (let row = 0; row < change.count; row++) {
        const object = parseDefinition(valueAt(change.columns[at] as Vector, row) as string);
        list.push({ id: object.id, object });
        this.nextObjectId = Math.max(this.nextObjectId, object.id + 1, ...indexIds(object));
        if (object.kind === 'table') createStructure(this.#store, object, this.#context);
      }
    }
    return before.apply(seq, list);
  }

  /** Tables that the commit brings back from before their drop. */
  *#reopen(before: CatalogState, after: CatalogState): Task<void> {
    if (after === before) return;
    for (const { kind, id } of after.objects()) {
      if (kind !== 'table' || before.byId(id) !== undefined || !this.#store.has(id)) continue;
      yield* this.#store.settleTable(id);
      this.#store.reopenTable(id);
    }
  }

  *#finishStructures(before: CatalogState, after: CatalogState, seq: number): Task<void> {
    if (after === before) return;
    for (const object of after.objects()) {
      if (object.kind === 'table' && object.id !== TRANSACTIONS_TABLE_ID && before.byId(object.id) !== object) {
        yield* fillIndexes(this.#store, object);
      }
    }
    endStructures(this.#store, before, after, seq);
  }
}

/** Ids of the objects that a change of the catalog's table concerns. */
function definedBy(change: LoggedChange): number[] {
  if (change.op !== OP_INSERT) return change.keys.map(Number);
  const ids = change.columns[change.ordinals.indexOf(0)] as Vector;
  return Array.from({ length: change.count }, (_, row) => Number(valueAt(ids, row)));
}

function indexIds(object: ReturnType<typeof parseDefinition>): number[] {
  return object.kind === 'table' ? object.indexes.map((index) => index.id + 1) : [];
}

/** Makes whole rows of one table's logged changes: a patch is laid over the row it changes. */
function* assemble(table: VersionedTable, changes: readonly LoggedChange[]): Task<RowChanges> {
  const count = changes.reduce((sum, change) => sum + change.count, 0);
  const builders = table.columns.map((column) => new VectorBuilder(column.format, count));
  const ops = new Uint8Array(count);
  const keys: Key[] = [];
  for (const change of changes) {
    for (let row = 0; row < change.count; row++) {
      ops[keys.length] = change.op;
      const values = yield* rowOf(table, change, row);
      keys.push(
        change.op === OP_INSERT
          ? table.encodeKey(table.key.map((part) => values[part.column] ?? null))
          : (change.keys[row] as Key),
      );
      for (let c = 0; c < builders.length; c++) (builders[c] as VectorBuilder).append(values[c] ?? null);
    }
  }
  return {
    count,
    ops,
    keys,
    rows: builders.map((builder) => builder.view()),
    assigned: new Array<null>(count).fill(null),
  };
}

function* rowOf(table: VersionedTable, change: LoggedChange, row: number): Task<Value[]> {
  const values: Value[] = [];
  if (change.op === OP_UPDATE) {
    const old = yield* current(table, change.keys[row] as Key);
    if (old === null) throw new DriftError('XX001', `the log patches a row of table ${table.id} that does not exist`);
    for (let c = 0; c < table.columns.length; c++) values.push(valueAt(old.columns[c] as Vector, old.row));
  }
  change.ordinals.forEach((ordinal, i) => {
    values[ordinal] = valueAt(change.columns[i] as Vector, row);
  });
  if (change.op === OP_INSERT) {
    for (let c = change.ordinals.length; c < table.columns.length; c++)
      values[c] = (table.columns[c] as TreeColumn).missing;
  }
  return values;
}

function* current(table: VersionedTable, key: Key): Task<RowRef | null> {
  for (;;) {
    const found = table.find(key, Number.MAX_SAFE_INTEGER);
    if (found !== MISS) return found;
    yield* table.load(key, Number.MAX_SAFE_INTEGER);
  }
}
