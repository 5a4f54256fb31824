/**
 * Who, why and what about: what a commit says of itself where its transaction was not told in the API.
 *
 * `SET drift.author` (message, metadata) signs all commits of the session that follow, `SET LOCAL` that of the transaction.
 * What `begin` or `transaction` were given goes first; an empty text is none.
 */
import { typeByOid } from '../sql/types/registry.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import type { CommitInfo } from '../txn/transaction.ts';
import type { Settings } from './settings.ts';
import type { Scene } from './statement.ts';

const JSONB_OID = 3802;

/** The info of a commit, completed by the session's settings. */
export function signed(info: CommitInfo, settings: Settings, context: EvalContext): CommitInfo {
  const metadata = info.metadata === null ? set(settings, 'drift.metadata') : null;
  return {
    ...info,
    author: info.author ?? set(settings, 'drift.author'),
    message: info.message ?? set(settings, 'drift.message'),
    metadata: metadata === null ? info.metadata : (typeByOid(JSONB_OID).input(metadata, -1, context) as string),
  };
}

/** A value as the metadata of a commit. */
export function metadataOf(value: object, context: EvalContext): string {
  return typeByOid(JSONB_OID).input(JSON.stringify(value), -1, context) as string;
}

/** Gives a transaction a message that says what its statement did, where it has none of its own. */
export function describeCommit({ transaction, settings }: Scene, message: string): void {
  if (set(settings, 'drift.message') !== null) return;
  transaction.info = { ...transaction.info, message: transaction.info.message ?? message };
}

function set(settings: Settings, name: string): string | null {
  const value = settings.get(name) ?? '';
  return value === '' ? null : value;
}
