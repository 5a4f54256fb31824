/** What a database is restored from. */
import type { EncryptionOptions } from '../../storage/encryption/secret.ts';

export interface RestoreSource {
  /** A whole backup, then increments in their order. */
  readonly backups: readonly AsyncIterable<Uint8Array>[];
  /** What opens the backups, where they are encrypted. */
  readonly encryption?: EncryptionOptions | undefined;
  /** A moment in the backup: a sequence number, or µs since 1970. Default: its newest commit. */
  readonly to?: { readonly seq: number } | { readonly micros: number } | undefined;
}
