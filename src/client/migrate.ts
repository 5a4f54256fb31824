/**
 * Migrations through the API: brings a database to a version of its schema, one transaction a migration.
 *
 * The engine applies and reverts single migrations (CREATE MIGRATION, DROP MIGRATION) and refuses what has changed; here
 * is the way from the version that a database has to the one that it should have.
 */
import { DriftError } from '../base/error.ts';
import { requireTableName } from './names.ts';
import type { TransactionOptions } from './options.ts';
import type { Transaction } from './statements.ts';

export interface Migration {
  /** Positive; migrations are applied in the order of their versions. */
  readonly version: number;
  readonly name: string;
  /** Statements of SQL. Once applied they must stay as they are. */
  readonly up: string;
  /** What takes them back. */
  readonly down?: string | undefined;
  /** A query that must give true before `up` runs. */
  readonly require?: string | undefined;
  /** A query that must give true after it. */
  readonly ensure?: string | undefined;
}

export interface MigrateOptions {
  /** Version to come to; 0 takes all back. Default: the last. */
  readonly to?: number | undefined;
  /** Runs everything, says what it changes, and takes it back. Default false. */
  readonly dryRun?: boolean | undefined;
  /** Where applied migrations are recorded, written as in SQL. Default `drift_migrations`. */
  readonly table?: string | undefined;
}

export interface MigrationStep {
  readonly version: number;
  readonly name: string;
  readonly direction: 'up' | 'down';
  /** Of a dry run: what it adds (`+`), takes away (`-`) or changes (`~`) in the schema. */
  readonly changes?: readonly string[] | undefined;
}

export interface MigrateResult {
  /** Version before; 0 where nothing was applied. */
  readonly from: number;
  /** Version after (of a dry run: what it would be). */
  readonly to: number;
  readonly steps: readonly MigrationStep[];
}

/** Runs a function in a transaction, as `Database.transaction` does. */
export type InTransaction = <T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions) => Promise<T>;

const TIMES = 5;

/** Throws 22023 for a list that cannot be, 55000 where it and the database do not fit, P0004 where a condition does not hold. */
export async function migrate(
  transaction: InTransaction,
  migrations: readonly Migration[],
  { to, dryRun = false, table = 'drift_migrations' }: MigrateOptions = {},
): Promise<MigrateResult> {
  requireTableName(table);
  const list = sorted(migrations);
  const target = to ?? list.at(-1)?.version ?? 0;
  if (target !== 0 && !list.some(({ version }) => version === target))
    throw new DriftError('22023', `there is no migration ${target}`);
  const applied = await transaction((tx) => appliedVersions(tx, table), { readOnly: true });
  const from = applied.at(-1) ?? 0;
  const plan = planOf(list, applied, target);
  const steps: MigrationStep[] = [];
  if (dryRun) {
    await transaction(async (tx) => {
      for (const step of plan) {
        const before = await schemaOf(tx, table);
        await run(tx, step, table);
        if (!step.known) steps.push({ ...shown(step), changes: differences(before, await schemaOf(tx, table)) });
      }
      await tx.rollback();
    });
  } else {
    for (const step of plan) {
      await retrying(() => transaction((tx) => run(tx, step, table)));
      if (!step.known) steps.push(shown(step));
    }
  }
  return { from, to: target, steps };
}

interface Step {
  readonly migration: Migration;
  readonly direction: 'up' | 'down';
  /** Applied already: only looked at. */
  readonly known: boolean;
}

function sorted(migrations: readonly Migration[]): Migration[] {
  const list = [...migrations].sort((a, b) => a.version - b.version);
  list.forEach(({ version, name }, i) => {
    if (!Number.isSafeInteger(version) || version <= 0 || version >= 1e15)
      throw new DriftError('22023', `migration "${name}" has the version ${version}, which is no positive integer`);
    if (list[i + 1]?.version === version) throw new DriftError('22023', `there are two migrations ${version}`);
  });
  return list;
}

