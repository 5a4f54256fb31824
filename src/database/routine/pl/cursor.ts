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
import { movePortal, openPortal, type Portal, portalNamed, rowsForCursor } from '../../portal.ts';
import type { Scene } from '../../statement.ts';
import { type Row, setDatum } from './assign.ts';
import { runDynamic } from './dynamic.ts';
import type { Frame } from './frame.ts';

const INT8: TypeRef = { oid: 20, typmod: -1 };

export function* openCursor(frame: Frame, s: Extract<PlStatement, { kind: 'open' }>): Task<void> {
  const declared = frame.compiled.body.datums[s.cursor];
  const query = s.query ?? declared?.cursor?.query;
  if (query === undefined) throw new DriftError('42601', `cursor "${declared?.name ?? ''}" has no query`);
  if (s.query === undefined) yield* setArguments(frame, s.cursor, s.args);
  const wish = declared?.cursor !== undefined ? declared.name : null;
  yield* openNamed(frame, s.cursor, query, { wish, scroll: s.scroll ?? declared?.cursor?.scroll });
}

/** Opens a portal for a query and puts its name into the cursor's variable. */
function* openNamed(
  frame: Frame,
  datum: number,
  query: PlQuery,
  { wish, scroll }: { readonly wish: string | null; readonly scroll: boolean | undefined },
): Task<Portal> {
  const { portals, eval: context } = frame.scene;
  const given = nameOf(frame, datum);
  if (given !== null && portals.has(given)) throw new DriftError('42P03', `cursor "${given}" already in use`);
  const rows = yield* rowsForCursor((shape) => rowsOf(frame, query, shape));
  const text = query.kind === 'static' ? query.sql.text : '';
  const name = openPortal(portals, given, rows, { wish, scroll, text, made: context.statementTime });
  frame.values[datum] = name;
  return portalNamed(portals, name);
}

/** Opens a bound cursor for a loop, which moves it row by row and closes it by `close`. */
export function* openLoop(
  frame: Frame,
  { datum, args }: Extract<ForQuery['query'], { kind: 'cursor' }>,
): Task<{ readonly portal: Portal; close(): void }> {
  const declared = frame.compiled.body.datums[datum];
  const cursor = declared?.cursor;
  if (cursor === undefined) throw new DriftError('42601', 'cursor FOR loop must use a bound cursor variable');
  yield* setArguments(frame, datum, args);
  const before = nameOf(frame, datum);
  const portal = yield* openNamed(frame, datum, cursor.query, { wish: declared?.name ?? null, scroll: cursor.scroll });
  return {
    portal,
    close() {
      frame.scene.portals.delete(portal.name);
      frame.values[datum] = before;
    },
  };
}

function* rowsOf(frame: Frame, query: PlQuery, shape: Scene['shape']): Task<ResultSet> {
  const result =
    query.kind === 'static' ? yield* frame.statement(query.sql, shape) : yield* runDynamic(frame, query, shape);
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
  return portalNamed(frame.scene.portals, name);
}
