/**
 * FOR SYSTEM_TIME: what a time clause means as sequence numbers.
 *
 * With versions valid in [from, to) and moments a ≤ b (SQL:2011 and SQL Server's reading of it):
 *
 *     AS OF a            from ≤ a < to
 *     BETWEEN a AND b    from ≤ b and to > a           the interval touches [a, b]
 *     FROM a TO b        from < b and to > a           the interval touches [a, b)
 *     CONTAINED IN (a,b) from ≥ a and to ≤ b           begun and ended within
 *     ALL                every version
 *
 * Moments given as timestamps or tags become the sequence number that was newest then. OF BRANCH b after a clause, or BRANCH b
 * as the moment (its newest state), asks the history of that line.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { SystemTime, TimePoint } from '../../sql/ast-query.ts';
import { fold } from '../optimizer/fold.ts';
import type { ScanTime } from '../plan.ts';
import { someExpression } from '../walk-expression.ts';
import { INT8, TEXT, TIMESTAMPTZ, coerce } from './coerce.ts';
import {
  UnresolvedTime,
  type BindContext,
  type BoundMoment,
  type BoundPoint,
  type OtherLine,
  type ResolvedTime,
} from './context.ts';
import { CLAUSES, Scope } from './scope.ts';

/** The clause's meaning if it is resolved already; else asks `bindStatement` to resolve it and start again. */
export function timeOf(clause: SystemTime, scope: Scope): ResolvedTime {
  const points = pointsOf(clause).map((point) => bindPoint(point, scope));
  if (points.some(({ kind, value }) => value.kind !== 'const' || kind === 'branch')) scope.state.cacheable = false;
  const known = scope.state.times.get(clause);
  if (known !== undefined) return known;
  throw new UnresolvedTime(clause, points);
}

/** Its moments, and last the branch. */
function pointsOf(clause: SystemTime): readonly TimePoint[] {
  return clause.branch === undefined ? momentsOf(clause) : [...momentsOf(clause), clause.branch];
}

function momentsOf(clause: SystemTime): readonly TimePoint[] {
  switch (clause.kind) {
    case 'asOf':
      return [clause.at];
    case 'all':
      return [];
    default:
      return [clause.low, clause.high];
  }
}

type Resolver = Pick<OtherLine, 'resolveMoment'>;

const POINT_TYPES = { seq: INT8, tag: TEXT, branch: TEXT, timestamp: TIMESTAMPTZ } as const;

/** A moment's expression sees no columns: it is evaluated before anything is read. */
export function bindPoint(point: TimePoint, scope: Scope): BoundPoint {
  const { state, hooks, catalog, time } = scope;
  const empty = new Scope({ state, hooks, parent: null, catalog, time });
  const bound = empty.within(CLAUSES.systemTime, () => empty.bind(point.value));
  const value = fold(coerce(bound, POINT_TYPES[point.kind], 'explicit', state), state.context.eval);
  return { kind: point.kind, value, position: point.position };
}

/** Evaluates a bound point. */
export function momentOf(point: BoundPoint, context: BindContext): BoundMoment {
  const { position } = point;
  const value = point.value.kind === 'const' ? point.value.value : context.evaluateConstant(point.value);
  if (value === null) throw new DriftError('22004', 'a moment in system time must not be null', { position });
  switch (point.kind) {
    case 'seq':
      return { kind: 'seq', seq: Number(value) };
    case 'tag':
    case 'branch':
      return { kind: point.kind, name: String(value) };
    case 'timestamp':
      return { kind: 'timestamp', micros: Number(value) };
  }
}

