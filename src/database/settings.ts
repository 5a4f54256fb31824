/**
 * Session settings: what SET, SHOW and RESET know. What SET LOCAL sets ends with the transaction; what SET sets is taken
 * back when the transaction (or the part behind a savepoint) is.
 *
 * The values are two maps that are replaced, never changed: a mark is a look at them.
 */
import { DriftError } from '../base/error.ts';
import { DEFAULT_PATH } from '../catalog/catalog.ts';
import type { Moment } from './api.ts';
import { settingSpecs } from './setting-specs.ts';
import { checkedValue, identifierList, mergedDateStyle, shownDefault } from './setting-values.ts';

/** Settings that PostgreSQL lists nowhere, or has no longer (dumps of old versions set them), and DriftDB's own. */
const OWN: Readonly<Record<string, string>> = {
  default_with_oids: 'off',
  'drift.as_of': '',
  'drift.author': '',
  'drift.message': '',
  'drift.metadata': '',
  is_superuser: 'on',
  role: 'none',
  session_authorization: 'drift',
};

/** Defaults that every statement asks for: none of them waits for the table of all settings. */
const COMMON: Readonly<Record<string, string>> = {
  ...OWN,
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  search_path: '"$user", public',
  statement_timeout: '0',
  timezone: 'UTC',
};

/** What the planner may do is on unless it is switched off. */
const SWITCHES =
  /^enable_(?:seqscan|indexscan|indexonlyscan|bitmapscan|hashagg|hashjoin|material|memoize|mergejoin|nestloop|sort|incremental_sort)$/;

/** `SET drift.as_of` resolves any moment to its sequence number, so that it stays the same. */
const AS_OF = /^SEQ (\d{1,15})$/;

/** User whose name no schema of the user's own has: `drift` is the system's. */
const SYSTEM_USER = 'drift';

/** Settings that commits carry. */
const SIGNATURE = ['drift.author', 'drift.message', 'drift.metadata'] as const;

const PLANNING = /^(?:enable_|min_eager|parallel_setup|max_parallel_workers_per|drift\.optimizer$)/;

type Values = ReadonlyMap<string, string>;

export interface SettingsMark {
  readonly session: Values;
  readonly local: Values;
}

export class Settings {
  #session: Values = new Map();
  #local: Values = new Map();
  /** The session's values at the start of the transaction, once one was changed in it. */
  #before: Values | null = null;
  /** The path by the text it was read from: the same array as long as nothing changes. */
  #path: { readonly text: string; readonly user: string; readonly names: readonly string[] } | null = null;

  /** Names with a dot that were ever set: they stay, without a value. */
  readonly #own = new Set<string>();

  #planning: { readonly session: Values; readonly local: Values; readonly text: string } | null = null;

  get(name: string): string | undefined {
    const key = name.toLowerCase();
    return this.#local.get(key) ?? this.#session.get(key) ?? defaultOf(key) ?? (this.#own.has(key) ? '' : undefined);
  }

  /** Sets a value; null resets. Throws 42704 for unknown names without a dot, 22023 for bad values. */
  set(name: string, value: string | null, local: boolean): void {
    const key = name.toLowerCase();
    const spec = settingSpecs().get(key);
    if (spec === undefined && OWN[key] === undefined && !key.includes('.')) throw unrecognized(name);
    if (spec?.fixed === true || key === 'is_superuser') throw unchangeable(spec?.name ?? name, key);
    const merged = key === 'datestyle' && value !== null ? mergedDateStyle(this.get(key) ?? '', value) : value;
    const next = merged === null ? null : checkedValue(key, merged);
    if (spec === undefined) this.#own.add(key);
    this.#before ??= this.#session;
    if (local) {
      this.#local = withValue(this.#local, key, next ?? defaultOf(key) ?? '');
    } else {
      this.#session = withValue(this.#session, key, next);
      this.#local = withValue(this.#local, key, null);
    }
  }

  resetAll(): void {
    this.#before ??= this.#session;
    this.#session = new Map();
    this.#local = new Map();
  }

