/**
 * Migrations: scripts that change the schema step by step, each once and in order, recorded with a checksum.
 *
 * CREATE MIGRATION applies a script unless it is applied already: then its checksum must be the same. DROP MIGRATION
 * runs the script that takes the last one back. A migration is one statement: its conditions, its script and its record
 * come together or not at all, in a transaction of their own or in the one that is open.
 */
import { DriftError } from '../../base/error.ts';
import { sha256 } from '../../base/sha256.ts';
import type { Task } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import type { QualifiedName } from '../../sql/ast.ts';
import type { CreateMigration, DropMigration, Statement } from '../../sql/ast-statement.ts';
import { statements } from '../../sql/parser/parser.ts';
import type { ResultSet } from '../api.ts';
import { literal, quoted } from '../ddl/names.ts';
import { ddlContext, withCatalog } from '../definition.ts';
import { command } from '../show.ts';
import { refuseWrites, type Scene } from '../statement.ts';

const DEFAULT_TABLE = 'drift_migrations';

interface Applied {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly revert: string | null;
}

export function* createMigration(scene: Scene, statement: CreateMigration): Task<ResultSet> {
  refuseWrites(scene);
  const { version, name, script, revert, require, ensure, position } = statement;
  const table = tableOf(statement.table);
  const checksum = checksumOf([script, revert ?? '', require ?? '', ensure ?? '']);
  const applied = yield* appliedIn(scene, statement.table, table);
  const same = applied.find((other) => other.version === version);
  if (same !== undefined) {
    if (same.checksum === checksum)
      return noted('CREATE MIGRATION', `migration ${version} is already applied, skipping`);
    throw new DriftError('55000', `migration ${version} has changed since it was applied`, {
      position,
      detail: `It was applied as "${same.name}" with checksum ${same.checksum}; the checksum is now ${checksum}.`,
      hint: 'Leave applied migrations as they are and write a new one.',
    });
  }
  const later = applied.find((other) => other.version > version);
  if (later !== undefined) {
    throw new DriftError('55000', `migration ${version} comes before migration ${later.version}, which is applied`, {
      position,
      hint: 'Give the migration a version after the last one.',
    });
  }
  const label = `migration ${version} "${name}"`;
  if (require !== undefined) yield* hold(scene, require, `the precondition of ${label}`);
  yield* runScript(scene, script, label);
  if (ensure !== undefined) yield* hold(scene, ensure, `the postcondition of ${label}`);
  const values = [String(version), literal(name), literal(checksum), revert === undefined ? 'NULL' : literal(revert)];
  yield* query(scene, `INSERT INTO ${table} VALUES (${values.join(', ')}, clock_timestamp())`);
  describe(scene, label);
  return command('CREATE MIGRATION');
}

export function* dropMigration(scene: Scene, statement: DropMigration): Task<ResultSet> {
  refuseWrites(scene);
  const { version, position } = statement;
  const table = tableOf(statement.table);
  const applied = yield* appliedIn(scene, statement.table, table);
  const last = applied.at(-1);
  const found = applied.find((other) => other.version === version);
  if (found === undefined || last === undefined)
    throw new DriftError('42704', `migration ${version} is not applied`, { position });
  if (last.version !== version) {
    throw new DriftError('55000', `migration ${version} is not the last: ${last.version} was applied after it`, {
      position,
    });
  }
  if (found.revert === null)
    throw new DriftError('55000', `migration ${version} "${found.name}" says nothing of how to revert it`, {
      position,
    });
  const label = `reverting migration ${version} "${found.name}"`;
  yield* runScript(scene, found.revert, label);
  yield* query(scene, `DELETE FROM ${table} WHERE version = ${version}`);
  describe(scene, label);
  return command('DROP MIGRATION');
}

/** Applied migrations in order; makes the table where there is none. */
function* appliedIn(scene: Scene, name: QualifiedName | undefined, table: string): Task<Applied[]> {
  if (scene.transaction.catalog.relation(name?.schema, name?.name ?? DEFAULT_TABLE) === undefined) {
    yield* execute(
      scene,
      `CREATE TABLE ${table} (version bigint PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, revert text, applied_at timestamptz NOT NULL)`,
    );
    return [];
  }
  const rows = yield* query(scene, `SELECT version, name, checksum, revert FROM ${table} ORDER BY version`);
  return rows.map(([version, label, checksum, revert]) => ({
    version: Number(version),
    name: String(label),
    checksum: String(checksum),
    revert: revert === null || revert === undefined ? null : String(revert),
  }));
}

function* runScript(scene: Scene, script: string, label: string): Task<void> {
  let number = 0;
  for (const statement of readable(script, label)) {
    number++;
    try {
      if (statement.kind === 'commit' || statement.kind === 'rollback')
        throw new DriftError('2D000', `${statement.kind.toUpperCase()} would end the transaction of the migration`);
      yield* scene.execute(withCatalog(scene), statement);
    } catch (error) {
      throw error instanceof DriftError ? error.inContext(`${label}, statement ${number}`) : error;
    }
  }
}

/** The statements of a script, whose syntax errors have positions of its own text. */
function* readable(script: string, label: string): Generator<Statement, void, undefined> {
  try {
    yield* statements(script);
  } catch (error) {
    throw error instanceof DriftError ? error.inContext(`${label}, character ${error.position ?? 1}`) : error;
  }
}

/** A condition is a query whose rows all begin with true; no rows are no proof. */
function* hold(scene: Scene, condition: string, what: string): Task<void> {
  let rows: readonly (readonly Value[])[];
  try {
    rows = yield* query(scene, condition);
  } catch (error) {
    throw error instanceof DriftError ? error.inContext(what) : error;
  }
  if (rows.length > 0 && rows.every(([first]) => first === true)) return;
  throw new DriftError('P0004', `${what} does not hold`, { detail: condition });
}

function* execute(scene: Scene, sql: string): Task<void> {
  for (const statement of statements(sql)) yield* scene.execute(withCatalog(scene), statement);
}

function* query(scene: Scene, sql: string): Task<readonly (readonly Value[])[]> {
  return yield* ddlContext(withCatalog(scene)).query(sql);
}

function tableOf(name: QualifiedName | undefined): string {
  if (name === undefined) return DEFAULT_TABLE;
  return name.schema === undefined ? quoted(name.name) : `${quoted(name.schema)}.${quoted(name.name)}`;
}

function checksumOf(parts: readonly string[]): string {
  const bytes = sha256(new TextEncoder().encode(parts.join('\0')));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The commit says what it was, unless the caller has said something. */
function describe({ transaction }: Scene, label: string): void {
  transaction.info = { ...transaction.info, message: transaction.info.message ?? label };
}

function noted(tag: string, message: string): ResultSet {
  return { ...command(tag), notices: [{ severity: 'NOTICE', code: '00000', message }] };
}
