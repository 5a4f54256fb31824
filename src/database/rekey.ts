/**
 * Changing the keys of an encrypted database.
 *
 * The outer key is changed by one write (storage/encryption/keyring.ts). Changing the data keys means to write everything
 * again, while statements go on:
 *
 *     1  a new pack begins, and KEYS gets a new data key, with that pack's number: from here on it seals all writes
 *     2  checkpoints copy what is alive in older packs to new ones, 32 MB each, and old packs go; the log starts anew
 *     3  when no older pack is left, one more checkpoint: now both bodies of the manifest are sealed with the new key
 *     4  KEYS forgets the older keys
 *
 * Every step is one that a crash may follow: KEYS says with its two versions that a change is under way and from which
 * pack on the new key holds, and the next opening goes on at 2.
 */
import { DriftError } from '../base/error.ts';
import { Keyring } from '../storage/encryption/keyring.ts';
import type { EncryptionOptions } from '../storage/encryption/secret.ts';
import type { Storage } from '../storage/storage.ts';
import type { EngineInside } from './core.ts';

export interface RekeyOptions extends Pick<EncryptionOptions, 'passphrase' | 'key'> {
  /** Changes the data keys as well, or alone where neither passphrase nor key is given. Default false. */
  readonly dataKeys?: boolean | undefined;
}

/** How long to wait before looking again whether a backup has let go. */
const PINNED_MS = 50;

const underWay = new WeakMap<Keyring, Promise<void>>();

/** Changes keys; resolves when the ones before open nothing any more. Throws 55000 where the database is not encrypted. */
export async function rekey(engine: EngineInside, { dataKeys = false, ...outer }: RekeyOptions): Promise<void> {
  const ring = keyringOf(engine.core.options.storage);
  if (outer.passphrase !== undefined || outer.key !== undefined) await engine.alone(() => ring.changeOuterKey(outer));
  else if (!dataKeys) throw new DriftError('22023', 'rekey needs a new passphrase, a new key, or dataKeys');
  if (!dataKeys) return;
  // One that a crash or a closing cut off comes to its end first.
  await resumeRekey(engine);
  await engine.alone(async () => ring.addDataKey(engine.core.store.beginPack(0)));
  await resumeRekey(engine);
}

/** Goes on with a change of data keys, if one is under way. */
export function resumeRekey(engine: EngineInside): Promise<void> {
  const ring = keyringOf(engine.core.options.storage);
  if (!ring.hasOldKeys) return Promise.resolve();
  let work = underWay.get(ring);
  if (work === undefined) {
    work = writeAgain(engine, ring).finally(() => underWay.delete(ring));
    underWay.set(ring, work);
  }
  return work;
}

async function writeAgain(engine: EngineInside, ring: Keyring): Promise<void> {
  const { host, store } = engine.core;
  store.beginPack(ring.firstPack);
  do {
    // A backup that is being read keeps the packs that it reads.
    if (store.isPinned) await new Promise<void>((resolve) => host.setTimer(PINNED_MS, resolve));
    else await host.yieldToOthers();
    if (engine.isClosed())
      throw new DriftError('08003', 'the database was closed while its data keys changed', {
        hint: 'The change goes on when it is opened again.',
      });
    await engine.checkpoint();
  } while (store.hasPacksBelow(ring.firstPack));
  await engine.checkpoint();
  await engine.alone(() => ring.dropOldKeys());
}

function keyringOf({ cipher }: Storage): Keyring {
  if (cipher instanceof Keyring) return cipher;
  throw new DriftError('55000', 'the database is not encrypted');
}
