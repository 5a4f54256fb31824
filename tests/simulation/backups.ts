/** The backups that a run makes, whole ones and increments, and what comes of restoring one. */
import { collected, restoreSource } from '../../src/client/backup.ts';
import { LocalConnection } from '../../src/client/local.ts';
import type { BackupInfo } from '../../src/database/backup/info.ts';
import { verifyBackups } from '../../src/database/backup/restore.ts';
import { type OpenEngine, openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { SimHost } from './host.ts';
import { firstWhole, type Limits } from './limits.ts';
import { TINY } from './vault.ts';

interface Chain {
  /** A whole backup and its increments. */
  readonly parts: readonly Uint8Array[];
  readonly info: BackupInfo;
  readonly limits: Limits;
}

/** A whole backup of a database, for what compares bytes. */
export function backupOf(engine: OpenEngine, since?: BackupInfo): Promise<Uint8Array> {
  return collected(() => new LocalConnection(engine).backup({ since }));
}

export class Backups {
  #last: Chain | null = null;

  /** Makes one; an increment where there is one to build on. */
  async make(engine: OpenEngine, incremental: boolean, limits: Limits): Promise<void> {
    const base = incremental ? this.#last : null;
    const bytes = await backupOf(engine, base?.info);
    const parts = [...(base?.parts ?? []), bytes];
    const info = await verifyBackups(restoreSource(parts, {}));
    if (info === null) throw new Error('a backup does not say what it is');
    this.#last = { parts, info, limits };
  }

  /** The last one, restored to its end or for some numbers to a moment within; null where there is none. */
  async restoreLast(number: number): Promise<{ readonly engine: OpenEngine; readonly limits: Limits } | null> {
    if (this.#last === null) return null;
    const { parts, info, limits } = this.#last;
    const first = Math.max(0, ...[...limits.values()].map(firstWhole));
    const to = number % 2 === 0 && info.seq > first ? first + (number % (info.seq - first)) + 1 : undefined;
    const restore = restoreSource(parts, to === undefined ? {} : { to });
    const engine = await openEngine({ storage: new MemoryStorage(), host: new SimHost(number), ...TINY, restore });
    const { lastSeq } = engine.status();
    if (lastSeq !== (to ?? info.seq)) throw new Error(`a backup of ${to ?? info.seq} was restored to ${lastSeq}`);
    return { engine, limits };
  }
}
