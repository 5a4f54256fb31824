/**
 * Functions, procedures and DO blocks in PL/pgSQL: arguments in, the body run (pl/interpreter.ts), results out.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Value, valueAt } from '../../base/vector.ts';
import type { RoutineDef, TypeRef } from '../../catalog/schema.ts';
import { vectorFromValues } from '../../exec/vectors.ts';
import { inputsOf } from '../../plan/bind-outer.ts';
import type { RoutineCall } from '../../sql/functions/function.ts';
import { SqlRecord } from '../../sql/types/record.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { ResultSet } from '../api.ts';
import type { Scene } from '../statement.ts';
import { convert } from './convert.ts';
import { rowValue, setDatum } from './pl/assign.ts';
import { compileBody, type Compiled, TRIGGER, typedUnder } from './pl/compiled.ts';
import { Frame, giveFrame, takeFrame } from './pl/frame.ts';
import { Machine, type Returns, RETURN } from './pl/interpreter.ts';
import { type RoutineRows, signatureOf } from './result.ts';

const VOID = 2278;
const RECORD = 2249;

const bodies = new WeakMap<RoutineDef, Map<string, Compiled>>();

/** The body as read for these types of arguments; `key` tells apart what else it is read for. */
export function compiledFor(def: RoutineDef, key: string): Compiled {
  let own = bodies.get(def);
  if (own === undefined) bodies.set(def, (own = new Map<string, Compiled>()));
  let compiled = own.get(key);
  if (compiled === undefined) {
    compiled = compileBody(def.body, def, signatureOf(def).replaceAll(', ', ','));
    own.set(key, compiled);
  }
  return compiled;
}

/** `outer`: the scene of the statement that calls; `inner` makes the routine's own. */
export function* runPlRoutine(
  outer: Scene,
  inner: () => Scene,
  call: RoutineCall,
  args: readonly Value[],
): Task<RoutineRows> {
  const { def, argTypes } = call;
  if (def.returns.oid === TRIGGER) throw new DriftError('0A000', 'trigger functions can only be called as triggers');
  const compiled = compiledFor(def, argTypes.join());
  const frame = takeFrame(outer, call, () => new Frame(inner(), compiled, def, argTypes));
  setArguments(frame, def, args);
  const results = new Results(frame, call);
  yield* runFrame(frame, results);
  const rows = results.finish();
  giveFrame(outer, call, frame);
  return rows;
}

function setArguments(frame: Frame, def: RoutineDef, args: readonly Value[]): void {
  let next = 0;
  for (const [i, arg] of def.args.entries()) {
    const datum = frame.compiled.body.args[i] as number;
    if (arg.mode === 'out' || arg.mode === 'table') {
      if (frame.typed.types[datum]?.kind === 'row') frame.values[datum] = rowValue(frame, datum, null);
      continue;
    }
    const value = args[next++] ?? null;
    if (frame.typed.types[datum]?.kind === 'scalar') frame.values[datum] = value;
    else setDatum(frame, datum, value, RECORD);
  }
}

/** Runs a body to its end; errors leave it with their place in it. */
export function* runFrame(frame: Frame, returns: Returns): Task<boolean> {
  const machine = new Machine(frame, returns);
  frame.values[frame.compiled.body.found] = false;
  try {
    return (yield* machine.block(frame.compiled.body.block)) === RETURN;
  } catch (error) {
    if (error instanceof DriftError) throw machine.placed(error);
    throw error;
  }
}

/** Collects what a body returns. */
class Results implements Returns {
  readonly type: TypeRef | null;
  readonly #frame: Frame;
  readonly #call: RoutineCall;
  readonly #rows: Value[][] = [];
  #value: Value = null;
  #oid = 0;
  #returned = false;

  constructor(frame: Frame, call: RoutineCall) {
    this.#frame = frame;
    this.#call = call;
    const [only] = call.columns;
    const single = !call.row && only !== undefined;
    const any = !single || only.type.oid === RECORD || only.type.oid === VOID || this.#hasOuts;
    this.type = any ? null : only.type;
  }

