/** What a backup is: its first piece. */
import { DriftError } from '../../base/error.ts';

export interface BackupInfo {
  /** Of this backup: 32 hexadecimal digits. */
  readonly id: string;
  /** Of the database that it was made of. */
  readonly database: string;
  /** Newest commit in it. */
  readonly seq: number;
  /** That commit's timestamp (0 where there is none), and when the backup was made, in µs since 1970. */
  readonly timestamp: number;
  readonly madeAt: number;
  /** Moments before this sequence number are not in it; 0: all are. */
  readonly historyFrom: number;
  readonly history: boolean;
  /** The backup that this one builds on; null for one that is whole. */
  readonly since: string | null;
  /** Where the next increment begins, in the source's files. */
  readonly point: { readonly pack: number; readonly offset: number };
}

/** Throws XX001 for what is none. */
export function parseInfo(text: string): BackupInfo {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new DriftError('XX001', 'the backup is damaged: its information is no JSON');
  }
  if (!isInfo(found)) throw new DriftError('XX001', 'the backup is damaged: its information lacks something');
  return found;
}

export function isInfo(value: unknown): value is BackupInfo {
  if (typeof value !== 'object' || value === null) return false;
  const info = value as Partial<Record<keyof BackupInfo, unknown>>;
  const point = info.point as Partial<Record<'pack' | 'offset', unknown>> | null | undefined;
  return (
    typeof info.id === 'string' &&
    typeof info.database === 'string' &&
    [info.seq, info.madeAt, info.historyFrom, point?.pack, point?.offset].every((n) => Number.isSafeInteger(n)) &&
    typeof info.timestamp === 'number' &&
    typeof info.history === 'boolean' &&
    (info.since === null || typeof info.since === 'string')
  );
}
