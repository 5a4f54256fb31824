/**
 * One run of a body: the values of its variables, and the evaluation of expressions over them.
 *
 * An expression is bound once for a catalog, its variables being parameters. One that cannot wait is evaluated without a
 * task; its evaluator is kept, so that a loop pays for the evaluation alone.
 */
import { assert, DriftError } from '../../../base/error.ts';
import type { Task } from '../../../base/task.ts';
import { type Value, valueAt, type Vector } from '../../../base/vector.ts';
import type { RoutineDef, TypeRef } from '../../../catalog/schema.ts';
import { Compiler } from '../../../exec/compile.ts';
import { type Evaluator, ONE_ROW } from '../../../exec/evaluator.ts';
import type { ExecRun } from '../../../exec/run.ts';
import { type BindContext, isBindable } from '../../../plan/bind.ts';
import { bindOuterExpression, expressionOf } from '../../../plan/bind-outer.ts';
import { fold } from '../../../plan/optimizer/fold.ts';
import { hasSubquery, someExpression } from '../../../plan/walk-expression.ts';
import type { NameSpace, PlExpression, PlStatementText } from '../../../sql/plpgsql/ast.ts';
import { SqlRecord } from '../../../sql/types/record.ts';
import type { ResultSet } from '../../api.ts';
import type { Query } from '../../../sql/ast-query.ts';
import { changesView, isSelectInto } from '../../bindable.ts';
import { bindContextOf, expressionRun, planOf, runPlan, type Scene } from '../../statement.ts';
import { convert } from '../convert.ts';
import { notAllowed, settled } from '../nested.ts';
import { AbsentRecord, BodyNames, notAssigned, shapeOf } from './body-names.ts';
import { type Compiled, type Typed, typedUnder } from './compiled.ts';
import type { Prepared } from './prepared.ts';

const NO_LAYOUT: ReadonlyMap<number, number> = new Map();
const BOOL: TypeRef = { oid: 16, typmod: -1 };

/**
 * Frames of one statement's finished runs by what they ran for: a function that is called for each row makes its
 * evaluators once.
 */
const idle = new WeakMap<Scene, Map<object, Frame>>();

/** Takes an idle frame, or makes one. `scene` is the statement's. */
export function takeFrame(scene: Scene, key: object, make: () => Frame): Frame {
  const frame = idle.get(scene)?.get(key);
  if (frame === undefined) return make();
  idle.get(scene)?.delete(key);
  return frame.isCurrent ? frame.reset() : make();
}

/** Gives a frame back whose run has ended well. */
export function giveFrame(scene: Scene, key: object, frame: Frame): void {
  let frames = idle.get(scene);
  if (frames === undefined) idle.set(scene, (frames = new Map<object, Frame>()));
  frames.set(key, frame);
}

export class Frame {
  readonly compiled: Compiled;
  readonly def: RoutineDef | null;
  readonly argTypes: readonly number[];
  readonly values: Value[];
  scene: Scene;
  typed: Typed;
  run: ExecRun;
  /** Rows that the last statement gave or changed. */
  rowCount = 0;
  /** The error that a handler is dealing with. */
  handled: DriftError | null = null;
  /** Type of what was evaluated last. */
  lastOid = 0;
  readonly #parameters: Value[] = [];
  readonly #evaluators = new Map<Prepared, Evaluator>();

  constructor(scene: Scene, compiled: Compiled, def: RoutineDef | null, argTypes: readonly number[]) {
    this.compiled = compiled;
    this.def = def;
    this.argTypes = argTypes;
    this.scene = { ...scene, parameters: this.#parameters };
    this.typed = typedUnder(compiled, scene.eval.catalog, def, argTypes);
    this.run = expressionRun(this.scene);
    this.values = new Array<Value>(compiled.body.datums.length).fill(null);
  }

  /** Whether the frame, whose run is over, may run again: the catalog is the same. */
  get isCurrent(): boolean {
    const { scene } = this;
    return scene.asOf !== null || scene.transaction.catalog === scene.eval.catalog;
  }

  /** Begins anew, with the evaluators that it has. */
  reset(): this {
    this.values.fill(null);
    this.rowCount = 0;
    this.handled = null;
    return this;
  }

  /** Follows the catalog, which a statement may have changed, and the transaction, which a body may have ended. */
  refresh(): void {
    const { scene } = this;
    const { turns } = scene;
    if (turns !== undefined && turns.transaction !== scene.transaction) {
      this.#follow({ ...scene, transaction: turns.transaction, eval: turns.eval });
      return;
    }
    const { catalog } = scene.transaction;
    if (scene.asOf !== null || catalog === scene.eval.catalog) return;
    this.#follow({ ...scene, eval: Object.create(scene.eval, { catalog: { value: catalog } }) as Scene['eval'] });
  }

  #follow(scene: Scene): void {
    this.scene = scene;
    this.typed = typedUnder(this.compiled, scene.eval.catalog, this.def, this.argTypes);
    this.run = expressionRun(this.scene);
    this.#evaluators.clear();
  }

