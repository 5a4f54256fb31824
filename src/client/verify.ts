/** Verifying backups in this process. */
import type { BackupInfo } from '../database/backup/info.ts';
import { verifyBackups } from '../database/backup/restore.ts';
import type { EncryptionOptions } from '../storage/encryption/secret.ts';
import { type BackupSource, restoreSource } from './backup.ts';

/**
 * Reads a backup, or a whole one and the increments that follow it, to the end, and says what the last one is. Changes
 * nothing. Throws XX001 where it is damaged, with the place; 28P01 for a wrong passphrase or key; 22023 for an
 * increment without what it builds on. Of files of version 1 it says null.
 *
 *     const first = await verifyBackup(file);
 *     const increment = db.backup({ since: first });
 */
export function verifyBackup(
  source: BackupSource | readonly BackupSource[],
  options: { readonly encryption?: EncryptionOptions | undefined } = {},
): Promise<BackupInfo | null> {
  return verifyBackups(restoreSource(source, { backupEncryption: options.encryption }));
}
