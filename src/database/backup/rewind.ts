/**
 * Takes a restored state back to an earlier commit: as if nothing had come after it.
 *
 * Each leaf of the present covers a range of keys, and at the moment asked for the versions of that range lie in one
 * segment: the leaf's own, or the tile of its history that holds the moment. From it the leaf is laid out anew: versions
 * that begin later are left out, those that end later are current again. Older tiles stay as they are. The catalog and the
 * transactions are tables like others, so definitions and commits go back in the same way.
 *
 *     leaf        │ tile [0, 40) │ tile [40, 90) │ segment [90, …)        to 60: rows of tile [40, 90) with from ≤ 60
 *     becomes     │ tile [0, 40) │ segment [40, …)
 *
 * Sequences keep their newest values, and ids of objects go on from the newest: neither is ever given out twice.
 */
import { DriftError } from '../../base/error.ts';
import type { Host } from '../../base/host.ts';
import { PAUSE, type Task } from '../../base/task.ts';
import { type Vector, valueAt } from '../../base/vector.ts';
import { CATALOG_TABLE_ID, TRANSACTIONS_TABLE_ID } from '../../catalog/system-objects.ts';
import type { Packs } from '../../segment/packs.ts';
import { encodeSegment, type SegmentRef } from '../../segment/segment.ts';
import { SegmentReader } from '../../segment/segment-reader.ts';
import type { Storage } from '../../storage/storage.ts';
import {
  type Directory,
  type LeafEntry,
  type TableEntry,
  type TileEntry,
  type TreeEntry,
} from '../../table/directory.ts';
import { encodeDirectory } from '../../table/encode-directory.ts';
import { gatherDoubles, gatherVector } from '../../table/gather.ts';
import { goneError } from '../../table/kept.ts';
import { KeyCodec } from '../../table/key.ts';
import { StoredRows } from '../../table/part.ts';
import type { CommittedStructure, TableStore } from '../../table/store.ts';
import type { Key, KeyColumn, TreeColumn } from '../../table/table.ts';
import { openTableStore } from '../../table/table-store.ts';
import { TimeLine } from '../../txn/time-line.ts';
import { bareContext } from '../bare-context.ts';
import { describeTables, readCatalogAt, readLines } from '../described-tables.ts';
import { type Checkpointed, createSystemTables } from '../recovery.ts';
import { Sequences } from '../sequences.ts';
import { structureIn } from '../structure.ts';
import type { BackupInfo } from './info.ts';

export interface Restored {
  readonly state: Checkpointed;
  readonly directory: Directory;
}

type Moment = { readonly seq: number } | { readonly micros: number };

/** Throws 22023 for a moment that is not in the backup, 3D000 for one before the database, 72000 for one whose history is not there. */
export function* rewind(
  storage: Storage,
  packs: Packs,
  host: Host,
  { state, directory, to, info }: Restored & { readonly to: Moment; readonly info: BackupInfo },
): Task<Restored> {
  const store = openTableStore(storage, encodeDirectory(directory), {
    cacheBudgetBytes: 16 * 1024 * 1024,
    packSizeBytes: Infinity,
    maxLeafRows: Infinity,
    minClosedRows: Infinity,
  });
  const context = bareContext({ host }, new Sequences());
  createSystemTables(store, context);
  yield* describeTables(store, context);
  const newest = { seq: state.lastSeq, timestamp: state.lastTimestamp, unsettledFrom: Infinity };
  // The clock of whoever restores does not matter: the backup knows all that was until it was made.
  const clock = { ...host, now: () => info.madeAt };
  const timeLine = new TimeLine(store, clock, () => newest, state.historyFrom);
  const seq = yield* seqOf(timeLine, to, info);
  if (seq === state.lastSeq) return { state, directory };
  for (const [, kept] of state.limits) if (seq < kept.historyFrom) throw goneError(kept, seq);
  const catalog = yield* readCatalogAt(store, seq);
  const lines = yield* readLines(store, seq);
  const rewinding = new Rewinding(packs, seq);
  const tables: TableEntry[] = [];
  for (const table of directory.tables) {
    if (!store.has(table.id)) continue;
    const structure = structureIn(catalog, table.id) ?? structureIn(lines, table.id);
    if (table.endSeq <= seq) tables.push(table);
    else if (structure !== undefined) tables.push(yield* rewindTable(rewinding, store, table, structure));
    else {
      // It did not exist yet; or it was dropped then, and came back later.
      const endSeq = yield* lastEnd(store, table.id, seq);
      if (endSeq === null) continue;
      const before = structureIn(yield* readCatalogAt(store, endSeq - 1), table.id);
      tables.push({ ...(yield* rewindTable(rewinding, store, table, before)), endSeq });
    }
  }
  const lastTimestamp = yield* timeLine.timestampOf(seq);
  return {
    state: { ...state, lastSeq: seq, lastTimestamp },
    directory: { currentPack: packs.current, packs: new Map(packs.sizes), tables },
  };
}

