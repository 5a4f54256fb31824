/**
 * ERASE FROM t WHERE …: removes rows from all states, physically, and leaves a record without their content.
 *
 *     1  the keys of all rows are found of which any version, past or present, fulfils the condition
 *     2  a commit deletes those that are there, and says in its metadata how many rows of which table were erased
 *     3  their versions go from tiles and images, in memory (table/erase.ts)
 *     4  checkpoints write everything to new packs; old packs and logs go; free bytes of the manifest become zeros
 *
 * When it returns no file has the rows any more. After a crash behind step 2 the next opening goes on with what is left
 * (erase-pending.ts has steps 3 and 4).
 *
 * It is no part of a transaction, and nothing protects from it: no tag, no feed, no snapshot.
 */
import { DriftError } from '../../base/error.ts';
import { PAUSE, type Task, wait } from '../../base/task.ts';
import { valueAt, type Value, type Vector } from '../../base/vector.ts';
import type { TableDef } from '../../catalog/schema.ts';
import { isUserType } from '../../catalog/user-types.ts';
import { keyNames, nameOf, ROW_ID } from '../../plan/history-queries.ts';
import type { Erase } from '../../sql/ast-history.ts';
import type { Query } from '../../sql/ast-query.ts';
import { quoteIdent, quoteLiteral } from '../../sql/functions/format-text.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { Key } from '../../table/table.ts';
import { findLoaded } from '../../txn/commit-checks.ts';
import { encodeErasure } from '../../txn/erasure-codec.ts';
import type { LineStore } from '../../txn/line/line-store.ts';
import type { Notice, Parameter, ResultSet } from '../api.ts';
import { runBindable, uncached } from '../bindable.ts';
import { mainOf } from '../branch/lines.ts';
import type { Core } from '../core.ts';
import { define, tableNamed } from '../ddl/context.ts';
import { ddlContext, withCatalog } from '../definition.ts';
import { parseLedger } from '../ledger.ts';
import { command } from '../show.ts';
import { describeCommit, metadataOf } from '../signature.ts';
import { refuseWrites, type Scene } from '../statement.ts';
import { analyzeTable } from '../analyze.ts';
import { branchesWith } from './erase-on-lines.ts';
import { erasePending, rewriteAll } from './erase-pending.ts';
import { formerRows } from './former.ts';
import { silently } from './restore.ts';

/** Rows deleted by one statement. */
const ROWS_AT_ONCE = 200;

export function* erase(scene: Scene, statement: Erase, parameters: readonly Parameter[]): Task<ResultSet> {
  refuseWrites(scene);
  const { turns, core } = scene;
  const main = mainOf(core);
  if (scene.inBlock || scene.depth > 0 || turns === undefined)
    throw new DriftError('25001', 'ERASE cannot run inside a transaction block', { position: statement.position });
  const table = tableNamed(ddlContext(scene), statement.table, true);
  const job = { kind: 'erasure', treeId: table.id, reason: 'asked for' } as const;
  // What retention has given up and not removed yet would not be found.
  if (core.line === undefined && core.store.table(table.id).historyFrom > 0)
    yield* wait(core.background(job, () => core.store.trimHistory(table.id)));
  const found = yield* runBindable(scene, uncached(queryOf(table, statement)), queryOf(table, statement), parameters);
  const keys = yield* keysOf(core, table, found);
  const ask = (query: Query): Task<ResultSet> => runBindable(withCatalog(scene), uncached(query), query, parameters);
  const former = yield* formerRows(scene, table, { keys, statement, ask });
  if (keys.size > 0) yield* deleteRows(scene, table, found);
  record(scene, table, keys.size);
  let seq = 0;
  const name = `${table.schema}.${table.name}`;
  const id = core.line === undefined ? table.id : (core.store as LineStore).physicalOf(table.id);
  const frames = encodeErasure(id, name, [...keys]);
  for (const [before, rows] of former) if (rows.size > 0) frames.push(...encodeErasure(before, name, [...rows]));
  scene.transaction.alsoLogged = {
    frames,
    committed(at) {
      seq = at;
      for (const { payload } of frames) main.erasing.push({ seq, payload });
    },
  };
  yield* turns.end(true, false);
  yield* wait(core.background(job, () => erasePending(main)));
  yield* analyzeTable(core.store, table, core.manager.published, null);
  yield* rewriteAll(main);
  return {
    ...command('ERASE'),
    affectedRows: keys.size,
    notices: [...elsewhere(core, seq), ...(yield* onLines(core, table, keys))],
  };
}