  // ---- expressions

  /** The value of an expression that needs not wait; undefined where it may have to. `to`: the type wanted. */
  now(syntax: PlExpression, to: TypeRef | null): Value | undefined {
    const prepared = this.#preparedExpression(syntax, to);
    if (prepared.expression === null || prepared.waits) return undefined;
    // Behind a COMMIT the statement cannot be run again for a function that has to wait.
    if (prepared.calls && this.scene.turns !== undefined) return undefined;
    this.#fill(prepared);
    this.lastOid = prepared.oid;
    let evaluator = this.#evaluators.get(prepared);
    if (evaluator === undefined) {
      evaluator = new Compiler(NO_LAYOUT, this.run).compile(prepared.expression);
      if (prepared.reusable) this.#evaluators.set(prepared, evaluator);
    }
    return evaluator.fixed ? evaluator.value() : valueAt(evaluator.eval(ONE_ROW), 0);
  }

  *evaluate(syntax: PlExpression, to: TypeRef | null): Task<Value> {
    const now = this.now(syntax, to);
    if (now !== undefined) return now;
    const prepared = this.#preparedExpression(syntax, to);
    if (prepared.expression !== null) {
      const compiler = new Compiler(NO_LAYOUT, this.run);
      const evaluator = compiler.compile(prepared.expression);
      this.#fill(prepared);
      yield* compiler.prepare(ONE_ROW);
      this.lastOid = prepared.oid;
      return evaluator.fixed ? evaluator.value() : valueAt(evaluator.eval(ONE_ROW), 0);
    }
    const result = yield* this.statement({ text: syntax.text, statement: syntax.query, names: syntax.names });
    if (result.columns.length !== 1) throw new DriftError('42601', `query returned ${result.columns.length} columns`);
    if (result.rowCount > 1) throw new DriftError('21000', 'query returned more than one row');
    const oid = result.fields[0]?.dataTypeID ?? 0;
    const value = result.rowCount === 0 ? null : valueAt(result.columns[0] as Vector, 0);
    this.lastOid = to?.oid ?? oid;
    return to === null ? value : convert(this.scene, value, oid, to);
  }

  *condition(syntax: PlExpression): Task<boolean> {
    return (this.now(syntax, BOOL) ?? (yield* this.evaluate(syntax, BOOL))) === true;
  }

  #preparedExpression(syntax: PlExpression, to: TypeRef | null): Prepared {
    const known = this.typed.prepared.get(syntax);
    if (known !== undefined && this.#fits(known)) return known;
    const names = new BodyNames(this.compiled, this.typed, syntax.names, this.values);
    let prepared: Prepared = {
      ...used(names),
      expression: null,
      reusable: false,
      waits: true,
      calls: true,
      plan: null,
      oid: 0,
    };
    const simple = expressionOf(syntax.query);
    if (simple !== null) {
      try {
        const bound = bindOuterExpression(simple, to, bindContextOf({ ...this.scene, names }));
        const expression = fold(bound, this.scene.eval);
        const waits =
          hasSubquery(expression) ||
          someExpression(expression, (part) => part.kind === 'call' && part.fn.waits !== undefined);
        const calls = someExpression(expression, (part) => part.kind === 'call' && part.fn.routine !== undefined);
        const reusable = !someExpression(expression, (part) => part.kind === 'subquery' || part.kind === 'inList');
        prepared = { ...used(names), expression, reusable, waits, calls, plan: null, oid: expression.type.oid };
      } catch (error) {
        // An aggregate or a set-returning function: a query after all.
        if (!(error instanceof DriftError) || (error.code !== '42803' && error.code !== '0A000'))
          throw this.#aboutField(error, syntax.names);
      }
    }
    this.typed.prepared.set(syntax, prepared);
    return prepared;
  }

