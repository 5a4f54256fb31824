/**
 * One query or data change, from text to columns: bind, optimize, build, run. Plans are cached by statement text and
 * catalog version; parameters stay parameters. A statement that fails leaves its transaction as it was.
 */
import { DriftError } from '../base/error.ts';
import { PAUSE, type Task } from '../base/task.ts';
import { type Batch, valueAt, type Value } from '../base/vector.ts';
import type { TableDef } from '../catalog/schema.ts';
import { startRun } from '../exec/build.ts';
import type { TempSpace } from '../exec/spill/temp-space.ts';
import { Compiler } from '../exec/compile.ts';
import { pointWrite, pointWriteOf } from '../exec/point-write.ts';
import { modifyOperator } from '../exec/modify/modify.ts';
import type { ModifyTarget } from '../exec/modify/target.ts';
import type { TriggerRunner } from '../exec/modify/trigger-runner.ts';
import { runToResult } from '../exec/result.ts';
import type { ExecContext, ExecRun, Operator, SystemRows } from '../exec/run.ts';
import { wholeBatch } from '../exec/vectors.ts';
import {
  type BindableStatement,
  type BindContext,
  bindStatement,
  bindTableExpression,
  type BoundMoment,
  type OuterNames,
  type SystemTable,
} from '../plan/bind.ts';
import type { BoundExpression } from '../plan/expression.ts';
import type { Shape } from '../plan/cursor-keys.ts';
import { fold } from '../plan/optimizer/fold.ts';
import { optimize } from '../plan/optimizer/optimize.ts';
import type { NodeCounters } from '../plan/counters.ts';
import type { ModifyNode, Plan, PlanNode } from '../plan/plan.ts';
import { someExpression } from '../plan/walk-expression.ts';
import { isModify, modifiesOf, somePlan } from '../plan/walk-plan.ts';
import type { Statement } from '../sql/ast-statement.ts';
import type { Delete, Insert, Update } from '../sql/ast-change.ts';
import type { Query } from '../sql/ast-query.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import type { EngineCall, RoutineCall } from '../sql/functions/function.ts';
import { hintsOf } from '../sql/hints.ts';
import { parseExpression } from '../sql/parser/parser.ts';
import type { StatementReader } from '../txn/api.ts';
import type { RowGuard } from '../txn/lock/guard.ts';
import { ACCESS_SHARE, ROW_EXCLUSIVE, ROW_SHARE } from '../txn/lock/space.ts';
import type { Transaction } from '../txn/transaction.ts';
import { resultOf } from './answer.ts';
import { otherLine, noMoment } from './branch/moment.ts';
import type { Core } from './core.ts';
import type { Notice, ResultSet } from './api.ts';
import { cursorKey, type Portals } from './portal.ts';
import { needsOf } from './history/needs.ts';
import { coerceParameter } from './parameters.ts';
import type { Settings } from './settings.ts';
import { StatementTarget, type TargetTools } from './statement-target.ts';
import type { PreparedList } from './system/source.ts';
import { systemTables } from './system-tables.ts';
import { systemRows } from './system/virtual-tables.ts';
import { newTemporary } from './temporary-files.ts';
import type { Turns } from './turns.ts';
import { type TablesUsed, waitForTables } from './table-waits.ts';
import { type Basis, isFresh, tableStatistics, type Wanted } from './table-statistics.ts';

const DEFAULT_QUERY_MEMORY_BYTES = 1024 * 1024 * 1024;
/** Begins the ids of relations that only a trigger sees. */
export const RELATION = 'transition ';

