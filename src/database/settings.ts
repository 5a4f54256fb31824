/** Session settings: what SET, SHOW and RESET know, with their defaults; a transaction's SET LOCAL ends with it. */
import { DriftError } from '../base/error.ts';
import type { Moment } from './api.ts';

const DEFAULTS: Readonly<Record<string, string>> = {
  application_name: '',
  array_nulls: 'on',
  backslash_quote: 'safe_encoding',
  bytea_output: 'hex',
  check_function_bodies: 'on',
  client_encoding: 'UTF8',
  client_min_messages: 'notice',
  constraint_exclusion: 'partition',
  cursor_tuple_fraction: '0.1',
  datestyle: 'ISO, MDY',
  deadlock_timeout: '1s',
  default_statistics_target: '100',
  default_table_access_method: 'heap',
  default_tablespace: '',
  default_text_search_config: 'pg_catalog.english',
  default_toast_compression: 'pglz',
  default_transaction_deferrable: 'off',
  default_transaction_isolation: 'repeatable read',
  default_transaction_read_only: 'off',
  default_with_oids: 'off',
  'drift.as_of': '',
  effective_cache_size: '4GB',
  enable_bitmapscan: 'on',
  enable_hashagg: 'on',
  enable_hashjoin: 'on',
  enable_indexonlyscan: 'on',
  enable_indexscan: 'on',
  enable_material: 'on',
  enable_memoize: 'on',
  enable_mergejoin: 'on',
  enable_nestloop: 'on',
  enable_seqscan: 'on',
  enable_sort: 'on',
  escape_string_warning: 'on',
  extra_float_digits: '1',
  from_collapse_limit: '8',
  geqo: 'on',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  integer_datetimes: 'on',
  intervalstyle: 'postgres',
  is_superuser: 'on',
  jit: 'off',
  join_collapse_limit: '8',
  lc_collate: 'C',
  lc_ctype: 'C.UTF-8',
  lc_messages: 'C',
  lc_monetary: 'C',
  lc_numeric: 'C',
  lc_time: 'C',
  lock_timeout: '0',
  log_statement: 'none',
  maintenance_work_mem: '64MB',
  max_identifier_length: '63',
  max_index_keys: '32',
  max_parallel_workers: '8',
  max_parallel_workers_per_gather: '2',
  password_encryption: 'scram-sha-256',
  plan_cache_mode: 'auto',
  quote_all_identifiers: 'off',
  random_page_cost: '4',
  role: 'none',
  row_security: 'on',
  search_path: '"$user", public',
  seq_page_cost: '1',
  server_encoding: 'UTF8',
  server_version: '15.0',
  server_version_num: '150000',
  session_authorization: 'drift',
  session_replication_role: 'origin',
  standard_conforming_strings: 'on',
  statement_timeout: '0',
  synchronize_seqscans: 'on',
  synchronous_commit: 'on',
  temp_buffers: '8MB',
  timezone: 'UTC',
  transaction_deferrable: 'off',
  transaction_isolation: 'repeatable read',
  transaction_read_only: 'off',
  transform_null_equals: 'off',
  work_mem: '4MB',
  xmlbinary: 'base64',
  xmloption: 'content',
};
/** Settings with two values, in PostgreSQL's spellings of them. */
const BOOLEANS = new Set(
  Object.entries(DEFAULTS).flatMap(([name, value]) => (value === 'on' || value === 'off' ? [name] : [])),
);
const TRUE = /^(?:on|t|tr|tru|true|y|ye|yes|1)$/i;
const FALSE = /^(?:off|of|f|fa|fal|fals|false|n|no|0)$/i;

/** `SET drift.as_of` resolves any moment to its sequence number, so that it stays the same. */
const AS_OF = /^SEQ (\d{1,15})$/;

const READ_ONLY = new Set([
  'integer_datetimes',
  'is_superuser',
  'lc_collate',
  'lc_ctype',
  'max_identifier_length',
  'max_index_keys',
  'server_encoding',
  'server_version',
  'server_version_num',
]);
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  bytea_output: ['hex', 'escape'],
  client_min_messages: ['debug5', 'debug4', 'debug3', 'debug2', 'debug1', 'debug', 'log', 'notice', 'warning', 'error'],
  default_transaction_isolation: ['serializable', 'repeatable read', 'read committed', 'read uncommitted'],
  intervalstyle: ['postgres', 'postgres_verbose', 'sql_standard', 'iso_8601'],
  plan_cache_mode: ['auto', 'force_generic_plan', 'force_custom_plan'],
  synchronous_commit: ['local', 'remote_write', 'remote_apply', 'on', 'off'],
  transaction_isolation: ['serializable', 'repeatable read', 'read committed', 'read uncommitted'],
  xmlbinary: ['base64', 'hex'],
  xmloption: ['content', 'document'],
};

export class Settings {
  readonly #values = new Map<string, string>();
  /** Values to go back to when the transaction ends; undefined: the default. */
  readonly #local = new Map<string, string | undefined>();

  /** Values at the start of the transaction of what was set in it. */
  readonly #before = new Map<string, string | undefined>();

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
    const canonical = value === null ? null : checked(name, key, value);
    const old = this.#values.get(key);
    if (local && !this.#local.has(key)) this.#local.set(key, old);
    if (!local && !this.#before.has(key)) this.#before.set(key, this.#local.has(key) ? this.#local.get(key) : old);
    if (!local) this.#local.delete(key);
    if (value === null) this.#values.delete(key);
    else this.#values.set(key, canonical ?? value);
  }

  resetAll(): void {
    this.#values.clear();
  }

  /** The moment that `drift.as_of` names, or null for the present. */
  get asOf(): Moment | null {
    const seq = AS_OF.exec(this.#values.get('drift.as_of') ?? '')?.[1];
    return seq === undefined ? null : { kind: 'seq', seq: Number(seq) };
  }

  /** Whether transactions read only unless they say otherwise. */
  get readsOnly(): boolean {
    return this.#values.get('default_transaction_read_only') === 'on';
  }

  /** Local values end; a rollback takes the others that were set in the transaction back as well. */
  endTransaction(rolledBack: boolean): void {
    this.#restore(this.#local);
    if (rolledBack) this.#restore(this.#before);
    this.#before.clear();
  }

  #restore(values: Map<string, string | undefined>): void {
    for (const [key, value] of values) {
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, value);
    }
    values.clear();
  }

  *all(): Generator<readonly [string, string]> {
    for (const key of new Set([...Object.keys(DEFAULTS), ...this.#values.keys()])) yield [key, this.get(key) ?? ''];
  }
}

/** The value as it is kept. Throws 22023 for one that the setting does not take. */
function checked(name: string, key: string, value: string): string {
  check(key, value);
  const choices = CHOICES[key];
  if (choices !== undefined) {
    const found = choices.find((choice) => choice === value.toLowerCase());
    if (found !== undefined) return found;
  } else if (BOOLEANS.has(key)) {
    if (TRUE.test(value)) return 'on';
    if (FALSE.test(value)) return 'off';
    throw new DriftError('22023', `parameter "${name}" requires a Boolean value`);
  } else {
    return value;
  }
  throw new DriftError('22023', `invalid value for parameter "${name}": "${value}"`, {
    hint: `Available values: ${choices.join(', ')}.`,
  });
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
