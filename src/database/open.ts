/** A transaction in progress in a session, with its savepoints. */
import { DriftError } from '../base/error.ts';
import type { Mark, Transaction } from '../txn/transaction.ts';
import type { Durability } from '../txn/manager-parts.ts';
import type { Portals } from './portal.ts';
import { aborted, noSavepoint } from './session-errors.ts';
import type { Settings, SettingsMark } from './settings.ts';

interface Savepoint {
  readonly name: string;
  readonly mark: Mark;
  readonly settings: SettingsMark;
  /** Cursors that were open. */
  readonly portals: readonly string[];
  /** A subtransaction that has made itself read-only takes that with it, however it ends. */
  readonly readOnly: boolean;
  /** What SET CONSTRAINTS had said. */
  readonly deferral: Transaction['deferral'];
}

/** Modes that a transaction begins with when it follows another one. */
export type Inherited = Pick<Transaction, 'readOnly' | 'isolation' | 'deferrable'>;

export interface Open {
  /** A procedure may end it and begin the next. */
  transaction: Transaction;
  readonly asOf: number | null;
  readonly savepoints: Savepoint[];
  readonly durability: Durability | undefined;
  /** A statement has failed: only ROLLBACK (also to a savepoint) is taken. */
  failed: boolean;
  /** A body has ended the transaction it began with. */
  turned?: boolean;
  /** That of a text with several statements, which ends with it unless BEGIN comes (several.ts). */
  implicit?: boolean;
  /** What the transaction before it in a chain handed on: the next one begins so too where this one fails. */
  readonly inherited?: Inherited;
}

/** SAVEPOINT and RELEASE SAVEPOINT. Throws 25P01 outside of a transaction, 3B001 for a name that is not there. */
export function savepoint(
  open: Open | null,
  { kind, name }: { readonly kind: 'savepoint' | 'release'; readonly name: string },
  settings: Settings,
  portals: Portals,
): void {
  if (open === null || open.implicit === true) throw outside(kind === 'savepoint' ? 'SAVEPOINT' : 'RELEASE SAVEPOINT');
  if (open.failed) throw aborted();
  if (kind === 'savepoint') {
    const { readOnly, deferral } = open.transaction;
    const mark = open.transaction.mark();
    open.savepoints.push({ name, mark, settings: settings.mark(), portals: [...portals.keys()], readOnly, deferral });
    return;
  }
  const at = open.savepoints.findLastIndex((candidate) => candidate.name === name);
  const found = open.savepoints[at];
  if (found === undefined) throw noSavepoint(name);
  open.transaction.readOnly = found.readOnly;
  open.savepoints.length = at;
}

/** ROLLBACK TO SAVEPOINT: the transaction goes on as it was then, also after an error. */
export function rollbackTo(open: Open | null, name: string, settings: Settings, portals: Portals): void {
  if (open === null || open.implicit === true) throw outside('ROLLBACK TO SAVEPOINT');
  const at = open.savepoints.findLastIndex((candidate) => candidate.name === name);
  const found = open.savepoints[at];
  if (found === undefined) throw noSavepoint(name);
  open.transaction.rollbackTo(found.mark);
  settings.rollbackTo(found.settings);
  open.transaction.readOnly = found.readOnly;
  open.transaction.deferral = found.deferral;
  for (const opened of portals.keys()) if (!found.portals.includes(opened)) portals.delete(opened);
  open.savepoints.length = at + 1;
  open.failed = false;
}

function outside(what: string): DriftError {
  return new DriftError('25P01', `${what} can only be used in transaction blocks`);
}