/** What a statement runs in. */
export interface Scene {
  readonly core: Core;
  readonly settings: Settings;
  readonly transaction: Transaction;
  /** Sequence number read instead of the snapshot, or null. */
  readonly asOf: number | null;
  readonly eval: EvalContext;
  readonly parameters: readonly Value[];
  /** Meanings of names that are no table's: inside of routines. */
  readonly names?: OuterNames | undefined;
  /** Rows that a trigger may read under a name. */
  readonly relations?: ReadonlyMap<string, { readonly table: SystemTable; readonly rows: SystemRows }> | undefined;
  /** Routines running around this statement. */
  readonly depth: number;
  /** Inside of a function that is STABLE or IMMUTABLE: nothing may be changed. */
  readonly nonVolatile?: boolean | undefined;
  /** INSERT may name `_row_id`. */
  readonly givesRowIds?: boolean | undefined;
  /** `parameters` are not there yet, or are values of their types. Default: as the caller gave them. */
  readonly given?: 'later' | 'typed' | undefined;
  /** What the statement has to say besides its result. */
  readonly notices: Notice[];
  readonly routines: RoutineRunner;
  /** Where bodies may end the transaction; absent: they may not. */
  readonly turns?: Turns | undefined;
  /** The transaction was begun by BEGIN: it goes on after this statement. */
  readonly inBlock: boolean;
  /** Open cursors of the session. */
  readonly portals: Portals;
  readonly prepared: () => PreparedList;
  /** Changes how a statement's plan is made: that of a cursor gives more than the cursor's rows. */
  readonly shape?: Shape | undefined;
  /** Runs a statement of any kind in this transaction, for routines. */
  execute(scene: Scene, statement: Statement): Task<ResultSet>;
  /** Gives the session a schema for temporary objects; returns its name. */
  useTemporary(): string;
}

/** Runs functions that users have defined (routine/call.ts). */
export interface RoutineRunner {
  call(scene: Scene, call: RoutineCall | EngineCall, args: readonly Value[]): Task<Value>;
  callSet(scene: Scene, call: RoutineCall, args: readonly Value[]): Task<SystemRows>;
  triggers(scene: Scene): TriggerRunner;
  /** Changes a view by its INSTEAD OF triggers; null where the target is no such view. `run` runs a query in its place. */
  instead(
    scene: Scene,
    statement: Insert | Update | Delete,
    run: (query: Query, relations?: Scene['relations']) => Task<ResultSet>,
  ): Task<ResultSet | null>;
}

export function bindContextOf(scene: Scene, parameterTypes?: readonly number[]): BindContext {
  const { core } = scene;
  return {
    catalog: scene.eval.catalog,
    eval: scene.eval,
    systemTables,
    transitions: scene.relations,
    parameterTypes,
    lastSeq: scene.transaction.snapshot,
    keptOf: (id) => core.store.table(id),
    presumes: scene.given === 'later',
    givesRowIds: scene.givesRowIds,
    *catalogAt(seq) {
      const { temp, path } = scene.eval.catalog;
      return (yield* core.manager.catalogs.at(seq)).forSession(temp, path);
    },
    names: scene.names,
    registered: core.registered.size === 0 ? undefined : (name) => core.registered.get(name) ?? [],
    resolveMoment: (moment) => resolveMoment(core, scene.eval, moment),
    resolveBranch: (name) => otherLine(scene, name),
    cursorKey: (cursor, table) => cursorKey(scene.portals, cursor, table),
    evaluateConstant: (expression) => evaluate(withParametersOf(expression, scene), expression),
  };
}

/** A scene whose parameters have the types that an expression of the statement gives them: binding is not done yet. */
function withParametersOf(expression: BoundExpression, scene: Scene): Scene {
  if (scene.names !== undefined || scene.given !== undefined) return scene;
  const parameters = [...scene.parameters];
  someExpression(expression, (part) => {
    if (part.kind !== 'parameter') return false;
    if (part.index >= scene.parameters.length) throw new DriftError('08P01', `parameter $${part.index + 1} is missing`);
    parameters[part.index] = coerceParameter(
      scene.parameters[part.index] ?? null,
      part.type.oid,
      scene.eval,
      part.index,
    );
    return false;
  });
  return { ...scene, parameters };
}

