/**
 * The manifest against the files: every pack and log that it names is there and as long as it says, no reference leads
 * outside of its pack or into another segment, the log holds every commit behind the last checkpoint, and no pack or log
 * lies there that nothing needs. Changes nothing.
 *
 * Commits and checkpoints may go on meanwhile: where a checkpoint has come between, everything is looked at again, and
 * what is about to be removed gets the time for it.
 */
import { DriftError } from '../base/error.ts';
import type { Host } from '../base/host.ts';
import { type Task, wait } from '../base/task.ts';
import { CommitLog } from '../log/commit-log.ts';
import { type ManifestState, readManifest } from '../log/manifest.ts';
import { sealedLength } from '../segment/sealed-segment.ts';
import type { SegmentRef } from '../segment/segment.ts';
import type { Storage } from '../storage/storage.ts';
import type { Directory, TreeEntry } from '../table/directory.ts';
import { decodeDirectory } from '../table/ended-tables.ts';
import type { TableStore } from '../table/store.ts';
import { type Checkpointed, decodeCheckpoint } from './recovery.ts';
import { ReadOnlyStorage } from './repair/read-only.ts';

export interface FileFinding {
  readonly file: string;
  /** Segments that lead into it; null for other files than packs. */
  readonly segments: number | null;
  readonly problem: string | null;
}

export interface FilesToCheck {
  readonly storage: Storage;
  readonly store: Pick<TableStore, 'leftovers'>;
  readonly host: Host;
  /** A commit that was published before: the log or the manifest has it. */
  readonly published: number;
}

/** Checkpoints that may come between before what was found last is told. */
const MAX_LOOKS = 5;
/** Turns of the event loop that a removal under way may take. */
const MAX_TURNS = 50;

export function* checkFiles(files: FilesToCheck): Task<FileFinding[]> {
  for (let look = 1; ; look++) {
    const manifest = yield* readManifest(files.storage);
    const found = manifest === null ? [] : yield* lookAt(files, manifest);
    found.unshift({
      file: 'MANIFEST',
      segments: null,
      problem: manifest === null ? 'there is no manifest' : (manifest.damage ?? null),
    });
    const after = yield* readManifest(files.storage);
    if (look === MAX_LOOKS || manifest?.generation === after?.generation) return found;
  }
}

function* lookAt(files: FilesToCheck, manifest: ManifestState): Task<FileFinding[]> {
  const state = decodeCheckpoint(manifest.body);
  const { length } = state.directory;
  const directory: Directory =
    length === 0 ? { currentPack: 1, packs: new Map(), tables: [] } : decodeDirectory(state.directory);
  const found = yield* packsOf(files.storage, directory);
  found.push(...(yield* surplusOf(files, state)));
  found.push(yield* logOf(files, state));
  return found;
}

function* packsOf(storage: Storage, { packs, tables }: Directory): Task<FileFinding[]> {
  const names = new Set(yield* wait(storage.list()));
  const refs = new Map<number, SegmentRef[]>([...packs.keys()].map((pack) => [pack, []]));
  const found: FileFinding[] = [];
  const take = (ref: SegmentRef): void => {
    const list = refs.get(ref.pack);
    if (list !== undefined) list.push(ref);
    else
      found.push({
        file: `pack-${ref.pack}`,
        segments: null,
        problem: 'a segment lies there, and the manifest does not name it',
      });
  };
  for (const { tree, indexes } of tables)
    for (const each of [tree, ...indexes.map((index) => index.tree)]) refsOf(each, take);
  for (const [pack, own] of refs) {
    // One in which nothing lives any more goes after the switch to the manifest that still has it.
    if (own.length === 0) continue;
    const file = `pack-${pack}`;
    const isThere = names.has(file);
    const size = isThere ? (yield* wait(storage.open(file))).size() : 0;
    const places = { used: packs.get(pack) as number, size, isSealed: storage.cipher !== undefined };
    const problems = isThere ? placesOf(own, places) : ['the file is missing'];
    for (const problem of problems.length === 0 ? [null] : problems)
      found.push({ file, segments: own.length, problem });
  }
  return found;
}

function refsOf({ tiles, leaves }: TreeEntry, take: (ref: SegmentRef) => void): void {
  for (const { ref } of tiles) take(ref);
  for (const { ref } of leaves) if (ref !== null) take(ref);
}

interface Places {
  /** Bytes of the pack by the manifest, and by the medium. */
  readonly used: number;
  readonly size: number;
  readonly isSealed: boolean;
}

/** Segments of one pack that reach beyond its end or into one another. */
function placesOf(refs: readonly SegmentRef[], { used, size, isSealed }: Places): string[] {
  const problems: string[] = [];
  let end = 0;
  for (const { offset, length } of [...refs].sort((a, b) => a.offset - b.offset)) {
    if (offset < end) problems.push(`the segment at offset ${offset} begins inside of another`);
    end = Math.max(end, offset + (isSealed ? sealedLength(length) : length));
  }
  if (end > used) problems.push(`a segment ends at ${end}, behind the ${used} bytes that are used`);
  if (end > size) problems.push(`the file has ${size} bytes, and a segment ends at ${end}`);
  return problems;
}

/** Packs and logs that nothing needs. A checkpoint removes its own after it has switched. */
function* surplusOf({ storage, store, host }: FilesToCheck, { firstLog }: Checkpointed): Task<FileFinding[]> {
  let surplus: readonly string[] = [];
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const isOld = (name: string): boolean => Number(/^log-(\d+)$/.exec(name)?.[1] ?? Infinity) < firstLog;
    surplus = [...(yield* store.leftovers()), ...(yield* wait(storage.list())).filter(isOld)];
    if (surplus.length === 0) return [];
    yield* wait(host.yieldToOthers());
  }
  return surplus.map((file) => ({ file, segments: null, problem: 'nothing needs this file' }));
}

/** Reads the log as an opening would, and changes nothing. */
function* logOf({ storage, host, published }: FilesToCheck, state: Checkpointed): Task<FileFinding> {
  const log = new CommitLog(new ReadOnlyStorage(storage), host, {
    durability: 'full',
    flushIntervalMs: 100,
    stepBytes: 4096,
    firstLog: state.firstLog,
    mustExist: true,
    epoch: 0,
  });
  const file = `log-${state.firstLog}`;
  let last = state.lastSeq;
  try {
    yield* log.replay(state.lastSeq, function* ({ seq }): Task<void> {
      last = seq;
    });
  } catch (error) {
    if (!(error instanceof DriftError) || !['XX001', '58030', '25006'].includes(error.code)) throw error;
    // A torn end is cut off by openings, which is refused here. What is being written now looks like one.
    if (error.code !== '25006')
      return { file: /log-\d+/.exec(error.message)?.[0] ?? file, segments: null, problem: error.message };
  }
  const problem = last < published ? `the log ends with transaction ${last}, and ${published} was committed` : null;
  return { file, segments: null, problem };
}
