/**
 * History as tables: the queries that `table_changes`, `table_diff`, `row_history`, `blame` and `database_diff` stand for.
 *
 * Each reads versions of a table by their interval [_seq_from, _seq_to). With a < b, and versions of one key side by side:
 *
 *     changes in (a, b]    begun in it, ended in it; one that begins where another of its key ends is an update
 *     difference a → b     alive at a and ended by b, against alive at b and begun after a: what was there all the time
 *                          is on neither side, so the cost is that of the changes
 *
 * Columns of two times meet by their id: a renamed column is the same, a dropped one exists on one side only.
 */
import type { Catalog, ColumnDef, TableDef } from '../catalog/schema.ts';
import { quoteIdent, quoteLiteral } from '../sql/functions/format-text.ts';
import type { Kept } from '../table/kept.ts';
import { typeByOid } from '../sql/types/registry.ts';

/** Name under which scans give the row id of a table without a primary key. */
export const ROW_ID = '_row_id';

/** A table as it was at a moment; null where it was not there. */
export interface TableAt {
  readonly table: TableDef;
  /** Null: now, with the transaction's own changes. */
  readonly seq: number | null;
}

const COMMIT = 'x.committed_at, x.author, x.message, x.metadata';

/** Every change after commit `a` up to commit `b`. */
export function changesQuery(table: TableDef, a: number, b: number, rowIds = false): string {
  const hidden = rowIds && rowId(table) !== '' ? [{ name: ROW_ID }] : [];
  const columns = [...shown(table), ...hidden];
  const name = nameOf(table);
  const period = `FOR SYSTEM_TIME BETWEEN SEQ ${a} AND SEQ ${b}`;
  const side = `SELECT *, _seq_from, _seq_to${rowId(table)} FROM ${name} ${period}`;
  const keys = keyNames(table).map((key) => `n.${key} = o.${key}`);
  return (
    `SELECT c.seq, ${COMMIT}, c.operation${list(columns, (q, c) => `c.${q(`before_${c}`)}`)}` +
    `${list(columns, (q, c) => `c.${q(`after_${c}`)}`)} FROM (` +
    `SELECT coalesce(n._seq_from, o._seq_to) AS seq, CASE WHEN o._seq_to IS NULL THEN 'insert' ` +
    `WHEN n._seq_from IS NULL THEN 'delete' ELSE 'update' END AS operation` +
    list(columns, (q, c) => `o.${q(c)} AS ${q(`before_${c}`)}`) +
    `${list(columns, (q, c) => `n.${q(c)} AS ${q(`after_${c}`)}`)} ` +
    `FROM (${side} WHERE _seq_from > ${a}) n FULL JOIN (${side} WHERE _seq_to <= ${b}) o ` +
    `ON ${keys.join(' AND ')} AND n._seq_from = o._seq_to) c JOIN drift.transactions x ON x.seq = c.seq`
  );
}

/** The net difference; null for a table that is not there at that moment, and `seq` is the moment all the same. */
export function diffQuery(
  name: string,
  from: TableAt | null,
  to: TableAt | null,
  a: number,
  b: number,
  rowIds = false,
): string {
  const before = from?.table ?? (to as TableAt).table;
  const after = to?.table ?? before;
  const same = from !== null && to !== null && before.id === after.id && before.key.join() === after.key.join();
  const left = side(from, before, same && to.seq !== null ? `_seq_to <= ${b}` : '', a);
  const right = side(to, after, same && to.seq !== null ? `_seq_from > ${a}` : '', b);
  const keys = same ? keyPairs(before, after) : namedKeys(before, after);
  const differs = comparable(before, after).map(([f, t]) => `f.${f} IS DISTINCT FROM t.${t}`);
  return (
    `SELECT CASE WHEN f._there IS NULL THEN 'added' WHEN t._there IS NULL THEN 'removed' ELSE 'modified' END AS diff_type` +
    list(shown(before), (q, c) => `f.${q(c)} AS ${q(`from_${c}`)}`) +
    list(shown(after), (q, c) => `t.${q(c)} AS ${q(`to_${c}`)}`) +
    `${rowIds && rowId(after) !== '' ? `, t.${ROW_ID} AS to_${ROW_ID}` : ''} FROM (${left}) f FULL JOIN (${right}) t ON ${keys.map(([f, t]) => `f.${f} = t.${t}`).join(' AND ') || 'false'} ` +
    `WHERE ${['f._there IS NULL', 't._there IS NULL', ...differs].join(' OR ')} /* ${name.replaceAll('*/', '')} */`
  );
}

/**
 * All versions of one row that are kept and its deletions, oldest first; the key's values are parameters. Where the state
 * before a version is gone nobody knows what made it, and where the one at its end is, whether the row was deleted.
 */