  get #hasOuts(): boolean {
    return this.#call.def.args.some(({ mode }) => mode === 'out' || mode === 'inout' || mode === 'table');
  }

  one(value: Value, oid: number): void {
    const { def } = this.#call;
    if (def.set)
      throw new DriftError('42804', 'RETURN cannot have a parameter in function returning set', {
        hint: 'Use RETURN NEXT or RETURN QUERY.',
      });
    if (this.#hasOuts) throw new DriftError('42804', 'RETURN cannot have a parameter in function with OUT parameters');
    if (def.procedure) throw new DriftError('42804', 'RETURN cannot have a parameter in a procedure');
    if (def.returns.oid === VOID)
      throw new DriftError('42804', 'RETURN cannot have a parameter in function returning void');
    if (this.#call.row && value !== null && !(value instanceof SqlRecord))
      throw new DriftError('42804', 'cannot return non-composite value from function returning composite type');
    this.#value = value;
    this.#oid = oid;
    this.#returned = true;
  }

  #checkSet(what: string): void {
    if (!this.#call.def.set) throw new DriftError('42804', `cannot use ${what} in a non-SETOF function`);
  }

  next(frame: Frame, value: Value, oid: number): void {
    this.#checkSet('RETURN NEXT');
    const { columns } = this.#call;
    if (this.#hasOuts)
      throw new DriftError('42804', 'RETURN NEXT cannot have a parameter in function with OUT parameters');
    if (!this.#call.row) {
      const type = columns[0]?.type as TypeRef;
      this.#rows.push([type.oid === RECORD ? value : convert(frame.scene, value, oid, type)]);
      return;
    }
    const fields = value instanceof SqlRecord ? value : null;
    if (value !== null && fields === null)
      throw new DriftError('42804', 'cannot return non-composite value from function returning composite type');
    this.#rows.push(
      columns.map(({ type }, i) => convert(frame.scene, fields?.values[i] ?? null, fields?.oids[i] ?? type.oid, type)),
    );
  }

  outs(frame: Frame): void {
    this.#checkSet('RETURN NEXT');
    if (!this.#hasOuts) throw new DriftError('42601', 'RETURN NEXT must have a parameter');
    this.#rows.push(this.#outValues(frame));
  }

  #outValues(frame: Frame): Value[] {
    const { def } = this.#call;
    return def.args.flatMap(({ mode }, i) =>
      mode === 'out' || mode === 'inout' || mode === 'table'
        ? [frame.values[frame.compiled.body.args[i] as number] ?? null]
        : [],
    );
  }

  rows(result: ResultSet): void {
    this.#checkSet('RETURN QUERY');
    const { columns } = this.#call;
    const mismatch = (detail: string): never => {
      throw new DriftError('42804', 'structure of query does not match function result type', { detail });
    };
    const anyRow = columns.length === 1 && columns[0]?.type.oid === RECORD;
    if (!anyRow && result.fields.length !== columns.length)
      mismatch(
        `Number of returned columns (${result.fields.length}) does not match expected column count (${columns.length}).`,
      );
    if (!anyRow)
      result.fields.forEach(({ dataTypeID }, i) => {
        const wanted = columns[i]?.type.oid as number;
        if (dataTypeID !== wanted)
          mismatch(
            `Returned type ${typeByOid(dataTypeID).display} does not match expected type ${typeByOid(wanted).display} in column ${i + 1}.`,
          );
      });
    const oids = result.fields.map(({ dataTypeID }) => dataTypeID);
    const names = result.fields.map(({ name }) => name);
    for (let row = 0; row < result.rowCount; row++) {
      const values = result.columns.map((column) => valueAt(column, row));
      this.#rows.push(
        anyRow && !(values.length === 1 && oids[0] === RECORD) ? [new SqlRecord(values, oids, names)] : values,
      );
    }
  }

  finish(): RoutineRows {
    const { columns, def } = this.#call;
    if (def.set) return this.#table(this.#rows);
    if (this.#hasOuts) return this.#table([this.#outValues(this.#frame)]);
    if (!this.#returned) {
      if (def.returns.oid !== VOID)
        throw new DriftError('2F005', 'control reached end of function without RETURN').inContext(
          `PL/pgSQL function ${this.#frame.compiled.signature}`,
        );
      return { oids: [VOID], names: [''], columns: [vectorFromValues([null], 25)], length: 1 };
    }
    const oid = this.#value instanceof SqlRecord ? RECORD : (this.type?.oid ?? this.#oid);
    const composite = this.#call.row;
    if (composite && this.#value === null) return this.#table([columns.map(() => null)]);
    return { oids: [oid], names: [''], columns: [vectorFromValues([this.#value], oid)], length: 1 };
  }

  #table(rows: readonly (readonly Value[])[]): RoutineRows {
    const { columns } = this.#call;
    return {
      oids: columns.map(({ type }) => type.oid),
      names: columns.map(({ name }) => name),
      columns: columns.map(({ type }, c) =>
        vectorFromValues(
          rows.map((row) => row[c] ?? null),
          type.oid,
        ),
      ),
      length: rows.length,
    };
  }
}

/** DO: a body without arguments or result. */
export function* runBlock(scene: Scene, text: string): Task<void> {
  const frame = new Frame(scene, compileBody(text, null, 'inline_code_block'), null, []);
  const refuse = (): never => {
    throw new DriftError('42804', 'RETURN cannot have a parameter in function returning void');
  };
  yield* runFrame(frame, { type: null, one: refuse, next: refuse, outs: refuse, rows: refuse });
}

/** What CREATE FUNCTION refuses: syntax, and types that do not exist. */
export function checkPlRoutine(scene: Scene, def: RoutineDef): void {
  const argTypes = inputsOf(def).map(({ type }) => type.oid);
  typedUnder(compiledFor(def, argTypes.join()), scene.eval.catalog, def, argTypes);
}
