/**
 * REVERT TRANSACTION n [, n …]: takes back what a commit changed, or several together, by a new commit.
 *
 * A row can be put back where nobody has changed it since: its current version is the one that commit n wrote, or it is
 * still gone. Otherwise it is in conflict with the later commits:
 *
 *     NOCASCADE           any conflict is an error that lists them (default)
 *     NONCONFLICT_ONLY    rows in conflict stay as they are
 *     CASCADE             the later commits are reverted as well, and those that build on them
 *
 * Constraints hold at the end of the statement; triggers are not fired. Definitions are not reverted.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { TableDef } from '../../catalog/schema.ts';
import { changesQuery, keyNames, nameOf, ROW_ID, shown } from '../../plan/history-queries.ts';
import type { RevertTransaction } from '../../sql/ast-history.ts';
import { quoteIdent } from '../../sql/functions/format-text.ts';
import type { ResultSet } from '../api.ts';
import { ddlContext } from '../definition.ts';
import { command } from '../show.ts';
import { bindContextOf, refuseWrites, type Scene } from '../statement.ts';
import { describeCommit } from '../signature.ts';
import { changeRows } from './restore.ts';

export function* revertTransaction(scene: Scene, statement: RevertTransaction): Task<ResultSet> {
  const { rows, reverted } = yield* revertAll(scene, statement);
  describeCommit(scene, `revert ${reverted.join(', ')}`);
  return { ...command('REVERT'), affectedRows: rows };
}

/**
 * Takes commits back together; returns how many rows changed and which commits were reverted, ascending. Later changes by
 * commits that are `neutral` are in nobody's way: together they have changed nothing.
 */
export function* revertAll(
  scene: Scene,
  { seqs, mode, position }: Pick<RevertTransaction, 'seqs' | 'mode' | 'position'>,
  neutral: ReadonlySet<number> = new Set(),
): Task<{ readonly rows: number; readonly reverted: readonly number[] }> {
  refuseWrites(scene);
  const last = scene.transaction.snapshot;
  const tables: TableDef[] = [];
  const reverted = new Set<number>();
  const add = function* (seq: number): Task<void> {
    reverted.add(seq);
    for (const table of yield* changedTables(scene, seq))
      if (!tables.some(({ id }) => id === table.id)) tables.push(table);
  };
  for (const seq of seqs) {
    if (seq < 1 || seq > last)
      throw new DriftError('22023', `there is no transaction ${seq}`, { position, detail: `The last one is ${last}.` });
    yield* add(seq);
  }
  for (;;) {
    const later = new Set<number>();
    for (const table of tables)
      for (const other of yield* laterChanges(scene, table, { reverted, neutral, last })) later.add(other);
    if (later.size === 0 || mode === 'nonconflict_only') break;
    if (mode === 'nocascade') throw conflict(seqs, later, position);
    for (const other of later) yield* add(other);
  }
  const parts: string[] = [];
  for (const [i, table] of tables.entries()) parts.push(...changes(table, { reverted, neutral, last }, i));
  const rows = yield* changeRows(scene, parts);
  return { rows, reverted: [...reverted].toSorted((a, b) => a - b) };
}

interface Reverting {
  readonly reverted: ReadonlySet<number>;
  readonly neutral: ReadonlySet<number>;
  /** The newest commit that is looked at. */
  readonly last: number;
}

function conflict(seqs: readonly number[], later: ReadonlySet<number>, position: number): DriftError {
  const list = [...later].toSorted((a, b) => a - b).join(', ');
  return new DriftError('55000', `rows of transaction ${seqs.join(', ')} were changed again since`, {
    position,
    detail: `Later transactions that changed them: ${list}.`,
    hint: 'CASCADE reverts those, too; NONCONFLICT_ONLY leaves such rows as they are.',
  });
}

/** Tables that exist now and that a commit changed rows of, whatever they were called then. */
function* changedTables(scene: Scene, seq: number): Task<TableDef[]> {
  const touched = new Set<unknown>();
  for (const [name] of yield* query(scene, `SELECT unnest(tables) FROM drift.transactions WHERE seq = ${seq}`))
    touched.add(name);
  const found: TableDef[] = [];
  for (const then of (yield* bindContextOf(scene).catalogAt(seq)).objects()) {
    const now = scene.eval.catalog.byId(then.id);
    if (then.kind !== 'table' || now?.kind !== 'table' || !touched.has(then.name)) continue;
    if (then.schema === 'drift' || now.onCommit !== undefined) continue;
    // A period is read under the definitions of its end.
    const sql = `SELECT 1 FROM (${changesQuery(then, seq - 1, seq)}) c LIMIT 1`;
    if ((yield* query(scene, sql)).length > 0) found.push(now);
  }
  return found;
}

