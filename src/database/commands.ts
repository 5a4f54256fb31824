/** Small readings of commands: moments in settings, what a commit carries, tables that are named only. */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import type { Catalog } from '../catalog/schema.ts';
import type { QualifiedName } from '../sql/ast.ts';
import type { TimePoint } from '../sql/ast-query.ts';
import type { SetSetting, SetTransaction, Statement } from '../sql/ast-statement.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import { typeByOid } from '../sql/types/registry.ts';
import type { CommitInfo } from '../txn/transaction.ts';
import type { ResultSet, TransactionOptions } from './api.ts';
import { flattened, refuseList } from './setting-values.ts';
import type { Open } from './open.ts';
import type { Settings } from './settings.ts';
import { command, warned } from './show.ts';
import type { Scene } from './statement.ts';

const JSONB_OID = 3802;
const NO_MODES = { isolation: undefined, readOnly: undefined, deferrable: undefined, asOf: undefined };
const LEVELS = ['read uncommitted', 'read committed', 'repeatable read', 'serializable'] as const;

interface SetScene {
  readonly inTransaction: boolean;
  resolve(point: TimePoint): Task<number>;
  isRole(name: string): boolean;
}

/** SET and RESET. A moment becomes its sequence number, so that it stays the same. */
export function* applySet(
  settings: Settings,
  { name, values, asOf, local, reset, position }: SetSetting,
  { inTransaction, resolve, isRole }: SetScene,
): Task<ResultSet> {
  if (name === undefined) {
    settings.resetAll();
  } else if (name === 'drift.as_of') {
    const point = asOf ?? pointNamed(values?.join(',') ?? '', position);
    settings.set(name, point === null ? null : `SEQ ${yield* resolve(point)}`, local);
  } else {
    const [role = 'none'] = values ?? [];
    refuseList(name, values);
    if ((name === 'role' || name === 'session_authorization') && role !== 'none' && role !== 'default' && !isRole(role))
      throw new DriftError('22023', `role "${role}" does not exist`, { position });
    settings.set(name, values === undefined || role === 'default' ? null : flattened(name, values), local);
  }
  if (!inTransaction) settings.endTransaction(false);
  if (local && !inTransaction) return warned('SET', '25P01', 'SET LOCAL can only be used in transaction blocks');
  return command(reset === true ? 'RESET' : 'SET');
}

/** What SET says of the open transaction, whose modes are settings by name too; null for other settings and values. */
export function modesOf({ name, values }: SetSetting): SetTransaction['modes'] | null {
  if (values?.length !== 1) return null;
  const value = values[0]?.toLowerCase();
  if (name === 'transaction_isolation') {
    const isolation = LEVELS.find((level) => level === value);
    return isolation === undefined ? null : { ...NO_MODES, isolation };
  }
  const flag = value === 'on' || value === 'true' ? true : value === 'off' || value === 'false' ? false : null;
  if (flag === null) return null;
  if (name === 'transaction_read_only') return { ...NO_MODES, readOnly: flag };
  return name === 'transaction_deferrable' ? { ...NO_MODES, deferrable: flag } : null;
}

/** Whether a role of that name exists; the owner of everything is one. */
export function isRole(catalog: Catalog, name: string): boolean {
  if (name === 'drift') return true;
  for (const object of catalog.objects()) if (object.kind === 'role' && object.name === name) return true;
  return false;
}

/** Commands that are taken and do nothing here; null for any other statement. */
export function withoutEffect(statement: Statement): ResultSet | null {
  switch (statement.kind) {
    case 'listen':
    case 'unlisten':
    case 'notify':
      return command(statement.kind.toUpperCase());
    default:
      return null;
  }
}