/** The keys of the rows of which any version fulfils the condition, as values and as text. */
function queryOf(table: TableDef, { alias, where }: Erase): Query {
  const names = keyNames(table);
  const texts = names.map((name) => `${name}::text`);
  const as = alias === undefined ? '' : ` AS ${quoteIdent(alias)}`;
  const query = parseOne(
    `SELECT DISTINCT ${[...names, ...texts].join(', ')} FROM ${nameOf(table)} FOR SYSTEM_TIME ALL${as}`,
  );
  if (query.kind !== 'query' || query.body.kind !== 'select') throw new DriftError('XX000', 'keys are a query');
  return { ...query, body: { ...query.body, where } };
}

function* keysOf(core: Core, table: TableDef, { columns, rowCount }: ResultSet): Task<Set<Key>> {
  const tree = core.store.table(table.id);
  const keys = new Set<Key>();
  for (let row = 0; row < rowCount; row++) {
    const values: Value[] = table.key.map((_, i) => valueAt(columns[i] as Vector, row));
    keys.add(tree.encodeKey(values));
    if (row % 1024 === 1023) yield PAUSE;
  }
  return keys;
}

/** Deletes what is there of the rows. Foreign keys hold; triggers are not fired: they could copy what is to go. */
function* deleteRows(scene: Scene, table: TableDef, { columns, rowCount }: ResultSet): Task<void> {
  const names = keyNames(table);
  const types = table.key.map((id) => table.columns.find((column) => column.id === id)?.type.oid ?? 0);
  const literal = (i: number, row: number): string => {
    const text = quoteLiteral(String(valueAt(columns[names.length + i] as Vector, row)));
    const oid = types[i] ?? 0;
    if (names[i] === ROW_ID) return `${text}::bigint`;
    return isUserType(oid) ? text : `${text}::${typeByOid(oid).display}`;
  };
  const compared = names.map((name, i) => (isUserType(types[i] ?? 0) ? `${name}::text` : name)).join(', ');
  const context = ddlContext(withCatalog(silently(scene)));
  for (let start = 0; start < rowCount; start += ROWS_AT_ONCE) {
    const rows: string[] = [];
    for (let row = start; row < Math.min(start + ROWS_AT_ONCE, rowCount); row++)
      rows.push(`(${names.map((_, i) => literal(i, row)).join(', ')})`);
    yield* context.run(`DELETE FROM ${nameOf(table)} WHERE (${compared}) IN (VALUES ${rows.join(', ')})`);
    yield PAUSE;
  }
}

/** What stays: who erased how many rows of which table, and when. The count in the definition makes it a commit in any case. */
function record(scene: Scene, table: TableDef, rows: number): void {
  const { transaction } = scene;
  const now = transaction.catalog.byId(table.id);
  if (now?.kind === 'table') define(ddlContext(scene), { ...now, erasures: (now.erasures ?? 0) + 1 });
  const said = transaction.info.metadata === null ? {} : (JSON.parse(transaction.info.metadata) as object);
  const metadata = metadataOf({ ...said, erase: { table: `${table.schema}.${table.name}`, rows } }, scene.eval);
  transaction.info = { ...transaction.info, metadata };
  describeCommit(scene, `erase from ${table.name}: ${rows} ${rows === 1 ? 'row' : 'rows'}`);
}

/** Other lines that have versions of the rows: branches that have changed them, and the line that they were inherited from. */
function* onLines(core: Core, table: TableDef, keys: ReadonlySet<Key>): Task<Notice[]> {
  const notice = (message: string): Notice => ({ severity: 'NOTICE', code: '00000', message });
  const own = core.line?.branch.id;
  const holding = (yield* branchesWith(mainOf(core), table.id, keys)).filter(({ id }) => id !== own);
  const notices = holding.map(({ name }) =>
    notice(`branch "${name}" still holds versions of the rows that it has made`),
  );
  if (core.line === undefined || (core.store as LineStore).isOwn(table.id)) return notices;
  const { parent, fork } = (core.store as LineStore).inherited(table.id);
  let inherited = 0;
  for (const key of keys) if ((yield* findLoaded(parent, key, fork)) !== null) inherited++;
  const name = core.lines.state.byId(core.line.branch.parent);
  const from = name?.kind === 'tag' ? `branch "${name.name}"` : 'the main line';
  if (inherited > 0)
    notices.push({
      ...notice(`${inherited} of the rows were inherited: ${from} still holds them`),
      hint: 'ERASE them there, too.',
    });
  return notices;
}

function elsewhere({ ledger }: Core, seq: number): Notice[] {
  const held = (parseLedger(ledger).backups ?? []).filter((backup) => backup.seq < seq);
  if (held.length === 0) return [];
  const message = `${held.length === 1 ? 'a backup' : `${held.length} backups`} from before commit ${seq} may still hold what was erased`;
  return [{ severity: 'NOTICE', code: '00000', message, hint: 'drift.erasures and drift.backups list them.' }];
}
