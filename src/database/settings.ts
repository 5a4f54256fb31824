/** Session settings: what SET, SHOW and RESET know, with their defaults; a transaction's SET LOCAL ends with it. */
import { DriftError } from '../base/error.ts';
import type { Moment } from './api.ts';

const DEFAULTS: Readonly<Record<string, string>> = {
  application_name: '',
  client_encoding: 'UTF8',
  client_min_messages: 'notice',
  check_function_bodies: 'on',
  datestyle: 'ISO, MDY',
  default_tablespace: '',
  default_table_access_method: 'heap',
  default_transaction_isolation: 'repeatable read',
  default_with_oids: 'off',
  'drift.as_of': '',
  extra_float_digits: '1',
  idle_in_transaction_session_timeout: '0',
  intervalstyle: 'postgres',
  lock_timeout: '0',
  row_security: 'on',
  search_path: '"$user", public',
  server_encoding: 'UTF8',
  server_version: '15.0',
  server_version_num: '150000',
  standard_conforming_strings: 'on',
  statement_timeout: '0',
  synchronous_commit: 'on',
  timezone: 'UTC',
  transaction_isolation: 'repeatable read',
  transaction_read_only: 'off',
  xmloption: 'content',
};

/** `SET drift.as_of` resolves any moment to its sequence number, so that it stays the same. */
const AS_OF = /^SEQ (\d{1,15})$/;

const READ_ONLY = new Set(['server_version', 'server_version_num', 'server_encoding']);

export class Settings {
  readonly #values = new Map<string, string>();
  /** Values to go back to when the transaction ends; undefined: the default. */
  readonly #local = new Map<string, string | undefined>();

  get(name: string): string | undefined {
    const key = name.toLowerCase();
    return this.#values.get(key) ?? DEFAULTS[key];
  }

  /** Sets a value; null resets. Throws 42704 for unknown names without a dot, 22023 for bad values. */
  set(name: string, value: string | null, local: boolean): void {
    const key = name.toLowerCase();
    if (DEFAULTS[key] === undefined && !key.includes('.')) {
      throw new DriftError('42704', `unrecognized configuration parameter "${name}"`);
    }
    if (READ_ONLY.has(key)) throw new DriftError('55P02', `parameter "${name}" cannot be changed`);
    if (value !== null) check(key, value);
    if (local && !this.#local.has(key)) this.#local.set(key, this.#values.get(key));
    if (value === null) this.#values.delete(key);
    else this.#values.set(key, value);
  }

  resetAll(): void {
    this.#values.clear();
  }

  /** The moment that `drift.as_of` names, or null for the present. */
  get asOf(): Moment | null {
    const seq = AS_OF.exec(this.#values.get('drift.as_of') ?? '')?.[1];
    return seq === undefined ? null : { kind: 'seq', seq: Number(seq) };
  }

  endTransaction(): void {
    for (const [key, value] of this.#local) {
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, value);
    }
    this.#local.clear();
  }

  *all(): Generator<readonly [string, string]> {
    for (const key of new Set([...Object.keys(DEFAULTS), ...this.#values.keys()])) yield [key, this.get(key) ?? ''];
  }
}

function check(key: string, value: string): void {
  if (key === 'timezone') {
    try {
      new Intl.DateTimeFormat('en', { timeZone: value });
    } catch {
      if (!/^[+-]?\d{1,2}(:?\d{2})?$/.test(value))
        throw new DriftError('22023', `invalid value for parameter "TimeZone": "${value}"`);
    }
  }
  if (key === 'drift.as_of' && value !== '' && !AS_OF.test(value)) {
    throw new DriftError('22023', `invalid value for parameter "drift.as_of": "${value}"`, {
      hint: "SET drift.as_of = SEQ 5, TAG 'name' or a timestamp.",
    });
  }
  if (key.endsWith('_timeout') && !/^\d+\s*(ms|s|min)?$/.test(value)) {
    throw new DriftError('22023', `invalid value for parameter "${key}": "${value}"`);
  }
}

/** A timeout setting in ms; 0: none. */
export function timeoutMs(value: string | undefined): number {
  const match = /^(\d+)\s*(ms|s|min)?$/.exec(value ?? '0');
  if (match === null) return 0;
  const unit = match[2] === 's' ? 1000 : match[2] === 'min' ? 60_000 : 1;
  return Number(match[1]) * unit;
}