  /** What is set of the settings that plans depend on, as one text. */
  get planning(): string {
    if (this.#planning?.session !== this.#session || this.#planning.local !== this.#local) {
      const set = [...this.#session, ...this.#local].filter(([name]) => PLANNING.test(name));
      const text = set.map(([name, value]) => `${name}=${value};`).join('');
      this.#planning = { session: this.#session, local: this.#local, text };
    }
    return this.#planning.text;
  }

  /** The settings that plans depend on and that are not as they are by default. */
  *planner(): Generator<readonly [string, string]> {
    for (const name of new Set([...this.#session.keys(), ...this.#local.keys()])) {
      const value = this.get(name);
      if (PLANNING.test(name) && value !== undefined && value !== defaultOf(name)) yield [name, value];
    }
  }

  /** The moment that `drift.as_of` names, or null for the present. */
  get asOf(): Moment | null {
    const seq = AS_OF.exec(this.#local.get('drift.as_of') ?? this.#session.get('drift.as_of') ?? '')?.[1];
    return seq === undefined ? null : { kind: 'seq', seq: Number(seq) };
  }

  /** Whether the session says something of its commits (signature.ts). */
  get signs(): boolean {
    const [local, session] = [this.#local, this.#session];
    if (local.size === 0 && session.size === 0) return false;
    return SIGNATURE.some((name) => local.has(name) || session.has(name));
  }

  /** Whether transactions read only unless they say otherwise. */
  get readsOnly(): boolean {
    return this.get('default_transaction_read_only') === 'on';
  }

  /** Who runs statements: the role set, or else the session's user. */
  get user(): string {
    const role = this.get('role') ?? 'none';
    return role === 'none' ? (this.get('session_authorization') ?? SYSTEM_USER) : role;
  }

  /** The names of search_path. */
  get path(): readonly string[] {
    if (this.#session.size === 0 && this.#local.size === 0) return DEFAULT_PATH;
    const text = this.get('search_path') ?? '';
    const { user } = this;
    if (this.#path?.text !== text || this.#path.user !== user) {
      const names = (identifierList(text) ?? []).flatMap((name) => {
        if (name === '$user') return user === SYSTEM_USER ? [] : [user];
        return name === '' ? [] : [name];
      });
      this.#path = { text, user, names };
    }
    return this.#path.names;
  }

  mark(): SettingsMark {
    return { session: this.#session, local: this.#local };
  }

  rollbackTo(mark: SettingsMark): void {
    this.#session = mark.session;
    this.#local = mark.local;
  }

  /** Local values end; a rollback takes the others that were set in the transaction back as well. */
  endTransaction(rolledBack: boolean): void {
    if (this.#local.size > 0) this.#local = new Map();
    if (rolledBack && this.#before !== null) this.#session = this.#before;
    this.#before = null;
  }

  /** Every setting with its value, by name. */
  *all(): Generator<readonly [string, string]> {
    for (const [key, spec] of settingSpecs()) yield [spec.name, this.get(key) ?? ''];
    for (const key of Object.keys(OWN)) yield [key, this.get(key) ?? ''];
    for (const key of new Set([...this.#session.keys(), ...this.#local.keys()]))
      if (!settingSpecs().has(key) && OWN[key] === undefined) yield [key, this.get(key) ?? ''];
  }
}

const defaults = new Map<string, string>();

function defaultOf(key: string): string | undefined {
  const known = COMMON[key] ?? defaults.get(key);
  if (known !== undefined || key.includes('.')) return known;
  if (SWITCHES.test(key)) return 'on';
  const spec = settingSpecs().get(key);
  const value = spec === undefined ? undefined : shownDefault(spec);
  if (value !== undefined) defaults.set(key, value);
  return value;
}

function withValue(values: Values, key: string, value: string | null): Values {
  if (value === null && !values.has(key)) return values;
  const next = new Map(values);
  if (value === null) next.delete(key);
  else next.set(key, value);
  return next;
}

function unrecognized(name: string): DriftError {
  return new DriftError('42704', `unrecognized configuration parameter "${name}"`);
}

function unchangeable(name: string, key: string): DriftError {
  const when =
    key === 'max_connections' || key === 'wal_level'
      ? ' without restarting the server'
      : key === 'autovacuum'
        ? ' now'
        : '';
  return new DriftError('55P02', `parameter "${name}" cannot be changed${when}`);
}

const TIMEOUT_UNITS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A timeout setting in ms; 0: none. */
export function timeoutMs(value: string | undefined): number {
  const match = /^(\d+)([a-z]*)$/.exec(value ?? '0');
  if (match === null) return 0;
  return Number(match[1]) * (TIMEOUT_UNITS[match[2] ?? ''] ?? 1);
}
