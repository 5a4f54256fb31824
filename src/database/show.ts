/** Results of commands: those without rows, and SHOW's. */
import { DriftError } from '../base/error.ts';
import { vectorFromValues } from '../exec/vectors.ts';
import type { Transaction } from '../txn/transaction.ts';
import type { Notice, ResultSet } from './api.ts';
import { settingSpecs } from './setting-specs.ts';
import type { Settings } from './settings.ts';

const TEXT_OID = 25;
const TEXT = { dataTypeID: TEXT_OID, typeModifier: -1, tableID: 0, columnID: 0 } as const;

export function command(name: string): ResultSet {
  return { command: name, fields: [], columns: [], rowCount: 0, affectedRows: null };
}

/** A command that had nothing to do. */
export function warned(name: string, code: string, message: string): ResultSet {
  return { ...command(name), notices: [{ severity: 'WARNING', code, message }] };
}

/** A result with what the statement had to say besides. */
export function noted(result: ResultSet, notices: readonly Notice[]): ResultSet {
  return notices.length === 0 ? result : { ...result, notices: [...notices, ...(result.notices ?? [])] };
}

/** SHOW name, or SHOW ALL. `open`: the open transaction. Throws 42704 for a setting that does not exist. */
export function show(settings: Settings, name: string | undefined, open: Transaction | undefined): ResultSet {
  if (name === undefined) {
    const all = [...settings.all()]
      .map(([key, value]) => [key, value, ''] as const)
      .sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
    const columns = ['name', 'setting', 'description'].map((_, c) =>
      vectorFromValues(
        all.map((entry) => entry[c] ?? ''),
        TEXT_OID,
      ),
    );
    const fields = ['name', 'setting', 'description'].map((field) => ({ name: field, ...TEXT }));
    return { command: 'SHOW', fields, columns, rowCount: all.length, affectedRows: null };
  }
  const value = settingIn(settings, name, open);
  if (value === undefined) throw new DriftError('42704', `unrecognized configuration parameter "${name}"`);
  return {
    command: 'SHOW',
    fields: [{ name: settingSpecs().get(name.toLowerCase())?.name ?? name, ...TEXT }],
    columns: [vectorFromValues([value], TEXT_OID)],
    rowCount: 1,
    affectedRows: null,
  };
}

/** Modes of a transaction; those that are not known are the session's. */
export type Modes = Partial<Pick<Transaction, 'isolation' | 'readOnly' | 'deferrable'>>;

/** A setting's value in a transaction, whose modes are settings as well. */
export function settingIn(settings: Settings, name: string, open: Modes | undefined): string | undefined {
  if (!/^transaction_/i.test(name)) return settings.get(name);
  return inForce(name.toLowerCase(), open) ?? settings.get(`default_${name}`) ?? settings.get(name);
}

/** The modes of the open transaction. */
function inForce(name: string, open: Modes | undefined): string | undefined {
  if (name === 'transaction_isolation') return open?.isolation;
  const flag = name === 'transaction_read_only' ? open?.readOnly : open?.deferrable;
  return flag === undefined ? undefined : flag ? 'on' : 'off';
}
