/**
 * Fills an empty storage from a backup and the increments that follow it, and verifies backups without doing so.
 *
 * Segments go into packs of the new database as they come, with new places and under its own keys; at the end the directory
 * of the last backup is written with those places. Whatever is wrong is found before the manifest is written, and then
 * the storage is emptied again. A crash on the way leaves the mark of an import that is under way (import-marker.ts).
 */
import { DriftError } from '../../base/error.ts';
import type { Host } from '../../base/host.ts';
import type { Task } from '../../base/task.ts';
import { CommitLog } from '../../log/commit-log.ts';
import { LOG_STEP_BYTES } from '../../log/constants.ts';
import { writeManifest } from '../../log/manifest.ts';
import { Packs } from '../../segment/packs.ts';
import type { SegmentRef } from '../../segment/segment.ts';
import type { EncryptionOptions } from '../../storage/encryption/secret.ts';
import type { Storage } from '../../storage/storage.ts';
import { type Directory, type TreeEntry } from '../../table/directory.ts';
import { encodeDirectory } from '../../table/encode-directory.ts';
import { isUnfinished, MARKER, UNDER_WAY } from '../import-marker.ts';
import { parseLedger } from '../ledger.ts';
import { type Checkpointed, encodeCheckpoint } from '../recovery.ts';
import { drive } from '../scheduler.ts';
import type { BackupInfo } from './info.ts';
import { DONE, mark } from './mark.ts';
import { PieceReader } from './pieces.ts';
import { type ReadBackup, readBackup } from './read.ts';
import { rewind } from './rewind.ts';
import { placeOf } from './segments.ts';
import type { RestoreSource } from './source.ts';
import { importVersion1, readVersion1 } from './version-1.ts';

const PACK_BYTES: number = 32 * 1024 * 1024;

/** Throws 55000 where the storage holds something, XX001 for damaged backups, 22023, 28P01, 72000. */
export async function restoreInto(storage: Storage, host: Host, source: RestoreSource): Promise<void> {
  await clearUnfinished(storage, host);
  const present = (await storage.list()).filter((name) => name !== MARKER);
  if (present.length > 0)
    throw new DriftError('55000', 'a backup can be restored into an empty storage only', {
      detail: `The storage holds ${present.length} files of a database.`,
    });
  await drive(mark(storage, UNDER_WAY), host);
  try {
    await fill(storage, host, source);
    await drive(mark(storage, DONE), host);
  } catch (error) {
    // What was written goes; where even that fails, the marker keeps the storage from being opened.
    for (const name of await storage.list()) if (name !== MARKER) await storage.remove(name);
    await storage.remove(MARKER);
    throw error;
  }
  await storage.remove(MARKER);
}

/** Reads backups to their ends, in their order; returns what the last one is. Throws XX001, 22023, 28P01. */
export async function verifyBackups({ backups, encryption }: Omit<RestoreSource, 'to'>): Promise<BackupInfo | null> {
  const places = new Set<string>();
  const read = await readAll(backups, encryption, {
    has: (place) => places.has(place),
    onSegment({ ref }) {
      places.add(placeOf(ref));
      return Promise.resolve();
    },
    onVersion1: (bytes) => Promise.resolve(void readVersion1(bytes)),
  });
  return read?.info ?? null;
}

async function fill(storage: Storage, host: Host, { backups, encryption, to }: RestoreSource): Promise<void> {
  const packs = Packs.of(storage, PACK_BYTES, new Map(), 1);
  const moved = new Map<string, Moved>();
  const read = await readAll(backups, encryption, {
    has: (place) => moved.has(place),
    async onSegment({ ref, tableId, rows, bytes }) {
      const { tableLength, tableCrc } = ref;
      const segment = { bytes, tableLength, tableCrc };
      moved.set(placeOf(ref), { ref: await drive(packs.append(segment, tableId), host), rows });
    },
    async onVersion1(bytes) {
      if (to !== undefined || storage.cipher !== undefined)
        throw new DriftError('0A000', 'a file of version 1 is imported as it is, into a database without encryption', {
          hint: 'Open it so, and make a backup of it.',
        });
      await drive(importVersion1(storage, bytes), host);
    },
  });
  if (read === null) return;
  const directory = { ...relocated(read.directory, moved), currentPack: packs.current, packs: packs.sizes };
  const restored = { state: { ...read.state, firstLog: 1, databaseId: null, ledger: ledgerOf(read.state) }, directory };
  const wanted =
    to === undefined ? restored : await drive(rewind(storage, packs, host, { ...restored, to, info: read.info }), host);
  await drive(packs.flush(), host);
  const body = encodeCheckpoint({ ...wanted.state, directory: encodeDirectory(wanted.directory) });
  await drive(emptyLog(storage, host), host);
  await drive(writeManifest(storage, null, { epoch: 1, body }), host);
}