/** Those that are applied are looked at first, so that nothing runs on what has changed. */
function planOf(list: readonly Migration[], applied: readonly number[], target: number): Step[] {
  const byVersion = new Map(list.map((migration) => [migration.version, migration]));
  const steps: Step[] = applied.map((version) => {
    const migration = byVersion.get(version);
    if (migration === undefined) throw new DriftError('55000', `migration ${version} is applied but not in the list`);
    return { migration, direction: 'up', known: true };
  });
  const last = applied.at(-1) ?? 0;
  const skipped = list.find(({ version }) => version < last && !applied.includes(version));
  if (skipped !== undefined)
    throw new DriftError('55000', `migration ${skipped.version} comes before migration ${last}, which is applied`);
  for (const migration of list) {
    if (migration.version > last && migration.version <= target)
      steps.push({ migration, direction: 'up', known: false });
  }
  for (const version of applied.toReversed()) {
    if (version <= target) break;
    const migration = byVersion.get(version) as Migration;
    if (migration.down === undefined)
      throw new DriftError('55000', `migration ${version} "${migration.name}" says nothing of how to revert it`);
    steps.push({ migration, direction: 'down', known: false });
  }
  return steps;
}

async function appliedVersions(tx: Transaction, table: string): Promise<number[]> {
  try {
    const { rows } = await tx.query<{ version: number }>(`SELECT version::float8 AS version FROM ${table} ORDER BY 1`);
    return rows.map(({ version }) => version);
  } catch (error) {
    if (error instanceof DriftError && error.code === '42P01') {
      await tx.rollback();
      return [];
    }
    throw error;
  }
}

async function run(tx: Transaction, { migration, direction }: Step, table: string): Promise<void> {
  const { version, name, up, down, require, ensure } = migration;
  if (direction === 'down') {
    await tx.exec(`DROP MIGRATION ${version} IN ${table}`);
    return;
  }
  const part = (word: string, text: string | undefined): string =>
    text === undefined ? '' : ` ${word} ${literal(text)}`;
  await tx.exec(
    `CREATE MIGRATION ${version} ${literal(name)} AS ${literal(up)}${part('REVERT', down)}${part('REQUIRE', require)}${part('ENSURE', ensure)} IN ${table}`,
  );
}

function shown({ migration, direction }: Step): MigrationStep {
  return { version: migration.version, name: migration.name, direction };
}

/** Another page may migrate at the same time: who loses finds the migration applied. */
async function retrying(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      const code = error instanceof DriftError ? error.code : '';
      // Two that make the same table at once may meet as duplicates.
      const times = code === '40001' ? TIMES : code === '23505' || code === '42P07' ? 2 : 1;
      if (attempt >= times) throw error;
    }
  }
}

function literal(text: string): string {
  return `E'${text.replace(/['\\]/g, '\\$&')}'`;
}

// ---- what a dry run changes --------------------------------------------------------------------------------------

/** What there is, by name, with what describes it; the record of migrations is left out. */
async function schemaOf(tx: Transaction, table: string): Promise<Map<string, string>> {
  const { rows } = await tx.query<{ what: string; how: string }>(
    `SELECT 'column ' || table_schema || '.' || table_name || '.' || column_name AS what,
        data_type || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END || coalesce(' DEFAULT ' || column_default, '') AS how
      FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'drift')
     UNION ALL
     SELECT CASE table_type WHEN 'VIEW' THEN 'view ' ELSE 'table ' END || table_schema || '.' || table_name, ''
      FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'drift')
     UNION ALL SELECT 'index ' || schemaname || '.' || indexname, indexdef FROM pg_indexes WHERE schemaname NOT IN ('pg_catalog', 'drift')
     ORDER BY 1`,
  );
  const own = /[^."]+(?="?$)/.exec(table)?.[0] ?? table;
  const isOwn = (what: string): boolean => what.split('.').some((part) => part === own || part === `${own}_pkey`);
  return new Map(rows.filter(({ what }) => !isOwn(what)).map(({ what, how }) => [what, how]));
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const text = (what: string, how: string | undefined): string => (how === '' ? what : `${what}: ${how ?? ''}`);
  const changes: string[] = [];
  for (const [what, how] of before) if (!after.has(what)) changes.push(`- ${text(what, how)}`);
  for (const [what, how] of after) {
    if (!before.has(what)) changes.push(`+ ${text(what, how)}`);
    else if (before.get(what) !== how) changes.push(`~ ${what}: ${before.get(what) ?? ''} → ${how}`);
  }
  return changes;
}