export function* resolveMoment(core: Core, context: EvalContext, moment: BoundMoment): Task<number> {
  switch (moment.kind) {
    case 'seq':
      return core.manager.timeLine.checkSeq(moment.seq);
    case 'timestamp':
      return yield* core.manager.timeLine.seqAt(moment.micros);
    case 'branch':
      throw noMoment();
    case 'tag': {
      const tag = context.catalog.tag(moment.name) ?? core.manager.catalog.tag(moment.name);
      if (tag === undefined) throw new DriftError('42704', `tag "${moment.name}" does not exist`);
      return tag.seq;
    }
  }
}

export function* planOf(
  scene: Scene,
  statement: BindableStatement,
  parameterTypes?: readonly number[],
  explains = false,
): Task<Plan> {
  const bound = yield* bindStatement(statement, bindContextOf(scene, parameterTypes));
  const { store } = scene.core;
  const { snapshot } = scene.transaction;
  const basis: Basis = new Map();
  const wanted: Wanted = new Map();
  const optimized = (given: Plan, without: Wanted | null = null): Plan =>
    optimize(given, {
      statistics: tableStatistics(store, snapshot, basis, without),
      eval: scene.eval,
      bindTableText: (table, text) => bindTableText(scene, table, text),
      explains,
      helpers: scene.core,
      hints: hintsOf(statement),
    });
  yield PAUSE;
  let plan = scene.shape?.(bound, statement, optimized) ?? optimized(bound, wanted);
  if (wanted.size > 0) {
    for (const sampling of wanted.values()) yield* sampling;
    plan = optimized(bound);
  }
  bases.set(plan, { basis, planning: scene.settings.planning });
  return plan;
}

function bindTableText(scene: Scene, table: TableDef, text: string): BoundExpression | null {
  try {
    const bound = bindTableExpression(parseExpression(text), table, 'index', bindContextOf(scene));
    return fold(bound, scene.eval);
  } catch (error) {
    // What the definition was made with may have been dropped since.
    if (error instanceof DriftError) return null;
    throw error;
  }
}

/** What the tables of a plan looked like when it was made, and the settings it was made under. */
const bases = new WeakMap<Plan, { readonly basis: Basis; readonly planning: string }>();

/** Whether a kept plan may run again: a look-up by the table's key in any case, others while their tables have about their size. */
export function isCurrent(plan: Plan, settings: Settings): boolean {
  if (plan.point?.indexId === null) return true;
  const made = bases.get(plan);
  return made === undefined || (made.planning === settings.planning && isFresh(made.basis));
}

/** Runs a plan. What it wrote when it fails half way is for the caller to take back. `later` takes the checks of its end. */
export function* runPlan(
  scene: Scene,
  plan: Plan,
  counters?: Map<PlanNode, NodeCounters>,
  later?: (() => Task<void>)[],
): Task<ResultSet> {
  const affected = new Map<ModifyNode, number>();
  const target = targetOf(scene, plan, affected);
  useTables(scene, plan);
  const run = startRun(execContext(scene, target, counters));
  const short = target !== null && counters === undefined ? pointWriteOf(plan.root) : null;
  if (short !== null && target !== null && (yield* pointWrite(short, run, target))) {
    for (const check of target.checks) yield* check();
    return resultOf(plan, [], 0, affected);
  }
  const batch = yield* runToResult(run.build(plan.root), plan.root.outputs, run);
  if (target !== null && later !== undefined) later.push(...target.checks.splice(0));
  if (target !== null) for (const check of target.checks) yield* check();
  return resultOf(plan, batch.columns, batch.length, affected);
}

/** A plan that gives its rows batch by batch, as they are asked for. */
export interface Running {
  next(): Task<Batch | null>;
  close(): void;
}

/** Notes which tables the statement uses; waits for those who have locked one against that. */
export function useTables(scene: Scene, plan: Plan): void {
  if (scene.asOf !== null) return;
  const { locks } = scene.core.manager;
  let tables = tablesOf.get(plan);
  if (tables === undefined) tablesOf.set(plan, (tables = tablesUsed(plan.root)));
  if (locks.strong > 0) waitForTables(scene.core, scene.transaction, tables);
  for (const [id, mode] of tables) locks.use(scene.transaction, id, mode);
}