/** The moment that a setting's text names: a sequence number, or else a timestamp; null for the present. */
function pointNamed(text: string, position: number): TimePoint | null {
  if (text.trim() === '') return null;
  const seq = /^\s*(?:seq\s+)?(\d{1,15})\s*$/i.exec(text)?.[1];
  if (seq !== undefined) return { kind: 'seq', value: { kind: 'number', text: seq, position }, position };
  return { kind: 'timestamp', value: { kind: 'string', value: text, position }, position };
}

/** What a commit carries. Throws 22P02 and the like for metadata that is no JSON value. */
export function commitInfo(options: TransactionOptions, context: EvalContext): CommitInfo {
  const { author = null, message = null, timestamp = null, clientId = null } = options;
  const metadata =
    options.metadata === undefined
      ? null
      : (typeByOid(JSONB_OID).input(JSON.stringify(options.metadata), -1, context) as string);
  return { author, message, metadata, timestamp, clientId };
}

/** Looks for a table that a command names without reading it. Throws 42P01. */
export function requireTable(scene: Scene, name: QualifiedName): void {
  if (scene.eval.catalog.relation(name.schema, name.name) !== undefined) return;
  throw new DriftError('42P01', `relation "${name.name}" does not exist`, { position: name.position });
}

/** SET TRANSACTION, and SET SESSION CHARACTERISTICS for the transactions to come. Throws 25001 when it comes too late. */
export function setModes(
  settings: Settings,
  { session, modes, snapshot }: Pick<SetTransaction, 'session' | 'modes'> & Partial<Pick<SetTransaction, 'snapshot'>>,
  open: Pick<Open, 'transaction' | 'savepoints' | 'asOf'> | null,
): ResultSet {
  const { readOnly, isolation, deferrable } = modes;
  if (session) {
    if (isolation !== undefined) settings.set('default_transaction_isolation', isolation, false);
    if (readOnly !== undefined) settings.set('default_transaction_read_only', readOnly ? 'on' : 'off', false);
    if (deferrable !== undefined) settings.set('default_transaction_deferrable', deferrable ? 'on' : 'off', false);
    if (open === null) settings.endTransaction(false);
    return command('SET');
  }
  if (snapshot !== undefined) refuseSnapshot(settings, snapshot, open);
  if (open === null) return warned('SET', '25P01', 'SET TRANSACTION can only be used in transaction blocks');
  const { transaction } = open;
  if (isolation !== undefined && isolation !== transaction.isolation) {
    if (!transaction.fresh)
      throw new DriftError('25001', 'SET TRANSACTION ISOLATION LEVEL must be called before any query');
    if (open.savepoints.length > 0)
      throw new DriftError('25001', 'SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction');
    transaction.isolation = isolation;
  }
  if (readOnly !== undefined) {
    if (!readOnly && transaction.readOnly && !transaction.fresh)
      throw new DriftError('25001', 'transaction read-write mode must be set before any query');
    if (!readOnly && transaction.readOnly && open.savepoints.length > 0)
      throw new DriftError('25001', 'cannot set transaction read-write mode inside a read-only transaction');
    transaction.readOnly = readOnly || open.asOf !== null;
  }
  if (deferrable !== undefined) {
    if (!transaction.fresh)
      throw new DriftError('25001', 'SET TRANSACTION [NOT] DEFERRABLE must be called before any query');
    transaction.deferrable = deferrable;
  }
  return command('SET');
}

/** SET TRANSACTION SNAPSHOT: nobody has exported one. */
function refuseSnapshot(settings: Settings, snapshot: string, open: Pick<Open, 'transaction'> | null): never {
  const level = open?.transaction.isolation ?? settings.get('default_transaction_isolation') ?? '';
  if (open?.transaction.fresh === false)
    throw new DriftError('25001', 'SET TRANSACTION SNAPSHOT must be called before any query');
  if (level === 'read committed' || level === 'read uncommitted')
    throw new DriftError(
      '0A000',
      'a snapshot-importing transaction must have isolation level SERIALIZABLE or REPEATABLE READ',
    );
  throw new DriftError('22023', `invalid snapshot identifier: "${snapshot}"`);
}
