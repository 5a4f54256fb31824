/** What repairing takes and gives, in a browser and on Node alike (database/repair). */
import type { RepairReport } from '../database/repair/repair.ts';
import type { EncryptionOptions } from '../storage/encryption/secret.ts';

export interface RepairOptions {
  /** Of the damaged database. */
  readonly encryption?: EncryptionOptions | undefined;
  /** Of the new one. Default: it is not encrypted. */
  readonly targetEncryption?: EncryptionOptions | undefined;
}

export type { RepairReport };
