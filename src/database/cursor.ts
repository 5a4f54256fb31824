/** DECLARE, FETCH, MOVE and CLOSE: portals (portal.ts) as statements. They live as long as their transaction, or WITH HOLD as their session. */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import { take } from '../exec/vectors.ts';
import type { CloseCursor, DeclareCursor, FetchCursor } from '../sql/ast-statement.ts';
import type { ResultSet } from './api.ts';
import { runBindable, uncached } from './bindable.ts';
import { movePortal, openPortal, type Portal, portalNamed, rowsForCursor } from './portal.ts';
import { command } from './show.ts';
import type { Scene } from './statement.ts';

export function* runCursor(scene: Scene, statement: DeclareCursor | FetchCursor | CloseCursor): Task<ResultSet> {
  switch (statement.kind) {
    case 'declareCursor':
      return yield* declare(scene, statement);
    case 'fetch':
      return fetch(scene, statement);
    case 'closeCursor':
      if (statement.name === undefined) scene.portals.clear();
      else scene.portals.delete(portalNamed(scene.portals, statement.name).name);
      return command(statement.name === undefined ? 'CLOSE CURSOR ALL' : 'CLOSE CURSOR');
  }
}

function* declare(scene: Scene, statement: DeclareCursor): Task<ResultSet> {
  const { name, hold, query, scroll, binary, text } = statement;
  checkOptions(statement);
  if (name === '') throw new DriftError('34000', 'invalid cursor name: must not be empty');
  if (!scene.inBlock && !hold) throw new DriftError('25P01', 'DECLARE CURSOR can only be used in transaction blocks');
  if (scene.portals.has(name)) throw new DriftError('42P03', `cursor "${name}" already exists`);
  const rows = yield* rowsForCursor((shape) => runBindable({ ...scene, shape }, uncached(query), query, []));
  openPortal(scene.portals, name, rows, { scroll, binary, hold, text, made: scene.eval.statementTime });
  return command('DECLARE CURSOR');
}

/** What a cursor cannot be at once. */
function checkOptions({ query, hold, scroll, insensitive, position }: DeclareCursor): void {
  if (query.with?.tables.some((table) => table.query.kind !== 'query') === true)
    throw new DriftError('0A000', 'DECLARE CURSOR must not contain data-modifying statements in WITH', { position });
  const [locking] = query.locking;
  if (locking === undefined) return;
  const refuse = (code: string, options: string, verdict: string, detail: string): never => {
    const strength = `FOR ${locking.strength.toUpperCase()}`;
    const message = `DECLARE ${options.replace('*', 'CURSOR')} ... ${strength} ${verdict}`;
    throw new DriftError(code, message, { detail, position });
  };
  if (hold) refuse('0A000', '* WITH HOLD', 'is not supported', 'Holdable cursors must be READ ONLY.');
  if (scroll === true) refuse('0A000', 'SCROLL *', 'is not supported', 'Scrollable cursors must be READ ONLY.');
  if (insensitive) refuse('42P11', 'INSENSITIVE *', 'is not valid', 'Insensitive cursors must be READ ONLY.');
}

function fetch(scene: Scene, { cursor, direction, count, move }: FetchCursor): ResultSet {
  const portal = portalNamed(scene.portals, cursor);
  const rows = moved(portal, direction, count);
  if (move) return { ...command('MOVE'), affectedRows: rows.length };
  const { fields, columns } = portal.result;
  const taken = Int32Array.from(rows);
  return {
    command: 'FETCH',
    fields,
    columns: columns.map((column) => take(column, taken, taken.length)),
    rowCount: taken.length,
    affectedRows: null,
  };
}

function moved(portal: Portal, direction: FetchCursor['direction'], count: number): readonly number[] {
  if (portal.failed) throw new DriftError('55000', `portal "${portal.name}" cannot be run`);
  try {
    return movePortal(portal, direction, count).rows;
  } catch (error) {
    portal.failed = true;
    throw error;
  }
}