/** Resolves a clause to a scan's time and the catalog for its names. */
export function* resolveTime(unresolved: UnresolvedTime, context: BindContext): Task<ResolvedTime> {
  const { clause, points } = unresolved;
  const last = points.at(-1);
  const named = clause.branch !== undefined || clause.kind === 'asOf' ? last : undefined;
  const { resolveBranch } = context;
  const moments = clause.branch === undefined ? points : points.slice(0, -1);
  if (named?.kind !== 'branch' || resolveBranch === undefined || isOpen(named, context))
    return yield* timeOn({ clause, points: moments }, context, context);
  const moment = momentOf(named, context);
  const line = yield* located(resolveBranch(moment.kind === 'branch' ? moment.name : ''), named.position);
  // AS OF BRANCH b is its newest state.
  const { time, catalog } = yield* timeOn({ clause, points: moments }, context, line, clause.branch === undefined);
  if (time.kind === 'now') return { time, catalog };
  if (time.kind === 'asOf') return { time: { ...time, seq: line.base + time.seq }, catalog };
  return { time: { ...time, line: line.base }, catalog };
}

/** The clause's meaning on a line, in the terms of that line. */
function* timeOn(
  { clause, points }: Pick<UnresolvedTime, 'clause' | 'points'>,
  outer: BindContext,
  line: Omit<OtherLine, 'base'>,
  isNewest = false,
): Task<ResolvedTime> {
  const moments = points.map((point) => ({
    moment: isNewest || isOpen(point, outer) ? present(line) : momentOf(point, outer),
    position: point.position,
  }));
  const seqs: number[] = [];
  for (const { moment, position } of moments) {
    // A range may begin before the first commit.
    const open = moments.length === 2 && seqs.length === 0 && moment.kind === 'timestamp';
    seqs.push(yield* located(open ? orZero(line.resolveMoment(moment)) : line.resolveMoment(moment), position));
  }
  const [low, high] = seqs;
  if (clause.kind === 'all' || low === undefined) {
    const catalog = line === outer ? outer.catalog : yield* line.catalogAt(line.lastSeq);
    return { time: { kind: 'versions', fromSeq: 0, toSeq: Infinity }, catalog };
  }
  if (clause.kind === 'asOf' || high === undefined) {
    return { time: { kind: 'asOf', seq: low }, catalog: yield* line.catalogAt(low) };
  }
  const second = moments[1]?.moment;
  const time: ScanTime =
    clause.kind === 'containedIn'
      ? { kind: 'contained', fromSeq: yield* firstAtOrAfter(moments[0]?.moment, low, line), toSeq: high }
      : {
          kind: 'versions',
          fromSeq: low,
          toSeq: clause.kind === 'between' ? high : yield* lastBefore(second, high, line),
        };
  return { time, catalog: yield* line.catalogAt(high) };
}

/** A statement that is only prepared has no values for its parameters: such a moment is the present until it runs. */
function isOpen({ value }: BoundPoint, { presumes }: BindContext): boolean {
  return presumes === true && someExpression(value, ({ kind }) => kind === 'parameter');
}

function present({ lastSeq }: Pick<OtherLine, 'lastSeq'>): BoundMoment {
  return { kind: 'seq', seq: lastSeq };
}

/** The last sequence number strictly before a moment whose state is `seq`. */
function* lastBefore(moment: BoundMoment | undefined, seq: number, context: Resolver): Task<number> {
  if (moment?.kind !== 'timestamp') return seq - 1;
  return yield* context.resolveMoment({ kind: 'timestamp', micros: moment.micros - 1 });
}

/** The first sequence number at or after a moment whose state is `seq`. */
function* firstAtOrAfter(moment: BoundMoment | undefined, seq: number, context: Resolver): Task<number> {
  if (moment?.kind !== 'timestamp') return seq;
  const before = yield* orZero(context.resolveMoment({ kind: 'timestamp', micros: moment.micros - 1 }));
  return before + 1;
}

/** Zero for a moment before there was a state: a range may begin there. */
function* orZero(task: Task<number>): Task<number> {
  try {
    return yield* task;
  } catch (error) {
    if (error instanceof DriftError && error.code === '3D000') return 0;
    throw error;
  }
}

function* located<T>(task: Task<T>, position: number): Task<T> {
  try {
    return yield* task;
  } catch (error) {
    throw error instanceof DriftError ? error.with({ position }) : error;
  }
}