const tablesOf = new WeakMap<Plan, TablesUsed>();

function tablesUsed(root: PlanNode): TablesUsed {
  const tables = new Map<number, number>();
  somePlan(root, (node) => {
    if (node.kind === 'lockRows')
      for (const { table } of node.locks) tables.set(table.id, (tables.get(table.id) ?? 0) | ROW_SHARE);
    const mode = isModify(node) ? ROW_EXCLUSIVE : node.kind === 'scan' && node.time.kind === 'now' ? ACCESS_SHARE : 0;
    if (mode !== 0 && 'table' in node) tables.set(node.table.id, (tables.get(node.table.id) ?? 0) | mode);
    // Rows of tables that are referred to are locked.
    if (node.kind === 'insert' || node.kind === 'update' || node.kind === 'merge')
      for (const { foreignTableId: id } of node.table.foreignKeys) tables.set(id, (tables.get(id) ?? 0) | ROW_SHARE);
    return false;
  });
  return tables;
}

/** `frozen`: it does not see what its transaction writes from now on. */
export function openPlan(scene: Scene, plan: Plan, frozen = false): Running {
  useTables(scene, plan);
  const target = frozen && scene.asOf === null ? modifyTarget(scene, undefined, true) : targetOf(scene, plan);
  const run = startRun(execContext(scene, target, undefined, true));
  const operator = run.build(plan.root);
  operator.open();
  return {
    *next() {
      const batch = yield* operator.next();
      if (batch === null && target !== null) for (const check of target.checks.splice(0)) yield* check();
      return batch;
    },
    close() {
      operator.close();
      void run.space?.close();
    },
  };
}

export function evaluate(scene: Scene, expression: BoundExpression): Value {
  const run = startRun(execContext(scene, null));
  const batch = wholeBatch([], 1);
  return valueAt(new Compiler(new Map(), run).compile(expression).eval(batch), 0);
}

/** An execution for expressions that a routine evaluates one by one; they read `scene.parameters` as it is then. */
export function expressionRun(scene: Scene): ExecRun {
  return startRun(execContext(scene, null));
}

/** `what`: the command's tag. Throws 25006 where nothing may be changed. */
export function refuseWrites(scene: Scene, what = 'statements that change data'): void {
  if (scene.asOf !== null) throw new DriftError('25006', 'cannot change data while reading the past');
  if (scene.transaction.readOnly) throw new DriftError('25006', `cannot execute ${what} in a read-only transaction`);
}

/** `lasts`: it is read beyond the statement that begins it. */
function execContext(
  scene: Scene,
  target: ModifyTarget | null,
  counters?: Map<PlanNode, NodeCounters>,
  lasts = false,
): ExecContext {
  return new Execution(scene, target, counters, lasts);
}

/** A class for the reason that txn/snapshot-reader.ts tells. */
class Execution implements ExecContext {
  readonly reader: StatementReader;
  readonly eval: EvalContext;
  readonly parameters: readonly Value[];
  readonly maxResultRows: number | undefined;
  readonly memoryBudgetBytes: number;
  readonly counters: Map<PlanNode, NodeCounters> | undefined;
  readonly #scene: Scene;
  /** Made when it is asked for where the plan changes nothing. */
  #target: ModifyTarget | null;
  readonly #lasts: boolean;
  /** A correlated subquery reads a system table again and again: within a statement it stays the same. */
  #rows: Map<string, SystemRows> | null = null;

  constructor(
    scene: Scene,
    target: ModifyTarget | null,
    counters: Map<PlanNode, NodeCounters> | undefined,
    lasts: boolean,
  ) {
    const { manager, options } = scene.core;
    const { transaction } = scene;
    const whole = target === null || target.before === null;
    this.reader = whole ? manager.reader(transaction, scene.asOf) : manager.frozenReader(transaction);
    this.eval = scene.eval;
    this.parameters = scene.parameters;
    this.maxResultRows = options.maxResultRows;
    this.memoryBudgetBytes = options.queryMemoryBytes ?? DEFAULT_QUERY_MEMORY_BYTES;
    this.counters = counters;
    this.#scene = scene;
    this.#target = target;
    this.#lasts = lasts;
  }