  /** A column that is not there is a field, if its table is a record. */
  #aboutField(error: unknown, names: NameSpace): unknown {
    const [, record, field] =
      /^column (\w+)\.(\w+) does not exist$/.exec(error instanceof Error ? error.message : '') ?? [];
    const datum = record === undefined ? undefined : names.find(record);
    if (datum === undefined || this.typed.types[datum]?.kind === 'scalar') return error;
    return new DriftError('42703', `record "${record ?? ''}" has no field "${field ?? ''}"`);
  }

  #fits({ shapes }: Prepared): boolean {
    for (const { datum, key } of shapes) if (shapeOf(this.values[datum]) !== key) return false;
    return true;
  }

  #fill({ slots }: Pick<Prepared, 'slots'>): void {
    for (const slot of slots) this.#parameters[slot] = this.#slotValue(slot);
  }

  #slotValue(slot: number): Value {
    const { datum, field } = this.compiled.slots[slot] as Compiled['slots'][number];
    const value = this.values[datum] ?? null;
    if (field === null) return value;
    if (!(value instanceof SqlRecord)) return null;
    return value.values[value.names.indexOf(field)] ?? null;
  }

  // ---- statements

  /** Runs a statement of SQL whose names may be variables; an error of its run says which statement it was. */
  *statement(sql: PlStatementText, shape?: Scene['shape']): Task<ResultSet> {
    const { statement } = sql;
    this.refresh();
    if (this.scene.nonVolatile === true && statement.kind !== 'query') throw notAllowed(statement);
    if (!isBindable(statement) || isSelectInto(statement)) {
      const result = yield* located(this.scene.execute(this.scene, statement), sql.text);
      this.refresh();
      return result;
    }
    if (changesView(this.scene, statement)) {
      const done = yield* this.scene.routines.instead(this.scene, statement, (query, relations) =>
        this.#query(query, sql.names, relations),
      );
      if (done !== null) return done;
    }
    let prepared = shape === undefined ? this.typed.prepared.get(sql) : undefined;
    if (prepared?.plan === undefined || prepared.plan === null || !this.#fits(prepared)) {
      const names = new BodyNames(this.compiled, this.typed, sql.names, this.values);
      const plan = yield* planOf({ ...this.scene, names, shape }, statement);
      prepared = { ...used(names), expression: null, reusable: false, waits: true, calls: true, plan, oid: 0 };
      if (plan.cacheable && shape === undefined) this.typed.prepared.set(sql, prepared);
    }
    this.#fill(prepared);
    const { plan } = prepared;
    assert(plan !== null, 'a statement that was prepared has a plan');
    const scene = { ...this.scene, parameters: [...this.#parameters] };
    return yield* located(
      settled(scene, () => runPlan(scene, plan)),
      sql.text,
    );
  }

  *#query(query: Query, names: NameSpace, relations: Scene['relations']): Task<ResultSet> {
    const own = new BodyNames(this.compiled, this.typed, names, this.values);
    const scene: Scene = { ...this.scene, relations: relations ?? this.scene.relations };
    const plan = yield* planOf({ ...scene, names: own }, query);
    this.#fill(used(own));
    return yield* runPlan({ ...scene, parameters: [...this.#parameters] }, plan);
  }

  /** Binds something whose names may be variables, and gives these their values. */
  bound<T>(names: NameSpace, bind: (context: BindContext) => T): T {
    const own = new BodyNames(this.compiled, this.typed, names, this.values);
    const result = bind(bindContextOf({ ...this.scene, names: own }));
    this.#fill(used(own));
    return result;
  }

  /** The operand of a CASE: its variable has its type. */
  setCase(datum: number, value: Value): void {
    const oid = this.lastOid;
    const before = this.typed.types[datum];
    if (before?.kind !== 'scalar' || before.type.oid !== oid) {
      this.typed.types[datum] = { kind: 'scalar', type: { oid, typmod: -1 } };
    }
    this.values[datum] = value;
  }

  /** The value of an expression that is a record variable; undefined for any other expression. */
  recordNamed({ query, names }: PlExpression): Value | undefined {
    const simple = expressionOf(query);
    if (simple?.kind !== 'column' || simple.names.length !== 1) return undefined;
    const datum = names.find(simple.names[0] as string);
    if (datum === undefined || this.typed.types[datum]?.kind === 'scalar') return undefined;
    const value = this.values[datum] ?? null;
    return value instanceof AbsentRecord ? null : value;
  }

  /** A record's value; throws 55000 where it has none. */
  record(datum: number): SqlRecord {
    const value = this.values[datum];
    if (value instanceof SqlRecord) return value;
    throw notAssigned(this.compiled.body.datums[datum]?.name ?? '');
  }
}

function* located<T>(task: Task<T>, text: string): Task<T> {
  try {
    return yield* task;
  } catch (error) {
    throw error instanceof DriftError ? error.inContext(`SQL statement "${text}"`) : error;
  }
}

function used(names: BodyNames): Pick<Prepared, 'slots' | 'shapes'> {
  return { slots: [...names.slots], shapes: [...names.shapes].map(([datum, key]) => ({ datum, key })) };
}
