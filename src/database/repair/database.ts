/** Repair as a whole: the damaged database's storage, and an empty one that becomes a database. */
import { DriftError } from '../../base/error.ts';
import type { Host } from '../../base/host.ts';
import type { EncryptionOptions } from '../../storage/encryption/secret.ts';
import type { Storage } from '../../storage/storage.ts';
import { openEngine } from '../engine.ts';
import { drive } from '../scheduler.ts';
import { type RepairReport, repairInto } from './repair.ts';

export interface RepairOptions {
  /** Of the damaged database. */
  readonly encryption?: EncryptionOptions | undefined;
  /** Of the new one. Default: it is not encrypted. */
  readonly targetEncryption?: EncryptionOptions | undefined;
}

/**
 * Writes what can be read of a damaged database to a new one, and returns what is missing. The damaged one, which must not
 * be open (55006), is not changed. Throws 55000 where the target holds something.
 */
export async function repairDatabase(source: Storage, target: Storage, host: Host): Promise<RepairReport> {
  await source.acquire();
  try {
    await makeEmpty(target, host);
    await target.acquire();
    let report: RepairReport;
    try {
      report = await drive(repairInto(source, target, host), host);
    } finally {
      await target.close();
    }
    // Replays the log, and writes it into segments.
    const engine = await openEngine({ storage: target, host });
    await engine.close();
    return report;
  } finally {
    await source.close();
  }
}

/** A database without a commit. */
async function makeEmpty(target: Storage, host: Host): Promise<void> {
  const engine = await openEngine({ storage: target, host });
  const { lastSeq } = engine.status();
  await engine.close();
  if (lastSeq > 0) throw new DriftError('55000', 'a database can be repaired into an empty storage only');
}