export function rowHistoryQuery(table: TableDef, kept: Kept): string {
  const names = shown(table);
  const columns = list(names, (q, c) => `v.${q(c)}`);
  const key = keyNames(table).map((name, i) => `v.${name} = $${i + 1}`);
  const versions = `FROM ${nameOf(table)} FOR SYSTEM_TIME ALL v WHERE ${key.join(' AND ')}`;
  // Names of their own: the table may have a column seq or operation.
  return (
    `SELECT h._at_seq AS seq, ${COMMIT}, h._operation AS operation${list(names, (q, c) => `h.${q(c)}`)} FROM (` +
    `SELECT v._seq_from AS _at_seq, CASE WHEN lag(v._seq_to) OVER (ORDER BY v._seq_from) = v._seq_from THEN 'update' ` +
    `WHEN ${isKeptSql(kept, 'v._seq_from - 1')} THEN 'insert' ELSE 'unknown' END AS _operation${columns} ${versions} UNION ALL ` +
    `SELECT e._at_seq, CASE WHEN ${isKeptSql(kept, 'e._at_seq')} THEN 'delete' ELSE 'ended' END${list(names, (q, c) => `e.${q(c)}`)} FROM (SELECT v._seq_to AS _at_seq, ` +
    `lead(v._seq_from) OVER (ORDER BY v._seq_from) AS _next_seq${columns} ${versions}) e ` +
    `WHERE e._at_seq IS NOT NULL AND e._next_seq IS DISTINCT FROM e._at_seq` +
    `) h JOIN drift.transactions x ON x.seq = h._at_seq ORDER BY h._at_seq`
  );
}

function isKeptSql({ historyFrom, keptBefore }: Kept, seq: string): string {
  const spans = keptBefore.map(({ start, end }) => ` OR ${seq} >= ${start} AND ${seq} < ${end}`);
  return `(${seq} >= ${historyFrom}${spans.join('')})`;
}

/** The commit that wrote each row as it is at a moment; null: now, with the transaction's own changes. */
export function blameQuery(table: TableDef, seq: number | null): string {
  const time = seq === null ? '' : ` FOR SYSTEM_TIME AS OF SEQ ${seq}`;
  return (
    `SELECT v._seq_from AS seq, ${COMMIT}${list(shown(table), (q, c) => `v.${q(c)}`)} ` +
    `FROM ${nameOf(table)}${time} v LEFT JOIN drift.transactions x ON x.seq = v._seq_from`
  );
}

/** Tables whose rows or definition differ between two moments. */
export function databaseDiffQuery(before: Catalog, after: Catalog, a: number, b: number): string {
  const queries: string[] = [];
  for (const [from, to] of tablePairs(before, after)) {
    const { schema, name } = to ?? (from as TableDef);
    const rows = diffQuery(
      name,
      from === null ? null : { table: from, seq: a },
      to === null ? null : { table: to, seq: b },
      a,
      b,
    );
    const change = schemaChange(from, to);
    const count = (type: string): string => `count(*) FILTER (WHERE d.diff_type = '${type}')`;
    queries.push(
      `SELECT ${quoteLiteral(schema)}::text AS table_schema, ${quoteLiteral(name)}::text AS table_name, ` +
        `${count('added')} AS rows_added, ${count('removed')} AS rows_removed, ${count('modified')} AS rows_modified, ` +
        `${change === null ? 'NULL' : quoteLiteral(change)}::text AS schema_change FROM (${rows}) d` +
        (change === null ? ' HAVING count(*) > 0' : ''),
    );
  }
  const none =
    'SELECT NULL::text AS table_schema, NULL::text AS table_name, 0::bigint AS rows_added, 0::bigint AS rows_removed, ' +
    '0::bigint AS rows_modified, NULL::text AS schema_change WHERE false';
  return [none, ...queries].join(' UNION ALL ');
}

// ---- tables of two times -----------------------------------------------------------------------------------------

function side(at: TableAt | null, table: TableDef, condition: string, seq: number): string {
  // A side that is not there has the other one's columns, and no rows.
  if (at === null)
    return `SELECT ${shown(table)
      .map(({ name, type }) => `NULL::${typeByOid(type.oid).name} AS ${quoteIdent(name)}`)
      .concat('NULL::bigint AS ' + ROW_ID, 'NULL::boolean AS _there')
      .join(', ')} WHERE false`;
  const where = condition === '' ? '' : ` WHERE ${condition}`;
  // The versions in force at one moment: as AS OF, but bounds of the interval are tested before rows are copied.
  const moment = at.seq === null ? '' : ` FOR SYSTEM_TIME BETWEEN SEQ ${seq} AND SEQ ${seq}`;
  return `SELECT *${rowId(table)}, true AS _there FROM ${nameOf(table)}${moment}${where}`;
}