  temporary(): TempSpace {
    return newTemporary(this.#scene.core, this.#lasts ? null : this.eval.cancellation);
  }

  monotonicMs(): number {
    return this.#scene.core.host.monotonicMs();
  }

  guard(strength: string): RowGuard | null {
    if (this.#scene.asOf !== null) return null;
    if (this.#scene.transaction.readOnly)
      throw new DriftError('25006', `cannot execute SELECT FOR ${strength.toUpperCase()} in a read-only transaction`);
    return (this.#target ??= modifyTarget(this.#scene)).guard;
  }

  get helped(): Core {
    return this.#scene.core;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#scene.core.host.setTimer(ms, resolve));
  }

  callRoutine(call: RoutineCall | EngineCall, args: readonly Value[]): Task<Value> {
    return this.#scene.routines.call(this.#scene, call, args);
  }

  callRoutineSet(call: RoutineCall, args: readonly Value[]): Task<SystemRows> {
    return this.#scene.routines.callSet(this.#scene, call, args);
  }

  *systemRows(name: string, seq: number | null): Task<SystemRows> {
    const scene = this.#scene;
    const { core } = scene;
    const own = scene.relations?.get(name.slice(RELATION.length));
    if (own !== undefined && name.startsWith(RELATION)) return own.rows;
    const whole = seq === null ? scene.eval.catalog : yield* core.manager.catalogs.at(seq);
    const catalog = whole.withoutOthers();
    const known = this.#rows?.get(`${name} ${seq ?? ''}`);
    if (known !== undefined) return known;
    const context = {
      catalog,
      store: core.store,
      core,
      settings: scene.settings,
      sequences: new Map(core.sequences.all().map((state) => [state.id, state])),
      eval: scene.eval,
      bind: { ...bindContextOf(scene), catalog },
      session: scene,
      backends: core.sessions,
      locks: core.manager.locks,
      needs: () => needsOf(core, null),
      host: core.host,
    };
    const found = yield* systemRows(name, context);
    (this.#rows ??= new Map()).set(`${name} ${seq ?? ''}`, found);
    return found;
  }

  modify(node: ModifyNode, source: Operator, run: ExecRun): Operator {
    return modifyOperator(node, source, run, (this.#target ??= modifyTarget(this.#scene)));
  }
}

/** Null for a plan that changes nothing: then there is nothing to check at its end either. Throws 25006. */
function targetOf(scene: Scene, plan: Plan, affected?: Map<ModifyNode, number>): ModifyTarget | null {
  if (!plan.writes) return null;
  const changes = modifiesOf(plan.root);
  // What is of the session alone may be changed always.
  const lasting = changes.find(({ table }) => !table.schema.startsWith('pg_temp'));
  if (scene.asOf !== null && changes.length > 0) refuseWrites(scene);
  if (lasting !== undefined) refuseWrites(scene, lasting.kind.toUpperCase());
  return modifyTarget(scene, affected, changes.length > 0 && plan.root.kind === 'with');
}

/** `several`: the statement has data changes in WITH, whose parts must not see each other. */
function modifyTarget(scene: Scene, affected: Map<ModifyNode, number> = new Map(), several = false): ModifyTarget {
  return new StatementTarget(scene, TARGET_TOOLS, affected, several);
}

const TARGET_TOOLS: TargetTools<Scene> = {
  bind: bindContextOf,
  run: (scene, target) => startRun(execContext(scene, target)),
  refuseWrites,
  defaultOf,
};

function defaultOf(scene: Scene, table: TableDef, ordinal: number): Value {
  const index = table.columns.findIndex((column) => column.id === ordinal);
  const text = table.columns[index]?.default;
  if (text === undefined) return null;
  return evaluate(scene, bindTableExpression(parseExpression(text), table, 'default', bindContextOf(scene), index));
}