function* seqOf(timeLine: TimeLine, to: Moment, info: BackupInfo): Task<number> {
  if ('seq' in to) return timeLine.checkSeq(to.seq);
  if (to.micros > info.madeAt)
    throw new DriftError('22023', 'the time to restore is later than the backup', {
      detail: `It was made at ${new Date(info.madeAt / 1000).toISOString()}.`,
    });
  return yield* timeLine.seqAt(to.micros);
}

/** The commit up to `seq` that dropped a table; null where there is none. */
function* lastEnd(store: TableStore, id: number, seq: number): Task<number | null> {
  const catalog = store.table(CATALOG_TABLE_ID);
  const range = catalog.prefixRange([id]);
  const source = catalog.scanVersions({ fromSeq: 0, toSeq: seq, columns: [0], versionColumns: true, range });
  let last: number | null = null;
  for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) {
    for (let i = 0; i < batch.count; i++) {
      const row = batch.selection === null ? i : (batch.selection[i] as number);
      const to = valueAt(batch.columns[2] as Vector, row) as number;
      if (to <= seq && (last === null || to > last)) last = to;
    }
  }
  source.close();
  return last;
}

function* rewindTable(
  rewinding: Rewinding,
  store: TableStore,
  table: TableEntry,
  structure: CommittedStructure | undefined,
): Task<TableEntry> {
  const { columns, key, indexes } = store.table(table.id);
  const kept = table.indexes.filter(
    ({ spec, droppedAt }) => structure?.indexes.has(spec.id) === true || droppedAt <= rewinding.seq,
  );
  const rewound: TableEntry['indexes'][number][] = [];
  for (const index of kept) {
    if (index.droppedAt <= rewinding.seq) {
      rewound.push(index);
      continue;
    }
    const layout = indexes.find(({ id }) => id === index.spec.id);
    if (layout === undefined) throw new DriftError('XX001', `index ${index.spec.id} is not described`);
    const tree = yield* rewinding.tree(index.tree, { ...layout, tableId: table.id, width: layout.columns.length });
    rewound.push({ ...index, droppedAt: Infinity, tree });
  }
  const width = table.id === TRANSACTIONS_TABLE_ID ? columns.length : (structure?.columns ?? columns.length);
  const tree = yield* rewinding.tree(table.tree, { columns, key, tableId: table.id, width });
  return { ...table, endSeq: Infinity, tree, indexes: rewound };
}

interface Layout {
  readonly tableId: number;
  readonly columns: readonly TreeColumn[];
  readonly key: readonly KeyColumn[];
  /** Number of columns at the moment. */
  readonly width: number;
}

class Rewinding {
  readonly #packs: Packs;
  readonly seq: number;

  constructor(packs: Packs, seq: number) {
    this.#packs = packs;
    this.seq = seq;
  }

