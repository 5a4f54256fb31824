/** The temporary files of all statements: names them, and has them removed when their statements end. */
import type { Cancellation } from '../base/cancel.ts';
import { TempSpace } from '../exec/spill/temp-space.ts';
import { type Storage, TEMPORARY_PREFIX } from '../storage/storage.ts';

export class TemporaryFiles {
  readonly #storage: Storage;
  #last = 0;
  /** Those in use, with the statement that they end with; null for what somebody goes on reading. */
  readonly #spaces = new Map<TempSpace, Cancellation | null>();
  readonly #closing = new Set<Promise<void>>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  newSpace(statement: Cancellation | null): TempSpace {
    const space: TempSpace = new TempSpace(this.#storage, `${TEMPORARY_PREFIX}${++this.#last}`, (closing) => {
      this.#spaces.delete(space);
      this.#closing.add(closing);
      void closing.then(() => this.#closing.delete(closing));
    });
    this.#spaces.set(space, statement);
    return space;
  }

  /** Removes the files of a statement that has ended. */
  async end(statement: Cancellation): Promise<void> {
    const ended = [...this.#spaces].filter(([, owner]) => owner === statement);
    await Promise.all(ended.map(([space]) => space.close()));
  }

  /** Removes all; waits for what is being removed. */
  async close(): Promise<void> {
    for (const space of [...this.#spaces.keys()]) void space.close();
    await Promise.all(this.#closing);
  }
}

/** Of the core, as much as is needed. */
interface Owner {
  temporary: TemporaryFiles | null;
  readonly options: { readonly storage: Storage };
}

/** Room for a statement, which ends with it; without one it ends when whoever reads it closes it. */
export function newTemporary(core: Owner, statement: Cancellation | null): TempSpace {
  core.temporary ??= new TemporaryFiles(core.options.storage);
  return core.temporary.newSpace(statement);
}