function* tablePairs(before: Catalog, after: Catalog): Iterable<[TableDef | null, TableDef | null]> {
  const old = tablesOf(before);
  const late = tablesOf(after);
  for (const [id, table] of late) yield [old.get(id) ?? null, table];
  for (const [id, table] of old) if (!late.has(id)) yield [table, null];
}

function tablesOf(catalog: Catalog): Map<number, TableDef> {
  const tables = new Map<number, TableDef>();
  for (const object of catalog.objects())
    if (object.kind === 'table' && object.schema !== 'drift' && object.onCommit === undefined)
      tables.set(object.id, object);
  return tables;
}

function schemaChange(from: TableDef | null, to: TableDef | null): string | null {
  if (from === null) return 'table created';
  if (to === null) return 'table dropped';
  const changes: string[] = [];
  if (from.name !== to.name || from.schema !== to.schema)
    changes.push(`table renamed from ${from.schema}.${from.name}`);
  const earlier = earlierColumns(from, to);
  for (const column of shown(to)) {
    const was = earlier.get(column.id);
    if (was === undefined) changes.push(`column ${column.name} added`);
    else if (was.name !== column.name) changes.push(`column ${was.name} renamed to ${column.name}`);
    else if (was.type.oid !== column.type.oid || was.type.typmod !== column.type.typmod)
      changes.push(`type of column ${column.name} changed`);
  }
  const kept = new Set(earlier.values());
  for (const column of shown(from)) if (!kept.has(column)) changes.push(`column ${column.name} dropped`);
  return changes.length === 0 ? null : changes.join(', ');
}

/**
 * What each column of a table was at an earlier moment, by its id now: the same column, perhaps of another name, or the one
 * of its name that gave way to it when its type was changed.
 */
export function earlierColumns(before: TableDef, after: TableDef): Map<number, ColumnDef> {
  const old = new Map(shown(before).map((column) => [column.id, column]));
  const pairs = new Map<number, ColumnDef>();
  for (const { id } of shown(after)) {
    const same = old.get(id);
    if (same !== undefined) pairs.set(id, same);
    old.delete(id);
  }
  for (const { id, name } of shown(after)) {
    const replaced = pairs.has(id) ? undefined : [...old.values()].find((column) => column.name === name);
    if (replaced !== undefined) pairs.set(id, replaced);
  }
  return pairs;
}

/** Columns that exist on both sides, in a form that can be compared. */
function comparable(before: TableDef, after: TableDef): [string, string][] {
  const earlier = earlierColumns(before, after);
  const pairs: [string, string][] = [];
  for (const column of shown(after)) {
    const old = earlier.get(column.id);
    if (old === undefined) continue;
    const [a, b] = [typeByOid(old.type.oid), typeByOid(column.type.oid)];
    const comparesAsIs = a.oid === b.oid ? a.compare !== undefined : a.category === 'N' && b.category === 'N';
    const cast = comparesAsIs ? '' : '::text';
    pairs.push([`${quoteIdent(old.name)}${cast}`, `${quoteIdent(column.name)}${cast}`]);
  }
  return pairs;
}

function keyPairs(before: TableDef, after: TableDef): [string, string][] {
  const names = keyNames(after);
  return keyNames(before).map((name, i) => [name, names[i] ?? name]);
}

/** Keys of tables that share no more than their name: columns of the same names and types. */
function namedKeys(before: TableDef, after: TableDef): [string, string][] {
  const pairs = shown(after)
    .filter(({ id }) => after.key.includes(id))
    .map((column) => {
      const other = shown(before).find(({ name, type }) => name === column.name && type.oid === column.type.oid);
      return other === undefined ? null : ([quoteIdent(other.name), quoteIdent(column.name)] as [string, string]);
    });
  return pairs.length < after.key.length || pairs.includes(null) ? [] : (pairs as [string, string][]);
}

// ---- text --------------------------------------------------------------------------------------------------------

export function shown(table: TableDef): readonly ColumnDef[] {
  return table.columns.filter(({ hidden }) => hidden !== true);
}

/** Names of the key's columns; the row id where there is no primary key. */
export function keyNames(table: TableDef): string[] {
  return table.key.map((id) => {
    const column = table.columns.find((candidate) => candidate.id === id);
    return column === undefined || column.hidden === true ? ROW_ID : quoteIdent(column.name);
  });
}

function rowId(table: TableDef): string {
  return keyNames(table).includes(ROW_ID) ? `, ${ROW_ID}` : '';
}

export function nameOf({ schema, name }: TableDef): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

function list(
  columns: readonly Pick<ColumnDef, 'name'>[],
  one: (quote: (name: string) => string, name: string) => string,
): string {
  return columns.map(({ name }) => `, ${one(quoteIdent, name)}`).join('');
}
