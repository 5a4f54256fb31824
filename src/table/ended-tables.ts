/**
 * Tables that have ended and that nobody has asked for since the database was opened: they stay as the bytes that the
 * directory has of them, so that opening and memory do not pay for every table that ever was. A checkpoint writes them as
 * they are.
 *
 * Invariant: a table is either among them or known to the store, never both.
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import type { Task } from '../base/task.ts';
import {
  type Directory,
  DIRECTORY_VERSION,
  type EndedTables,
  openDirectory,
  readTable,
  type TableEntry,
} from './directory.ts';
import { countSegments, type LateTables } from './encode-directory.ts';
import type { TableStore } from './store.ts';

const KNOWN_IDS = new WeakMap<EndedTables, ReadonlySet<number>>();

/** See `TableStore.describe`. */
export function* describeEnded(
  store: Pick<TableStore, 'describer' | 'setSpecs'>,
  late: LateTables,
  ids: Iterable<number> | null,
): Task<void> {
  const { undescribed } = late;
  const unknown = [...idsOf(late.ended), ...undescribed.keys()];
  const asked = ids === null ? null : new Set(ids);
  const wanted = asked === null ? unknown : unknown.filter((id) => asked.has(id));
  if (wanted.length === 0) return;
  const { taken, left } = takeEnded(late.ended, new Set(wanted));
  late.ended = left;
  for (const entry of taken) undescribed.set(entry.id, entry);
  // Some of them another task may be about to describe.
  const found = wanted.map((id) => undescribed.get(id)).filter((entry) => entry !== undefined);
  if (store.describer !== null) store.setSpecs(yield* store.describer(found));
}

/** Takes some tables out, or all (null); `left` are the others. */
function takeEnded(
  ended: EndedTables,
  wanted: ReadonlySet<number> | null,
): { readonly taken: readonly TableEntry[]; readonly left: EndedTables } {
  const taken: TableEntry[] = [];
  const left = new ByteWriter(ended.bytes.length);
  const packs = new Map<number, number>();
  const reader = new ByteReader(ended.bytes, 'MANIFEST, directory');
  while (reader.remaining > 0) {
    const start = reader.offset;
    const table = readTable(reader, DIRECTORY_VERSION);
    if (wanted?.has(table.id) === false) {
      countSegments(table, packs);
      left.raw(ended.bytes.subarray(start, reader.offset));
    } else taken.push(table);
  }
  return taken.length === 0 ? { taken, left: ended } : { taken, left: { bytes: left.finish(), packs } };
}

function idsOf(ended: EndedTables): ReadonlySet<number> {
  const known = KNOWN_IDS.get(ended);
  if (known !== undefined) return known;
  const reader = new ByteReader(ended.bytes, 'MANIFEST, directory');
  const ids = new Set<number>();
  while (reader.remaining > 0) ids.add(readTable(reader, DIRECTORY_VERSION).id);
  KNOWN_IDS.set(ended, ids);
  return ids;
}

/** A directory with all tables in it. */
export function decodeDirectory(bytes: Uint8Array): Directory {
  const { directory, ended } = openDirectory(bytes);
  return { ...directory, tables: [...directory.tables, ...takeEnded(ended, null).taken] };
}
