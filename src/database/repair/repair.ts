/**
 * Repair: what can be read of a damaged database becomes a new one, and what cannot is listed. The damaged one is not
 * touched.
 *
 * The new database is written as a log: every commit of the old one with its number, time, author and message, and the
 * changes that follow from the row versions that were found. Opening it replays that log as any other, so indexes, leaves
 * and the catalog are made anew and fit together. Then come the commits of the old log, up to the first damage in it;
 * those behind it are not taken, for they rest on a state that nobody knows.
 *
 * Sequence numbers stay what they were. A commit that is not known any more has an empty one in its place.
 */
import { DriftError } from '../../base/error.ts';
import type { Host } from '../../base/host.ts';
import type { Task } from '../../base/task.ts';
import { LINES_TABLE_ID } from '../../catalog/lines.ts';
import { CATALOG_TABLE_ID, TRANSACTIONS_TABLE_ID } from '../../catalog/system-objects.ts';
import { CommitLog } from '../../log/commit-log.ts';
import type { LoggedCommit } from '../../log/frame.ts';
import { readManifest } from '../../log/manifest.ts';
import { Packs } from '../../segment/packs.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Directory } from '../../table/directory.ts';
import { decodeDirectory } from '../../table/ended-tables.ts';
import { encodeSequence } from '../../txn/change-codec.ts';
import { bareContext } from '../bare-context.ts';
import { type Checkpointed, decodeCheckpoint } from '../recovery.ts';
import { Sequences } from '../sequences.ts';
import { Branches } from './branches.ts';
import { Definitions } from './definitions.ts';
import { History } from './history.ts';
import { ReadOnlyStorage } from './read-only.ts';
import { type Missing, readVersions } from './versions.ts';

/** Commits between two writes of the new log. */
const COMMITS_AT_ONCE = 200;

export interface RepairReport {
  /** Newest commit of the new database. */
  readonly lastSeq: number;
  readonly missing: readonly Missing[];
}

/** Reads `source`, which is acquired by the caller, and writes the log of a new database to `target`. */
export function* repairInto(source: Storage, target: Storage, host: Host): Task<RepairReport> {
  const storage = new ReadOnlyStorage(source);
  const missing: Missing[] = [];
  const { state, directory } = yield* readState(storage, missing);
  const context = bareContext({ host }, new Sequences());
  const packs = Packs.of(storage, Infinity, directory.packs, directory.currentPack);
  const definitions = new Definitions(context);
  const history = new History(definitions, state);
  const branches = new Branches();
  const entries = new Map(directory.tables.map((entry) => [entry.id, entry]));
  // The catalog first, then that of branches: they say how the others are read.
  const first = [CATALOG_TABLE_ID, TRANSACTIONS_TABLE_ID, LINES_TABLE_ID];
  const ids = [...first, ...[...entries.keys()].filter((id) => !first.includes(id))];
  const damaged = new Set<number>();
  for (const id of ids) {
    const entry = entries.get(id);
    if (entry === undefined) continue;
    const spec = definitions.specOf(id);
    if (spec === null) {
      missing.push({ ...nothingOf(`table ${id}`, 'its definition is lost'), file: missing[0]?.file ?? 'MANIFEST' });
      continue;
    }
    const name = `${definitions.nameOf(id)}${branches.suffixFor(id)}`;
    const read = yield* readVersions(packs, entry.tree, spec, name);
    if (read.missing.length > 0) damaged.add(id);
    missing.push(...read.missing);
    if (id === CATALOG_TABLE_ID || id === LINES_TABLE_ID)
      definitions.learn(read.versions.map(({ values }) => values[1] as string));
    if (id === LINES_TABLE_ID) branches.learn(read.versions);
    if (id === CATALOG_TABLE_ID) branches.needs(read.missing);
    if (branches.has(id)) branches.add({ id, spec, versions: read.versions }, read.missing);
    else history.add(id, spec, read.versions);
  }
  missing.push(...branches.finish(history));
  const log = new CommitLog(target, host, {
    durability: 'full',
    flushIntervalMs: 100,
    stepBytes: 256 * 1024,
    firstLog: 1,
    mustExist: true,
    epoch: 2,
  });
  yield* log.replay(0, () => nothing());
  let last = 0;
  const write = function* (commit: LoggedCommit): Task<void> {
    log.append(commit);
    last = commit.seq;
    if (last % COMMITS_AT_ONCE === 0) yield* log.sync('full');
  };
  for (let seq = 1; seq <= state.lastSeq; seq++) {
    const commit = history.commit(seq);
    const values = seq === state.lastSeq ? state.sequences.map(encodeSequence) : [];
    yield* write({ ...commit, frames: [...commit.frames, ...values] });
  }
  yield* appendLog(storage, host, { state, damaged, missing, write });
  yield* log.close();
  return { lastSeq: last, missing };
}

function* nothing(): Task<void> {}

interface LogParts {
  readonly state: Checkpointed;
  /** Tables with lost rows: a change of such a row means nothing without it. */
  readonly damaged: ReadonlySet<number>;
  readonly missing: Missing[];
  readonly write: (commit: LoggedCommit) => Task<void>;
}

/** Takes over the commits of the damaged database's log, up to the first that cannot be read or rests on what is lost. */
function* appendLog(storage: Storage, host: Host, { state, damaged, missing, write }: LogParts): Task<void> {
  const log = new CommitLog(storage, host, {
    durability: 'full',
    flushIntervalMs: 100,
    stepBytes: 4096,
    firstLog: state.firstLog,
    mustExist: true,
    epoch: 0,
  });
  let last = state.lastSeq;
  try {
    yield* log.replay(state.lastSeq, function* (commit): Task<void> {
      if (damaged.size > 0 && commit.seq > state.lastSeq) throw new DriftError('XX001', RESTS_ON_LOST);
      yield* write(commit);
      last = commit.seq;
    });
  } catch (error) {
    if (!(error instanceof DriftError) || !['XX001', '58030', '25006'].includes(error.code)) throw error;
    const file = /log-\d+/.exec(error.message)?.[0] ?? `log-${state.firstLog}`;
    const offset = /offset (\d+)/.exec(error.message)?.[1];
    const where = { file, offset: offset === undefined ? null : Number(offset) };
    missing.push({ ...nothingOf(null, error.message), ...where, fromSeq: last + 1 });
  }
}

const RESTS_ON_LOST = 'commits in the log rest on rows of segments that are lost';

function* readState(storage: Storage, missing: Missing[]): Task<{ state: Checkpointed; directory: Directory }> {
  const manifest = yield* readManifest(storage);
  if (manifest === null) throw new DriftError('55000', 'there is no database to repair');
  if (manifest.damage !== undefined)
    missing.push({ ...nothingOf(null, `an older state is in force: ${manifest.damage}`), file: 'MANIFEST' });
  const state = decodeCheckpoint(manifest.body);
  const { length } = state.directory;
  const empty: Directory = { currentPack: 1, packs: new Map(), tables: [] };
  return { state, directory: length === 0 ? empty : decodeDirectory(state.directory) };
}

function nothingOf(table: string | null, reason: string): Missing {
  return { table, fromKey: null, toKey: null, fromSeq: 0, toSeq: null, file: 'MANIFEST', offset: null, reason };
}
