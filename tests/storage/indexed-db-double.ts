/**
 * A double of what IndexedDbStorage uses of `idb`, with the browser's failures at will: a full quota at the k-th put or when
 * a transaction ends, windows that may not store. As in browsers a transaction is stored whole or not at all, and what
 * fails of it fails with AbortError beside the one that says why.
 */
type Key = string | readonly [string, number];

export class IdbDouble {
  readonly files = new Map<string, number>();
  readonly blocks = new Map<string, Uint8Array>();
  /** Durability of each transaction that wrote. */
  readonly hints: string[] = [];
  /** Bytes of blocks that there may be. */
  quota = Infinity;
  /** Transactions to come that fail when they end, whatever they hold. */
  failingEnds = 0;
  refusal: DOMException | null = null;

  /** In place of idb's `openDB`. */
  readonly open = ((): Promise<unknown> => {
    if (this.refusal !== null) return Promise.reject(this.refusal);
    return Promise.resolve({
      close: () => undefined,
      getAllKeys: (_: string, range: Bounds) => Promise.resolve(this.#keys(range)),
      transaction: (_: unknown, mode?: string, options?: { readonly durability: string }) =>
        this.#transaction(mode === 'readwrite', options?.durability ?? 'default'),
    });
  }) as never;

  get usage(): number {
    return [...this.blocks.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** What the page's globals are while a test runs. */
  globals(): Readonly<Record<string, unknown>> {
    return {
      indexedDB: {},
      IDBKeyRange: { bound: (low: Key, high: Key): Bounds => ({ low, high }) },
      navigator: {
        locks: {
          request: async (_name: string, _options: object, held: (lock: object) => Promise<void>) => held({}),
        },
        storage: {
          estimate: () => Promise.resolve({ usage: this.usage, quota: Math.min(this.quota, 2 ** 40) }),
        },
      },
    };
  }

  #keys({ low, high }: Bounds): Key[] {
    const [name, from] = low as [string, number];
    const to = (high as [string, number | []])[1];
    return [...this.blocks.keys()]
      .map((text) => JSON.parse(text) as [string, number])
      .filter(([file, index]) => file === name && index >= from && (typeof to !== 'number' || index <= to))
      .sort((a, b) => a[1] - b[1]);
  }

  #transaction(writes: boolean, durability: string): object {
    const changes: (() => void)[] = [];
    let added = 0;
    let failure: DOMException | null = null;
    const settle = async (): Promise<void> => {
      await Promise.resolve();
      if (failure === null && this.failingEnds > 0) {
        this.failingEnds--;
        failure = new DOMException('no room', 'QuotaExceededError');
      }
      if (failure !== null) throw failure;
      if (writes) this.hints.push(durability);
      for (const change of changes) change();
    };
    const request = async (change: () => void): Promise<void> => {
      // Those before the one that fails fail with the transaction.
      if (failure !== null) throw new DOMException('The transaction was aborted', 'AbortError');
      changes.push(change);
      await Promise.resolve();
      if (failure !== null) throw new DOMException('The transaction was aborted', 'AbortError');
    };
    const objectStore = (store: string): object => ({
      put: (value: number | Uint8Array, key: Key) => {
        if (store === 'files') return request(() => void this.files.set(key as string, value as number));
        const id = JSON.stringify(key);
        const bytes = (value as Uint8Array).slice();
        added += bytes.length - (this.blocks.get(id)?.length ?? 0);
        if (this.usage + added > this.quota) {
          failure = new DOMException('', 'QuotaExceededError');
          return Promise.reject(failure);
        }
        return request(() => void this.blocks.set(id, bytes));
      },
      delete: (key: string | Bounds) =>
        request(() => {
          if (typeof key === 'string') this.files.delete(key);
          else for (const each of this.#keys(key)) this.blocks.delete(JSON.stringify(each));
        }),
      getAllKeys: (range?: Bounds) => Promise.resolve(range === undefined ? [...this.files.keys()] : this.#keys(range)),
      getAll: (range?: Bounds) =>
        Promise.resolve(
          range === undefined
            ? [...this.files.values()]
            : this.#keys(range).map((key) => (this.blocks.get(JSON.stringify(key)) as Uint8Array).slice()),
        ),
    });
    return { objectStore, store: objectStore(writes ? '' : 'files'), done: writes ? settle() : Promise.resolve() };
  }
}

interface Bounds {
  readonly low: Key;
  readonly high: Key;
}
