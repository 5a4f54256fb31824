/**
 * The lock file of a database directory under Node: who owns it, and whether that owner still lives.
 *
 * Node has no flock, so `LOCK` holds the owner's process id and is created with O_EXCL. A process that dies leaves it
 * behind; the next one takes it over. "Lives" is answered as exactly as the platform can:
 * - Linux: the owner keeps the file open for as long as it owns the database, so the process lives if and only if one
 *   of its descriptors in /proc leads here. A process id that was given out anew, or a worker thread that was ended
 *   (Node closes its descriptors), does not hold a database for ever.
 * - elsewhere: the process exists, and, for our own process, this module remembers the directory.
 *
 * A takeover renames the stale file first: of two processes that find it, one rename succeeds, and whoever moved away a
 * lock that is not the one it judged puts it back.
 */
import {
  closeSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DriftError } from '../base/error.ts';

export const LOCK_NAME = 'LOCK';

/** Directories that this thread owns; the whole answer where /proc does not exist. */
const owned = new Set<string>();

export interface NodeLock {
  release(): void;
}

/** Takes the lock of a directory. Throws 55006 when a living owner has it. */
export function takeLock(directory: string): NodeLock {
  const real = realpathSync(directory);
  const path = join(real, LOCK_NAME);
  if (owned.has(real)) throw inUse(real, process.pid);
  for (let attempt = 0; attempt < 8; attempt++) {
    const descriptor = create(path);
    if (descriptor !== null) {
      owned.add(real);
      return { release: () => release(real, path, descriptor) };
    }
    removeStale(real, path);
  }
  throw inUse(real, 0);
}

function create(path: string): number | null {
  try {
    const descriptor = openSync(path, 'wx');
    writeSync(descriptor, `${process.pid}\n`);
    return descriptor;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return null;
    throw new DriftError('58030', `cannot create ${path}: ${messageOf(error)}`);
  }
}

function release(real: string, path: string, descriptor: number): void {
  if (!owned.delete(real)) return;
  try {
    unlinkSync(path);
  } catch {
    // The directory may be gone already (a test that removed it): then so is the lock.
  }
  closeSync(descriptor);
}

/** Moves a dead owner's lock away; throws 55006 when the owner lives. */
function removeStale(real: string, path: string): void {
  const found = readOwner(path);
  if (found === null) return;
  const pid = Number(found);
  // An empty file: its owner is between creating and writing it, or died there; the descriptor tells on Linux.
  if (pid > 0 ? lives(pid, path) : someoneHolds(path)) throw inUse(real, pid);
  const moved = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, moved);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw new DriftError('58030', `cannot take over ${path}: ${messageOf(error)}`);
  }
  const judged = readOwner(moved);
  if (judged !== found) {
    try {
      linkSync(moved, path);
    } catch {
      // A third opener has the lock by now, and it is as good an owner as the one whose lock this was.
    }
  }
  unlinkSync(moved);
  if (judged !== found) throw inUse(real, Number(judged));
}

function readOwner(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw new DriftError('58030', `cannot read ${path}: ${messageOf(error)}`);
  }
}

function lives(pid: number, path: string): boolean {
  const holds = hasOpen(pid, path);
  if (holds !== undefined) return holds;
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

/** Whether a process has the file open; undefined where the platform does not tell. */
function hasOpen(pid: number, path: string): boolean | undefined {
  const folder = `/proc/${pid}/fd`;
  let descriptors: string[];
  try {
    descriptors = readdirSync(folder);
  } catch (error) {
    return codeOf(error) === 'ENOENT' && process.platform === 'linux' ? false : undefined;
  }
  for (const descriptor of descriptors) {
    try {
      if (readlinkSync(join(folder, descriptor)) === path) return true;
    } catch {
      // Closed between the two calls.
    }
  }
  return false;
}

function someoneHolds(path: string): boolean {
  if (process.platform !== 'linux') return false;
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && hasOpen(Number(name), path) === true);
}

function inUse(directory: string, pid: number): DriftError {
  const owner = pid === process.pid ? 'this process' : pid > 0 ? `process ${pid}` : 'another process';
  return new DriftError('55006', `the database in ${directory} is in use by ${owner}`, {
    hint: 'Close the other connection, or share one Database object.',
  });
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
