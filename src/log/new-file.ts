/** A new file of the log: its header, and zeros behind it for the first commits (FORMAT.md). */
import { ByteWriter } from '../base/bytes.ts';
import type { Host } from '../base/host.ts';
import { type Task, wait } from '../base/task.ts';
import type { Storage, StorageFile } from '../storage/storage.ts';
import { LOG_FORMAT_VERSION, LOG_HEADER_BYTES, LOG_MAGIC } from './constants.ts';
import { logSeed } from './frame.ts';
import { type LogIdentity, logIdentity } from './sealed.ts';

export interface NewFile {
  readonly number: number;
  readonly file: StorageFile;
  readonly seed: number;
  readonly identity: LogIdentity | null;
}

export interface NewFileOptions {
  readonly number: number;
  readonly epoch: number;
  /** Of header and zeros. */
  readonly sizeBytes: number;
}

export function* createLogFile(
  storage: Storage,
  host: Host,
  { number, epoch, sizeBytes }: NewFileOptions,
): Task<NewFile> {
  const file = yield* wait(storage.open(`log-${number}`));
  const salt = new Uint8Array(8);
  host.randomBytes(salt);
  const header = new ByteWriter(LOG_HEADER_BYTES);
  header.u32(LOG_MAGIC);
  header.u32(LOG_FORMAT_VERSION);
  header.u64(number);
  header.u64(epoch);
  header.raw(salt);
  const identity = identify(storage, `log-${number}`, header.view());
  const seed = logSeed(header.view());
  header.u32(seed);
  header.raw(new Uint8Array(LOG_HEADER_BYTES - header.length));
  yield* wait(file.write(0, header.view()));
  // The header is durable before the file grows: a longer file without a valid header is damaged, not unfinished.
  yield* wait(file.flush());
  // A file that is begun anew has nothing but zeros behind its header.
  const size = file.size();
  if (size < sizeBytes) {
    yield* wait(file.write(size, new Uint8Array(sizeBytes - size)));
    yield* wait(file.flush());
  }
  return { number, file, seed, identity };
}

/** Of a file, where the database is encrypted. */
export function identify(storage: Storage, name: string, header: Uint8Array): LogIdentity | null {
  return storage.cipher === undefined ? null : logIdentity(name, header.slice(0, 32));
}