/** Commits, not among those to revert, that changed a row after one of those had. */
function* laterChanges(scene: Scene, table: TableDef, { reverted, neutral, last }: Reverting): Task<number[]> {
  const first = Math.min(...reverted);
  const list = [...reverted].join(', ');
  const known = [...reverted, ...neutral].join(', ');
  const rows = yield* query(
    scene,
    `WITH c AS MATERIALIZED (${keyed(table, first - 1, last)}) SELECT DISTINCT b.seq FROM c a JOIN c b ` +
      `ON b.seq > a.seq AND ${keyAliases(table)
        .map((key) => `a.${key} = b.${key}`)
        .join(' AND ')} WHERE a.seq IN (${list}) AND b.seq NOT IN (${known})`,
  );
  return rows.map(([seq]) => Number(seq));
}

/** The changes of a period under the keys of their rows. */
function keyed(table: TableDef, after: number, to: number): string {
  const keys = keyColumns(table).map(({ before, now }, i) => `coalesce(k.${now}, k.${before}) AS key_${i}`);
  return `SELECT k.*, ${keys.join(', ')} FROM (${changesQuery(table, after, to, true)}) k`;
}

/** For each row that was changed by what is reverted: the image before the first of those changes. */
function changes(table: TableDef, { reverted, neutral, last }: Reverting, i: number): string[] {
  const list = [...reverted].join(', ');
  const known = [...reverted, ...neutral].join(', ');
  const first = Math.min(...reverted);
  const keys = keyAliases(table);
  const columns = shown(table).filter(({ generated }) => generated === undefined);
  const before = (name: string): string => `d.${quoteIdent(`before_${name}`)}`;
  const same = keyNames(table).map((key, at) => `t.${key} = d.key_${at}`);
  const there = same.join(' AND ');
  const settable = columns.filter(({ id, identity }) => !table.key.includes(id) && identity !== 'always');
  const name = nameOf(table);
  const source = `first_${i} d`;
  const parts = [
    `all_${i} AS MATERIALIZED (${keyed(table, first - 1, last)})`,
    // Rows whose last change is one of those that are reverted.
    `first_${i} AS MATERIALIZED (SELECT DISTINCT ON (${keys.join(', ')}) a.*, (SELECT max(b.seq) FROM all_${i} b WHERE ` +
      `${keys.map((key) => `b.${key} = a.${key}`).join(' AND ')}) IN (${known}) AS free ` +
      `FROM all_${i} a WHERE a.seq IN (${list}) ORDER BY ${keys.join(', ')}, a.seq)`,
    `changed_${i}_d AS (DELETE FROM ${name} t USING ${source} WHERE d.free AND d.operation = 'insert' AND ${there} RETURNING 1)`,
    `changed_${i}_i AS (INSERT INTO ${name} (${columns.map((column) => quoteIdent(column.name)).join(', ')}) ` +
      `OVERRIDING SYSTEM VALUE SELECT ${columns.map((column) => before(column.name)).join(', ')} FROM ${source} ` +
      `WHERE d.free AND d.operation <> 'insert' AND NOT EXISTS (SELECT FROM ${name} t WHERE ${there}) RETURNING 1)`,
  ];
  if (settable.length === 0) return parts;
  const sets = settable.map((column) => `${quoteIdent(column.name)} = ${before(column.name)}`);
  parts.push(
    `changed_${i}_u AS (UPDATE ${name} t SET ${sets.join(', ')} FROM ${source} ` +
      `WHERE d.free AND d.operation <> 'insert' AND ${there} RETURNING 1)`,
  );
  return parts;
}

function keyAliases(table: TableDef): string[] {
  return table.key.map((_, i) => `key_${i}`);
}

function keyColumns(table: TableDef): { readonly before: string; readonly now: string }[] {
  return table.key.map((id) => {
    const column = table.columns.find((candidate) => candidate.id === id);
    const name = column === undefined || column.hidden === true ? ROW_ID : column.name;
    return { before: quoteIdent(`before_${name}`), now: quoteIdent(`after_${name}`) };
  });
}

function query(scene: Scene, sql: string): ReturnType<ReturnType<typeof ddlContext>['query']> {
  return ddlContext(scene).query(sql);
}
