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
 * Moments given as timestamps or tags become the sequence number that was newest then.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { SystemTime, TimePoint } from '../../sql/ast-query.ts';
import { fold } from '../optimizer/fold.ts';
import type { ScanTime } from '../plan.ts';
import { someExpression } from '../walk-expression.ts';
import { INT8, TEXT, TIMESTAMPTZ, coerce } from './coerce.ts';
import { UnresolvedTime, type BindContext, type BoundMoment, type BoundPoint, type ResolvedTime } from './context.ts';
import { CLAUSES, Scope } from './scope.ts';

/** The clause's meaning if it is resolved already; else asks `bindStatement` to resolve it and start again. */
export function timeOf(clause: SystemTime, scope: Scope): ResolvedTime {
  const points = pointsOf(clause).map((point) => bindPoint(point, scope));
  if (points.some(({ kind, value }) => value.kind !== 'const' || kind === 'branch')) scope.state.cacheable = false;
  const known = scope.state.times.get(clause);
  if (known !== undefined) return known;
  throw new UnresolvedTime(clause, points);
}

function pointsOf(clause: SystemTime): readonly TimePoint[] {
  switch (clause.kind) {
    case 'asOf':
      return [clause.at];
    case 'all':
      return [];
    default:
      return [clause.low, clause.high];
  }
}

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
  const { clause } = unresolved;
  const moments = unresolved.points.map((point) => ({
    moment: isOpen(point, context) ? present(context) : momentOf(point, context),
    position: point.position,
  }));
  const [first] = moments;
  if (clause.kind === 'asOf' && first?.moment.kind === 'branch' && context.resolveBranch !== undefined) {
    const { seq, catalog } = yield* located(context.resolveBranch(first.moment.name), first.position);
    return { time: { kind: 'asOf', seq }, catalog };
  }
  const seqs: number[] = [];
  for (const { moment, position } of moments) {
    // A range may begin before the first commit.
    const open = moments.length === 2 && seqs.length === 0 && moment.kind === 'timestamp';
    seqs.push(yield* located(open ? orZero(context.resolveMoment(moment)) : context.resolveMoment(moment), position));
  }
  const [low, high] = seqs;
  if (clause.kind === 'all' || low === undefined) {
    return { time: { kind: 'versions', fromSeq: 0, toSeq: Infinity }, catalog: context.catalog };
  }
  if (clause.kind === 'asOf' || high === undefined) {
    return { time: { kind: 'asOf', seq: low }, catalog: yield* context.catalogAt(low) };
  }
  const second = moments[1]?.moment;
  const time: ScanTime =
    clause.kind === 'containedIn'
      ? { kind: 'contained', fromSeq: yield* firstAtOrAfter(moments[0]?.moment, low, context), toSeq: high }
      : {
          kind: 'versions',
          fromSeq: low,
          toSeq: clause.kind === 'between' ? high : yield* lastBefore(second, high, context),
        };
  return { time, catalog: yield* context.catalogAt(high) };
}

/** A statement that is only prepared has no values for its parameters: such a moment is the present until it runs. */
function isOpen({ value }: BoundPoint, { presumes }: BindContext): boolean {
  return presumes === true && someExpression(value, ({ kind }) => kind === 'parameter');
}

function present({ lastSeq }: BindContext): BoundMoment {
  return { kind: 'seq', seq: lastSeq };
}

/** The last sequence number strictly before a moment whose state is `seq`. */
function* lastBefore(moment: BoundMoment | undefined, seq: number, context: BindContext): Task<number> {
  if (moment?.kind !== 'timestamp') return seq - 1;
  return yield* context.resolveMoment({ kind: 'timestamp', micros: moment.micros - 1 });
}

/** The first sequence number at or after a moment whose state is `seq`. */
function* firstAtOrAfter(moment: BoundMoment | undefined, seq: number, context: BindContext): Task<number> {
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
