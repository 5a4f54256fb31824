/**
 * Makes a backup while the database works.
 *
 * A checkpoint puts the whole state into segments, which never change; then its packs are pinned, so that they stay while
 * commits and further checkpoints go on, and the segments are read one after another, no faster than they are taken. So
 * the backup is the state of one commit, holds one segment in memory, and keeps nobody waiting.
 *
 * Packs grow at their end and their numbers ascend: what lies behind the place where they ended at an earlier backup is
 * what was written since, and all else that is alive was in that backup. This is all that an increment needs to know.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { encodeDirectory } from '../../table/encode-directory.ts';
import { decodeDirectory } from '../../table/ended-tables.ts';
import { wholeDirectory } from '../../table/past.ts';
import type { PinnedPacks } from '../../table/store.ts';
import type { EncryptionOptions } from '../../storage/encryption/secret.ts';
import type { Core, EngineInside } from '../core.ts';
import { type BackupNote, parseLedger } from '../ledger.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../recovery.ts';
import { drive } from '../scheduler.ts';
import { type BackupInfo, isInfo } from './info.ts';
import { END, INFO, PieceWriter, STATE } from './pieces.ts';
import { content, isBefore, type PlacedSegment, segmentContent, segmentsOf } from './segments.ts';
import { currentOnly, withoutHistory } from './without-history.ts';

/** Backups that drift.backups remembers. */
const NOTES = 10_000;

export interface BackupOptions {
  /** False: the newest state only. Default true. */
  readonly history?: boolean | undefined;
  /** What `verifyBackup` says of an earlier backup of this database: only what came since is written. */
  readonly since?: BackupInfo | undefined;
  readonly encryption?: EncryptionOptions | undefined;
}

/** Throws 22023 for a backup that no increment of this database can build on. */
export async function* makeBackup(
  engine: EngineInside,
  options: BackupOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { history = true, since, encryption } = options;
  const { host, store } = engine.core;
  let pinned: PinnedPacks | undefined;
  let body: Uint8Array = new Uint8Array(0);
  engine.core.databaseId ??= hexOf(random16(engine));
  const id = hexOf(random16(engine));
  const madeAt = host.now();
  note(engine.core, { id, seq: engine.core.manager.published, madeAt, history });
  await engine.checkpoint((manifest) => {
    body = manifest.body;
    pinned = store.pin();
  });
  if (pinned === undefined) throw new DriftError('XX000', 'a checkpoint has not come to its end');
  try {
    const state = decodeCheckpoint(body);
    const whole = await drive(wholeDirectory(decodeDirectory(state.directory), pinned), host);
    const directory = history ? whole : withoutHistory(whole, state.lastSeq, engine.core.lines.state);
    const info: BackupInfo = {
      id,
      database: engine.core.databaseId,
      seq: state.lastSeq,
      timestamp: state.lastSeq === 0 ? 0 : state.lastTimestamp,
      madeAt,
      historyFrom: history ? state.historyFrom : state.lastSeq,
      history,
      since: since?.id ?? null,
      point: { pack: whole.currentPack, offset: whole.packs.get(whole.currentPack) ?? 0 },
    };
    if (since !== undefined) refuseOther(since, info);
    const writer = new PieceWriter();
    yield await writer.begin(encryption, (target) => host.randomBytes(target));
    yield await writer.piece(content(INFO, (piece) => piece.string(JSON.stringify(info))));
    let count = 0;
    for (const segment of segmentsOf(directory)) {
      if (since !== undefined && isBefore(segment.ref, since.point)) continue;
      count++;
      const read = history ? readWhole(pinned, segment) : currentOnly(store, pinned, segment);
      yield await writer.piece(await drive(read, host));
    }
    yield await writer.piece(
      content(STATE, (piece) =>
        piece.bytes(
          encodeCheckpoint({ ...state, historyFrom: info.historyFrom, directory: encodeDirectory(directory) }),
        ),
      ),
    );
    yield await writer.piece(content(END, (piece) => piece.varint(count)));
  } finally {
    pinned.release();
  }
}

/** Remembers a backup, which drift.backups shows: with the manifest that it is made of, whether it comes to its end or not. */
function note(core: Core, backup: BackupNote): void {
  const ledger = parseLedger(core.ledger);
  core.ledger = JSON.stringify({ ...ledger, backups: [...(ledger.backups ?? []), backup].slice(-NOTES) });
}

function* readWhole(pinned: PinnedPacks, { ref, tableId }: PlacedSegment): Task<Uint8Array> {
  return segmentContent(ref, tableId, { ...ref, bytes: yield* pinned.read(ref) });
}

function refuseOther(since: unknown, info: BackupInfo): void {
  if (!isInfo(since)) throw new DriftError('22023', 'since is not what verifyBackup says of a backup');
  const why =
    since.database !== info.database
      ? 'it is of another database'
      : since.history !== info.history
        ? 'one has history, the other has none'
        : since.seq > info.seq || since.point.pack > info.point.pack
          ? 'it is newer than the database'
          : null;
  if (why !== null) throw new DriftError('22023', `an increment cannot build on backup ${since.id}: ${why}`);
}

function random16(engine: EngineInside): Uint8Array {
  const bytes = new Uint8Array(16);
  engine.core.host.randomBytes(bytes);
  return bytes;
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
