/**
 * WAIT FOR CHANGES AFTER SEQ n [IN (t, …)]: the engine's half of a change feed (client/changes.ts has the other).
 *
 * It answers at once where there are commits after n, else when the next one comes: how far the feed may read in one go,
 * and which tables changed until there. The rows themselves are read by `table_changes`, which names columns as they are
 * at its end; so a piece ends before the next definition, and a commit with definitions is a piece of its own.
 *
 * While it waits, and until its session ends, the session's place in history is known (`Core.feeds`): what comes after
 * it is kept, whatever retention says.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { Vector } from '../../base/vector.ts';
import type { Catalog, TableDef } from '../../catalog/schema.ts';
import { vectorFromValues } from '../../exec/vectors.ts';
import type { QualifiedName } from '../../sql/ast.ts';
import type { WaitForChanges } from '../../sql/ast-history.ts';
import type { ResultSet } from '../api.ts';
import { ddlContext } from '../definition.ts';
import type { Scene } from '../statement.ts';

/** Commits read in one go. */
const PIECE_COMMITS = 256;
const [INT8, TEXT] = [20, 25] as const;

/** Throws 22023 for a moment in the future, 72000 for one whose history is gone, 42P01 for a table that never was. */
export function* waitForChanges(scene: Scene, { after, tables, position }: WaitForChanges): Task<ResultSet> {
  const { core } = scene;
  const { manager } = core;
  try {
    manager.timeLine.checkSeq(after);
  } catch (error) {
    throw error instanceof DriftError ? error.with({ position }) : error;
  }
  core.feeds.set(scene.eval.sessionId, after);
  while (manager.published <= after) yield* nextCommit(scene);
  const definition = yield* manager.catalogs.nextDefinition(after);
  const end = definition === after + 1 ? definition : definition - 1;
  const through = Math.min(manager.published, after + PIECE_COMMITS, end);
  const catalog = yield* manager.catalogs.at(through);
  const wanted = tables?.map((name) => named(name, [catalog, manager.catalog]));
  const touched = yield* touchedNames(scene, after, through);
  const found: TableDef[] = [];
  for (const object of catalog.objects()) {
    if (object.kind !== 'table' || !touched.has(object.name) || !isShown(object)) continue;
    if (core.store.table(object.id).lastChange <= after) continue;
    if (wanted === undefined || wanted.some((ids) => ids.has(object.id))) found.push(object);
  }
  found.sort((a, b) => (`${a.schema}.${a.name}` < `${b.schema}.${b.name}` ? -1 : 1));
  return answer(through, found);
}

/** Waits for a publication. Ends with 57P01 when the database closes, and as any statement does when it is cancelled. */
function* nextCommit({ core, eval: { cancellation } }: Scene): Task<void> {
  let wake: () => void = () => undefined;
  let stop: (() => void) | undefined;
  const woken = new Promise<void>((resolve, reject) => {
    wake = resolve;
    stop = cancellation.onCancel(reject);
  });
  core.awaitCommit.add(wake);
  try {
    yield woken;
  } finally {
    core.awaitCommit.delete(wake);
    stop?.();
  }
  cancellation.check();
  if (core.closing) throw new DriftError('57P01', 'terminating connection because the database is closed');
}

/** Objects that a name means in any of the catalogs. */
function named(name: QualifiedName, catalogs: readonly Catalog[]): ReadonlySet<number> {
  const ids = new Set<number>();
  for (const catalog of catalogs) {
    const found = catalog.relation(name.schema, name.name);
    if (found?.kind === 'table') ids.add(found.id);
  }
  if (ids.size > 0) return ids;
  throw new DriftError('42P01', `relation "${name.name}" does not exist`, { position: name.position });
}

function isShown({ schema, onCommit }: TableDef): boolean {
  return schema !== 'drift' && onCommit === undefined && !schema.startsWith('pg_temp_');
}

/** Names of the tables that commits after `after` up to `through` changed. */
function* touchedNames(scene: Scene, after: number, through: number): Task<ReadonlySet<string>> {
  const rows = yield* ddlContext(scene).query(
    `SELECT DISTINCT unnest(tables) FROM drift.transactions FOR SYSTEM_TIME AS OF SEQ ${through} WHERE seq > ${after}`,
  );
  return new Set(rows.map(([name]) => String(name)));
}

function answer(through: number, tables: readonly TableDef[]): ResultSet {
  const none = { typeModifier: -1, tableID: 0, columnID: 0 };
  const column = (pick: (table: TableDef) => string): Vector => vectorFromValues([null, ...tables.map(pick)], TEXT);
  return {
    command: 'WAIT',
    fields: [
      { name: 'through', dataTypeID: INT8, ...none },
      { name: 'schema', dataTypeID: TEXT, ...none },
      { name: 'table_name', dataTypeID: TEXT, ...none },
    ],
    columns: [
      vectorFromValues(
        Array.from({ length: tables.length + 1 }, () => through),
        INT8,
      ),
      column(({ schema }) => schema),
      column(({ name }) => name),
    ],
    rowCount: tables.length + 1,
    affectedRows: null,
  };
}