/** What is remembered of the database that was backed up; what its packs held is not in the new ones. */
function ledgerOf({ ledger, lastSeq }: Checkpointed): string {
  const known = parseLedger(ledger);
  const erasures = known.erasures?.filter(({ seq }) => seq <= lastSeq);
  return JSON.stringify({ ...known, rewriting: undefined, erasures });
}

/** A segment in the new packs. */
interface Moved {
  readonly ref: SegmentRef;
  readonly rows: number;
}

interface Taker {
  readonly has: (place: string) => boolean;
  readonly onSegment: Parameters<typeof readBackup>[2];
  readonly onVersion1: (bytes: Uint8Array) => Promise<void>;
}

/** Null for a file of version 1, which is taken as a whole. */
async function readAll(
  backups: readonly AsyncIterable<Uint8Array>[],
  encryption: EncryptionOptions | undefined,
  { has, onSegment, onVersion1 }: Taker,
): Promise<ReadBackup | null> {
  let read: ReadBackup | null = null;
  for (const backup of backups) {
    const reader = new PieceReader(backup);
    try {
      const version = await reader.version();
      if (version === 1 && backups.length === 1) {
        await onVersion1(await reader.rest());
        return null;
      }
      if (version !== 2)
        throw new DriftError('0A000', `the backup has format version ${version}; this release reads versions 1 and 2`);
      await reader.begin(encryption);
      read = await readBackup(reader, { last: read?.info ?? null, has }, onSegment);
    } catch (error) {
      await reader.cancel().catch(() => undefined);
      throw error;
    }
  }
  if (read === null) throw new DriftError('22023', 'there is no backup to read');
  return read;
}

/** The directory with the references of the new packs, all of which `readBackup` has seen. Leaves without rows have none. */
function relocated(directory: Directory, moved: ReadonlyMap<string, Moved>): Directory {
  const leafRef = (ref: SegmentRef | null): SegmentRef | null => {
    const found = ref === null ? undefined : moved.get(placeOf(ref));
    return found === undefined || found.rows === 0 ? null : found.ref;
  };
  const treeOf = (tree: TreeEntry): TreeEntry => ({
    ...tree,
    tiles: tree.tiles.map((tile) => ({ ...tile, ref: moved.get(placeOf(tile.ref))?.ref ?? tile.ref })),
    leaves: tree.leaves.map((leaf) => ({ ...leaf, ref: leafRef(leaf.ref) })),
  });
  return {
    ...directory,
    tables: directory.tables.map((table) => ({
      ...table,
      tree: treeOf(table.tree),
      indexes: table.indexes.map((index) => ({ ...index, tree: treeOf(index.tree) })),
    })),
  };
}

/** Makes log-1, which the manifest will name. */
function* emptyLog(storage: Storage, host: Host): Task<void> {
  const log = new CommitLog(storage, host, {
    durability: 'full',
    flushIntervalMs: 0,
    stepBytes: LOG_STEP_BYTES,
    firstLog: 1,
    epoch: 1,
  });
  yield* log.replay(0, function* () {});
  yield* log.close();
}

/** What an import that was cut off has left goes. */
async function clearUnfinished(storage: Storage, host: Host): Promise<void> {
  if (!(await drive(isUnfinished(storage), host))) return;
  for (const name of await storage.list()) if (name !== MARKER) await storage.remove(name);
}
