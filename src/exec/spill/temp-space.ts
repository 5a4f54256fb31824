/**
 * TempSpace: the temporary file of one statement, where operators put what its memory does not hold.
 *
 * One file a statement, because opening a handle is what costs time on OPFS. Blocks are written behind each other and
 * read whole, as often as wanted; when all that were written are freed, writing begins at the front again. Nothing is
 * flushed: what a crash leaves is removed at the next opening (segment/packs.ts counts these files among the leftovers).
 *
 * In an encrypted database blocks are sealed under the use `temporary`, for which the keyring has a key that is made at
 * opening and stored nowhere.
 *
 * Invariant: a place is written again only after everything written before was freed.
 */
import { type Task, wait } from '../../base/task.ts';
import type { Storage, StorageFile } from '../../storage/storage.ts';

const USE = 'temporary';

/** Where a block lies. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
  /** Tells blocks apart that were written to the same place. */
  readonly serial: number;
}

/** The one of an execution, made when it is first asked for. */
export function temporaryOf(run: { space: TempSpace | null; readonly context: { temporary(): TempSpace } }): TempSpace {
  return (run.space ??= run.context.temporary());
}

export class TempSpace {
  readonly #storage: Storage;
  readonly #name: string;
  readonly #onClose: (closing: Promise<void>) => void;
  #file: StorageFile | null = null;
  #opened = false;
  #end = 0;
  #blocks = 0;
  #serial = 0;
  #closed = false;
  /** Bytes that were written in all. */
  writtenBytes = 0;

  /** `onClose` hears of the removal that is under way, so that closing the database can wait for it. */
  constructor(storage: Storage, name: string, onClose: (closing: Promise<void>) => void) {
    this.#storage = storage;
    this.#name = name;
    this.#onClose = onClose;
  }

  *write(bytes: Uint8Array): Task<Extent> {
    const file = yield* this.#open();
    const serial = ++this.#serial;
    const { cipher } = this.#storage;
    const sealed = cipher === undefined ? bytes : yield* wait(cipher.seal(USE, this.#place(serial), bytes));
    const extent = { offset: this.#end, length: sealed.length, serial };
    this.#end += sealed.length;
    this.#blocks++;
    this.writtenBytes += sealed.length;
    yield* wait(file.write(extent.offset, sealed));
    return extent;
  }

  *read({ offset, length, serial }: Extent): Task<Uint8Array> {
    const file = yield* this.#open();
    const bytes = yield* wait(file.read(offset, length));
    const { cipher } = this.#storage;
    return cipher === undefined ? bytes : yield* wait(cipher.open(USE, this.#place(serial), bytes));
  }

  free(extents: readonly Extent[]): void {
    this.#blocks -= extents.length;
    if (this.#blocks === 0) this.#end = 0;
  }

  /** Removes the file. A medium that refuses leaves it to the next opening. */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    if (!this.#opened) return Promise.resolve();
    this.#file = null;
    const closing = Promise.resolve()
      .then(() => this.#storage.remove(this.#name))
      .catch(() => undefined);
    this.#onClose(closing);
    return closing;
  }

  *#open(): Task<StorageFile> {
    if (this.#file === null) {
      this.#opened = true;
      this.#file = yield* wait(this.#storage.open(this.#name));
    }
    return this.#file;
  }

  #place(serial: number): string {
    return `${this.#name}/${serial}`;
  }
}
