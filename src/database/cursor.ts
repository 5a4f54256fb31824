/** DECLARE, FETCH, MOVE and CLOSE: portals (portal.ts) as statements. They live as long as their transaction. */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import { take } from '../exec/vectors.ts';
import type { CloseCursor, DeclareCursor, FetchCursor } from '../sql/ast-statement.ts';
import type { ResultSet } from './api.ts';
import { runBindable, uncached } from './bindable.ts';
import { movePortal, openPortal, type Portal } from './portal.ts';
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
      else scene.portals.delete(portalNamed(scene, statement.name).name);
      return command(statement.name === undefined ? 'CLOSE CURSOR ALL' : 'CLOSE CURSOR');
  }
}

function* declare(scene: Scene, { name, hold, query, scroll, position }: DeclareCursor): Task<ResultSet> {
  if (hold) throw new DriftError('0A000', 'cursors WITH HOLD are not supported', { position });
  if (!scene.inBlock) throw new DriftError('25P01', 'DECLARE CURSOR can only be used in transaction blocks');
  if (scene.portals.has(name)) throw new DriftError('42P03', `cursor "${name}" already exists`);
  const result = yield* runBindable(scene, uncached(query), query, []);
  openPortal(scene.portals, name, result, { forwardOnly: scroll === false });
  return command('DECLARE CURSOR');
}

function fetch(scene: Scene, { cursor, direction, count, move }: FetchCursor): ResultSet {
  const portal = portalNamed(scene, cursor);
  const back = direction === 'backward' ? count > 0 : direction === 'absolute' ? count < portal.position : count < 0;
  if (portal.forwardOnly && back) {
    throw new DriftError('55000', 'cursor can only scan forward', {
      hint: 'Declare it with SCROLL option to enable backward scan.',
    });
  }
  const { rows } = movePortal(portal, direction, count);
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

function portalNamed(scene: Scene, name: string): Portal {
  const portal = scene.portals.get(name);
  if (portal === undefined) throw new DriftError('34000', `cursor "${name}" does not exist`);
  return portal;
}
