/** Backups in the public API: streams out, and whatever holds bytes in. */
import type { RestoreSource } from '../database/backup/source.ts';
import type { EncryptionOptions } from '../storage/encryption/secret.ts';

/** Bytes in one piece, in chunks, or in a file. */
export type BackupSource = Uint8Array | AsyncIterable<Uint8Array> | ReadableBytes | BlobLike;

/** What is used of a ReadableStream, which has no iterator in every browser. */
export interface ReadableBytes {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
    cancel(reason?: unknown): Promise<void>;
  };
}

/** What is used of a Blob or File. */
export interface BlobLike {
  readonly size: number;
  stream(): ReadableBytes;
}

/** A backup being made, wherever the engine runs. */
export interface BackupReading {
  /** Null at its end. */
  next(): Promise<Uint8Array | null>;
  cancel(): Promise<void>;
}

export interface RestoreOptions {
  /** The moment to restore: a Date, a sequence number, bare or as `seq`. Default: the newest in the backup. */
  readonly to?: Date | number | { readonly seq: number } | undefined;
  /** What opens the backup, where it is encrypted. (`encryption` is that of the new database.) */
  readonly backupEncryption?: EncryptionOptions | undefined;
}

/** Returns the reading as a stream of bytes, which reads no faster than it is read. */
export function backupStream(begin: () => Promise<BackupReading>): ReadableStream<Uint8Array> {
  let reading: Promise<BackupReading> | null = null;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        reading ??= begin();
        const bytes = await (await reading).next();
        if (bytes === null) controller.close();
        else controller.enqueue(bytes);
      },
      async cancel() {
        if (reading !== null) await (await reading).cancel();
      },
    },
    { highWaterMark: 1 },
  );
}

/** Reads to the end. */
export async function collected(begin: () => Promise<BackupReading>): Promise<Uint8Array> {
  const reading = await begin();
  const chunks: Uint8Array[] = [];
  for (let bytes = await reading.next(); bytes !== null; bytes = await reading.next()) chunks.push(bytes);
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** What the engine restores from. */
export function restoreSource(
  source: BackupSource | readonly BackupSource[],
  { to, backupEncryption }: RestoreOptions,
): RestoreSource {
  const sources = Array.isArray(source) ? (source as readonly BackupSource[]) : [source as BackupSource];
  const moment =
    to === undefined
      ? undefined
      : to instanceof Date
        ? { micros: to.getTime() * 1000 }
        : { seq: typeof to === 'number' ? to : to.seq };
  return { backups: sources.map(bytesOf), encryption: backupEncryption, to: moment };
}

async function* bytesOf(source: BackupSource): AsyncGenerator<Uint8Array, void, undefined> {
  if (source instanceof Uint8Array) yield source;
  else if ('getReader' in source) yield* read(source);
  else if (Symbol.asyncIterator in source) yield* source;
  else yield* read(source.stream());
}

async function* read(stream: ReadableBytes): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) return;
      if (value !== undefined) yield value;
    }
  } finally {
    if (!ended) await reader.cancel();
  }
}
