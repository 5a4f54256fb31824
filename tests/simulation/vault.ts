/**
 * Vault: how a run opens its database, encrypted or not. While the outer key changes either of two opens it; once the change
 * was acknowledged only the new one does, which is looked at, too.
 */
import { type OpenEngine, openEngine } from '../../src/database/engine.ts';
import type { RekeyOptions } from '../../src/database/rekey.ts';
import { EncryptedStorage } from '../../src/storage/encryption/encrypted-storage.ts';
import type { SimDisk } from '../../src/storage/sim.ts';
import type { SimHost } from './host.ts';

/** Everything small, so that few statements cross every kind of background work. */
export const TINY = {
  maxLeafRows: 8,
  bulkRows: 3,
  minClosedRows: 4,
  inlineTiles: 2,
  packSizeBytes: 8192,
  cacheBudgetBytes: 16_384,
  logStepBytes: 4096,
  checkpointLogBytes: 16_384,
} as const;

const keys = new Map<number, Promise<CryptoKey>>();

/** The same bytes for the same number, so that runs repeat. */
function keyOf(number: number): Promise<CryptoKey> {
  const known = keys.get(number);
  if (known !== undefined) return known;
  const key = crypto.subtle.importKey('raw', new Uint8Array(32).fill(number + 1), 'AES-GCM', false, [
    'encrypt',
    'decrypt',
  ]);
  keys.set(number, key);
  return key;
}

export class Vault {
  readonly #disk: SimDisk;
  readonly #host: SimHost;
  readonly isEncrypted: boolean;
  /** Numbers of the keys that may open the database. */
  #candidates: readonly number[] = [0];

  constructor(disk: SimDisk, host: SimHost, isEncrypted: boolean) {
    this.#disk = disk;
    this.#host = host;
    this.isEncrypted = isEncrypted;
  }

  /** Throws 28P01 where none of the keys is right. */
  async open(): Promise<OpenEngine> {
    if (!this.isEncrypted) return openEngine({ storage: this.#disk.storage(), host: this.#host, ...TINY });
    let refusal: unknown;
    for (const number of this.#candidates) {
      try {
        const engine = await this.#openWith(number);
        this.#candidates = [number];
        return engine;
      } catch (error) {
        if ((error as { code?: string }).code !== '28P01') throw error;
        refusal = error;
      }
    }
    throw refusal;
  }

  /** The medium may have lost a change of keys that was acknowledged. */
  forgetChanges(): void {
    this.#candidates = Array.from({ length: Math.max(...this.#candidates) + 1 }, (_, number) => number);
  }

  async #openWith(number: number): Promise<OpenEngine> {
    const storage = new EncryptedStorage(this.#disk.storage(), { key: await keyOf(number) }, (target) =>
      this.#host.randomBytes(target),
    );
    return openEngine({ storage, host: this.#host, ...TINY });
  }

  /** Changes the outer key, or the data keys as well. */
  async changeKeys(change: (keys: RekeyOptions) => Promise<void>, dataKeys: boolean): Promise<void> {
    if (dataKeys) return change({ dataKeys });
    const [now = 0] = this.#candidates;
    this.#candidates = [now, now + 1];
    await change({ key: await keyOf(now + 1) });
    this.#candidates = [now + 1];
  }
}
