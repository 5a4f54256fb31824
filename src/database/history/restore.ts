/**
 * RESTORE: makes the rows of one table, or of all, what they were at a moment, by a new commit. Nothing is rewritten:
 * the states in between stay readable, and a RESTORE can be restored from.
 *
 * It is one statement with a WITH of deletions, updates and insertions for each table. All of them read the state before
 * it and constraints are checked at its end, so tables that refer to each other come back together. Columns are those
 * of the present: what a column that is gone held stays in the past, one that is new keeps its value or gets its
 * default. Triggers are not fired: they would change what is restored.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import { diffQuery, earlierColumns, keyNames, nameOf, ROW_ID, shown } from '../../plan/history-queries.ts';
import type { QualifiedName } from '../../sql/ast.ts';
import type { Restore } from '../../sql/ast-history.ts';
import { isUserType } from '../../catalog/user-types.ts';
import { quoteIdent } from '../../sql/functions/format-text.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { ddlContext, withCatalog } from '../definition.ts';
import type { ResultSet } from '../api.ts';
import { command } from '../show.ts';
import { bindContextOf, refuseWrites, type Scene } from '../statement.ts';
import { describeCommit } from '../signature.ts';

export function* restore(scene: Scene, statement: Restore): Task<ResultSet> {
  refuseWrites(scene);
  const context = ddlContext(scene);
  const seq = yield* context.resolveMoment(statement.at);
  const before = yield* bindContextOf(scene).catalogAt(seq);
  const tables = statement.table === undefined ? allTables(scene) : [oneTable(scene, statement.table)];
  const parts: string[] = [];
  for (const [i, table] of tables.entries()) {
    const then = before.byId(table.id);
    if (then?.kind !== 'table') {
      if (statement.table === undefined) continue;
      throw new DriftError('42P01', `table "${table.name}" did not exist at sequence number ${seq}`, {
        position: statement.table.position,
      });
    }
    if (then.key.join() !== table.key.join())
      throw new DriftError('0A000', `table "${table.name}" had another primary key at sequence number ${seq}`);
    parts.push(...changes(then, table, seq, scene.transaction.snapshot, i));
  }
  const rows = yield* changeRows(scene, parts);
  const what = statement.table === undefined ? 'database' : `table ${tables[0]?.name}`;
  describeCommit(scene, `restore ${what} to ${seq}`);
  return { ...command('RESTORE'), affectedRows: rows };
}

/** Runs changes that are parts of a WITH as one statement, without triggers. Returns the number of rows. */
export function* changeRows(
  scene: Scene,
  parts: readonly string[],
  relations: Scene['relations'] = scene.relations,
): Task<number> {
  const names = [...parts.join(' ').matchAll(/\b(changed_\d+_[a-z]+) AS \(/g)].map(([, name]) => name);
  if (names.length === 0) return 0;
  const counts = names.map((name) => `(SELECT count(*) FROM ${name})`);
  const rows = yield* ddlContext({ ...withCatalog(silently(scene)), relations, givesRowIds: true }).query(
    `WITH ${parts.join(', ')} SELECT ${counts.join(' + ')}`,
  );
  return Number(rows[0]?.[0] ?? 0);
}

/** A scene in which no trigger fires. */
export function silently(scene: Scene): Scene {
  return { ...scene, routines: { ...scene.routines, triggers: () => silent } };
}

/** Triggers that are there and do nothing. */
const silent: ReturnType<Scene['routines']['triggers']> = {
  *row(_trigger, _occasion, old, now) {
    return now ?? old;
  },
  *plain() {
    // Nothing.
  },
};

/** Throws 42P01, and 42809 for what is no table. */
function oneTable(scene: Scene, name: QualifiedName): TableDef {
  const found = scene.eval.catalog.relation(name.schema, name.name);
  const { position } = name;
  if (found === undefined)
    throw new DriftError('42P01', `relation "${name.name}" does not exist`, {
      position,
      hint: 'UNDROP TABLE brings back a table that was dropped.',
    });
  if (found.kind !== 'table' || found.materialized !== undefined || found.schema === 'drift')
    throw new DriftError('42809', `"${name.name}" is not a table that can be restored`, { position });
  return found;
}

function allTables(scene: Scene): TableDef[] {
  const tables: TableDef[] = [];
  for (const object of scene.eval.catalog.objects()) {
    const isPlain = object.kind === 'table' && object.schema !== 'drift' && object.materialized === undefined;
    if (isPlain && object.onCommit === undefined && object.schema !== scene.eval.catalog.temp) tables.push(object);
  }
  return tables;
}

function changes(then: TableDef, now: TableDef, seq: number, snapshot: number, i: number): string[] {
  const old = earlierColumns(then, now);
  const kept = shown(now).filter(({ id, generated }) => old.has(id) && generated === undefined);
  const from = ({ id, type }: ColumnDef): string => {
    const column = old.get(id);
    const value = `d.${quoteIdent(`from_${column?.name ?? ''}`)}`;
    const isCast = column !== undefined && column.type.oid !== type.oid && !isUserType(type.oid);
    return isCast ? `${value}::${typeByOid(type.oid).display}` : value;
  };
  const keys = keyNames(now);
  const same = keys.map((key) => `t.${key} = d.${toName(now, key)}`).join(' AND ');
  const settable = kept.filter(({ id, identity }) => !now.key.includes(id) && identity !== 'always');
  const name = nameOf(now);
  // In a transaction block the present has changes of its own; a statement by itself compares two commits.
  const diff = diffQuery(now.name, { table: then, seq }, { table: now, seq: null }, seq, snapshot, true);
  const parts = [`diff_${i} AS MATERIALIZED (${diff})`];
  const source = `diff_${i} d`;
  parts.push(
    `changed_${i}_d AS (DELETE FROM ${name} t USING ${source} WHERE d.diff_type = 'added' AND ${same} RETURNING 1)`,
  );
  if (settable.length > 0) {
    const sets = settable.map((column) => `${quoteIdent(column.name)} = ${from(column)}`);
    parts.push(
      `changed_${i}_u AS (UPDATE ${name} t SET ${sets.join(', ')} FROM ${source} ` +
        `WHERE d.diff_type = 'modified' AND ${same} RETURNING 1)`,
    );
  }
  if (kept.length > 0) {
    parts.push(
      `changed_${i}_i AS (INSERT INTO ${name} (${kept.map((column) => quoteIdent(column.name)).join(', ')}) ` +
        `OVERRIDING SYSTEM VALUE SELECT ${kept.map(from).join(', ')} FROM ${source} ` +
        `WHERE d.diff_type = 'removed' RETURNING 1)`,
    );
  }
  return parts;
}

function toName(table: TableDef, key: string): string {
  if (key === ROW_ID) return `to_${ROW_ID}`;
  const column = table.columns.find(({ name }) => quoteIdent(name) === key);
  return quoteIdent(`to_${column?.name ?? ''}`);
}
