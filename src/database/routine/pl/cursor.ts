/**
 * Cursors of bodies. A cursor's rows are computed when it is opened: it never sees what is changed later, as PostgreSQL's
 * never do, and it can move both ways. The variable holds the portal's name, by which other routines of the same
 * transaction, and FETCH as a statement, reach it.
 */
import { DriftError } from '../../../base/error.ts';
import type { Task } from '../../../base/task.ts';
import type { TypeRef } from '../../../catalog/schema.ts';
import type { CursorArgument, Fetch, ForQuery, PlQuery, PlStatement } from '../../../sql/plpgsql/ast.ts';
import type { ResultSet } from '../../api.ts';
import { movePortal, openPortal, type Portal } from '../../portal.ts';
import { type Row, setDatum } from './assign.ts';
import { runDynamic } from './dynamic.ts';
import type { Frame } from './frame.ts';

const INT8: TypeRef = { oid: 20, typmod: -1 };

export function* openCursor(frame: Frame, s: Extract<PlStatement, { kind: 'open' }>): Task<void> {
  const declared = frame.compiled.body.datums[s.cursor];
  const query = s.query ?? declared?.cursor?.query;
  if (query === undefined) throw new DriftError('42601', `cursor "${declared?.name ?? ''}" has no query`);
  if (s.query === undefined) yield* setArguments(frame, s.cursor, s.args);
  const result = yield* rowsOf(frame, query);
  const name = openPortal(frame.scene.portals, nameOf(frame, s.cursor), result, {
    wish: declared?.cursor !== undefined ? declared.name : null,
  });
  frame.values[s.cursor] = name;
}

/** The rows of a bound cursor for a loop. */
export function* cursorRows(
  frame: Frame,
  { datum, args }: Extract<ForQuery['query'], { kind: 'cursor' }>,
): Task<ResultSet> {
  const cursor = frame.compiled.body.datums[datum]?.cursor;
  if (cursor === undefined) throw new DriftError('42601', 'cursor FOR loop must use a bound cursor variable');
  yield* setArguments(frame, datum, args);
  return yield* rowsOf(frame, cursor.query);
}

function* rowsOf(frame: Frame, query: PlQuery): Task<ResultSet> {
  const result = query.kind === 'static' ? yield* frame.statement(query.sql) : yield* runDynamic(frame, query);
  if (result.fields.length === 0) throw new DriftError('42P11', `cannot open ${result.command} query as cursor`);
  return result;
}

function* setArguments(frame: Frame, datum: number, args: readonly CursorArgument[]): Task<void> {
  const { datums } = frame.compiled.body;
  const declared = datums[datum];
  const wanted = declared?.cursor?.args ?? [];
  if (args.length !== wanted.length)
    throw new DriftError(
      '42601',
      `${args.length < wanted.length ? 'not enough' : 'too many'} arguments for cursor "${declared?.name ?? ''}"`,
    );
  for (const [i, arg] of args.entries()) {
    const target = arg.name === undefined ? wanted[i] : wanted.find((index) => datums[index]?.name === arg.name);
    if (target === undefined)
      throw new DriftError('42601', `cursor "${declared?.name ?? ''}" has no argument named "${arg.name ?? ''}"`);
    const value = yield* frame.evaluate(arg.value, null);
    setDatum(frame, target, value, frame.lastOid);
  }
}

export function* fetchCursor(frame: Frame, s: Fetch): Task<{ readonly first: Row | null; readonly count: number }> {
  const portal = portalOf(frame, s.cursor);
  const count =
    typeof s.count === 'object'
      ? Number((yield* frame.evaluate(s.count, INT8)) ?? 0)
      : s.count === 'all'
        ? Infinity
        : s.count;
  const { rows, from } = movePortal(portal, s.direction, count);
  const [first] = rows;
  return { first: first === undefined ? null : from(first), count: rows.length };
}

export function closeCursor(frame: Frame, datum: number): void {
  portalOf(frame, datum);
  frame.scene.portals.delete(frame.values[datum] as string);
}

function nameOf(frame: Frame, datum: number): string | null {
  const value = frame.values[datum] ?? null;
  return value === null ? null : (value as string);
}

function portalOf(frame: Frame, datum: number): Portal {
  const name = nameOf(frame, datum);
  if (name === null)
    throw new DriftError('22004', `cursor variable "${frame.compiled.body.datums[datum]?.name ?? ''}" is null`);
  const portal = frame.scene.portals.get(name);
  if (portal === undefined) throw new DriftError('34000', `cursor "${name}" does not exist`);
  return portal;
}