  *tree(entry: TreeEntry, layout: Layout): Task<TreeEntry> {
    const tiles: TileEntry[] = [];
    const numbers = new Map<number, number>();
    const leaves: LeafEntry[] = [];
    let rowCount = 0;
    for (const [i, leaf] of entry.leaves.entries()) {
      const covering = this.#covering(entry, leaf);
      const range = { low: leaf.low, high: entry.leaves[i + 1]?.low };
      const made = covering.ref === null ? NO_ROWS : yield* this.#leaf(covering.ref, range, layout);
      rowCount += made.current;
      const history: number[] = [];
      for (const at of leaf.history) {
        const tile = entry.tiles[at] as TileEntry;
        if (tile.endSeq > covering.startSeq) continue;
        let number = numbers.get(at);
        if (number === undefined) {
          number = tiles.push({ ...tile, ref: yield* this.#tile(tile.ref, layout) }) - 1;
          numbers.set(at, number);
        }
        history.push(number);
      }
      leaves.push({ low: leaf.low, startSeq: covering.startSeq, ref: made.ref, history });
      yield PAUSE;
    }
    return { lastChange: Math.min(entry.lastChange, this.seq), rowCount, tiles, past: null, leaves };
  }

  /** The segment that has the leaf's versions at the moment. */
  #covering({ tiles }: TreeEntry, leaf: LeafEntry): { readonly startSeq: number; readonly ref: SegmentRef | null } {
    if (leaf.startSeq <= this.seq) return leaf;
    const tile = leaf.history
      .map((at) => tiles[at] as TileEntry)
      .find(({ startSeq, endSeq }) => startSeq <= this.seq && this.seq < endSeq);
    // A leaf that began later, of an index say: it was empty then.
    return tile ?? { startSeq: 0, ref: null };
  }

  *#leaf(
    ref: SegmentRef,
    range: { readonly low: Key | undefined; readonly high: Key | undefined },
    { columns, key, width, tableId }: Layout,
  ): Task<{ readonly ref: SegmentRef | null; readonly current: number }> {
    const { seq } = this;
    const rows = new StoredRows(ref, yield* this.#packs.read(ref), { columns, codec: new KeyCodec(key, columns) });
    const { from, to, keys } = rows;
    const current: number[] = [];
    const closed: number[] = [];
    for (let row = 0; row < rows.rows; row++) {
      const at = keys[row] as Key;
      if ((from[row] as number) > seq || (range.low !== undefined && at < range.low)) continue;
      if (range.high !== undefined && at >= range.high) continue;
      ((to[row] as number) > seq ? current : closed).push(row);
    }
    current.sort((a, b) => ((keys[a] as Key) < (keys[b] as Key) ? -1 : 1));
    closed.sort((a, b) => (to[a] as number) - (to[b] as number) || a - b);
    const order = Int32Array.from([...current, ...closed]);
    if (order.length === 0) return NO_ROWS;
    const ends = gatherDoubles(to, order);
    ends.fill(Infinity, 0, current.length);
    const vectors = columns.slice(0, width).map((_, c) => gatherVector(rows.column(c), order));
    const written = yield* this.#write(vectors, gatherDoubles(from, order), ends, {
      current: current.length,
      columns,
      tableId,
    });
    return { ref: written, current: current.length };
  }

  /** A tile as it is; one that was written when the table had more columns, without those. */
  *#tile(ref: SegmentRef, { columns, width, tableId }: Layout): Task<SegmentRef> {
    if (new SegmentReader(ref, yield* this.#packs.readTable(ref)).columnCount <= width) return ref;
    const bytes = yield* this.#packs.read(ref);
    const reader = SegmentReader.of(ref, bytes);
    const vectors = columns.slice(0, width).map(({ format }, c) => reader.column(bytes, c, format));
    return yield* this.#write(vectors, reader.from(bytes), reader.to(bytes), { current: 0, columns, tableId });
  }

  *#write(
    vectors: readonly Vector[],
    from: Float64Array,
    to: Float64Array,
    {
      current,
      columns,
      tableId,
    }: { readonly current: number; readonly columns: readonly TreeColumn[]; tableId: number },
  ): Task<SegmentRef> {
    const formats = vectors.map((_, c) => (columns[c] as TreeColumn).format);
    const segment = yield* encodeSegment({ columns: vectors, from, to, currentRows: current }, formats);
    return yield* this.#packs.append(segment, tableId);
  }
}

const NO_ROWS = { ref: null, current: 0 } as const;
