/** The one place where the console meets the engine: opens a database in this browser, or in memory. */
import { open, repair } from '../src/entry/browser.ts';
import type { Database } from './database.ts';

/** Opens a database that stays in this browser. `file` fills a new one from an exported file; `passphrase` seals it. */
export function openDatabase(name: string, file?: Uint8Array, passphrase?: string): Promise<Database> {
  return open(`opfs://${name}`, {
    importFile: file,
    encryption: passphrase === undefined ? undefined : { passphrase },
  });
}

/** Opens an empty database that ends with the page. */
export function openInMemory(): Promise<Database> {
  return open('memory://');
}

export interface Repaired {
  readonly lastSeq: number;
  readonly missing: readonly { readonly table: string | null; readonly file: string; readonly reason: string }[];
}

/** Makes a new database of what can be read of a damaged one; both have the same passphrase. */
export function repairDatabase(damaged: string, target: string, passphrase?: string): Promise<Repaired> {
  const encryption = passphrase === undefined ? undefined : { passphrase };
  return repair(`opfs://${damaged}`, `opfs://${target}`, { encryption, targetEncryption: encryption });
}
