/**
 * Runs the statements of a body.
 *
 * Control leaves a list of statements in one of four ways; EXIT and CONTINUE carry the label they look for in the
 * machine. A block with handlers is a savepoint: when one of its statements fails, what they changed is taken back
 * before the handler runs.
 */
import { DriftError } from '../../../base/error.ts';
import type { Task } from '../../../base/task.ts';
import { type Value, valueAt, type Vector } from '../../../base/vector.ts';
import type { TypeRef } from '../../../catalog/schema.ts';
import type { Block, Into, PlQuery, PlStatement } from '../../../sql/plpgsql/ast.ts';
import { SqlArray } from '../../../sql/types/array.ts';
import { typeByOid } from '../../../sql/types/registry.ts';
import type { ResultSet } from '../../api.ts';
import type { Portal } from '../../portal.ts';
import { assign, assignRow, type Row, rowValue, setDatum, wantedType } from './assign.ts';
import { callProcedure } from './call-procedure.ts';
import { isCondition } from './conditions.ts';
import { closeCursor, fetchCursor, openCursor, openLoop } from './cursor.ts';
import { runDynamic } from './dynamic.ts';
import type { Frame } from './frame.ts';
import { raise } from './raise.ts';

export const NORMAL = 0;
export const EXIT = 1;
export const CONTINUE = 2;
export const RETURN = 3;
type Way = 0 | 1 | 2 | 3;

const INT4: TypeRef = { oid: 23, typmod: -1 };
const TEXT: TypeRef = { oid: 25, typmod: -1 };
const BOOL: TypeRef = { oid: 16, typmod: -1 };
const MAX_INT4 = 2147483647;

/** What RETURN, RETURN NEXT and RETURN QUERY hand out (pl-routine.ts). */
export interface Returns {
  /** The type that RETURN's expression is converted to; null where it may be any. */
  readonly type: TypeRef | null;
  one(value: Value, oid: number): void;
  next(frame: Frame, value: Value, oid: number): void;
  outs(frame: Frame): void;
  rows(result: ResultSet): void;
}

export class Machine {
  readonly frame: Frame;
  readonly returns: Returns;
  /** Line and kind of the statement that runs, for `where`. */
  line = 0;
  doing = 'statement block';
  /** The assignment whose expression is being evaluated. */
  #assigning: string | null = null;
  #label: string | undefined;
  #steps = 0;

  constructor(frame: Frame, returns: Returns) {
    this.frame = frame;
    this.returns = returns;
  }

  *block(block: Block): Task<Way> {
    const { frame } = this;
    for (const datum of block.declared) yield* this.#initialise(datum);
    if (block.handlers === undefined) return this.#left(yield* this.list(block.body), block.label);
    const { transaction, turns } = frame.scene;
    const mark = transaction.mark();
    try {
      if (turns !== undefined) turns.subtransactions++;
      try {
        return this.#left(yield* this.list(block.body), block.label);
      } finally {
        if (turns !== undefined) turns.subtransactions--;
      }
    } catch (error) {
      if (!(error instanceof DriftError) || error.name === 'AssertionError') throw error;
      const handler = block.handlers.find(({ conditions }) =>
        conditions.some((condition) => isCondition(error.code, condition)),
      );
      if (handler === undefined) throw error;
      frame.run.cancellation.check();
      transaction.rollbackTo(mark);
      frame.refresh();
      const before = frame.handled;
      frame.handled = this.placed(error);
      frame.values[handler.sqlstate] = error.code;
      frame.values[handler.sqlerrm] = error.message;
      try {
        return this.#left(yield* this.list(handler.body), block.label);
      } finally {
        frame.handled = before;
      }
    }
  }

  /** An error with where it happened in this body. */
  placed(error: DriftError): DriftError {
    const text = this.#assigning;
    // A literal is read when it is assigned, not when it is evaluated.
    const evaluated =
      text === null || error.code === '22P02' ? error : error.inContext(`PL/pgSQL assignment "${text}"`);
    return evaluated.inContext(`PL/pgSQL function ${this.frame.compiled.signature} line ${this.line} at ${this.doing}`);
  }

  #left(way: Way, label: string | undefined): Way {
    if (way === EXIT && label !== undefined && this.#label === label) return NORMAL;
    return way;
  }

  *#initialise(datum: number): Task<void> {
    const { frame } = this;
    const declared = frame.compiled.body.datums[datum];
    const type = frame.typed.types[datum];
    if (declared === undefined) return;
    if (declared.default !== undefined) {
      const wanted = type?.kind === 'scalar' ? type.type : null;
      const value = yield* frame.evaluate(declared.default, wanted);
      setDatum(frame, datum, value, frame.lastOid);
    } else if (type?.kind === 'row') {
      frame.values[datum] = rowValue(frame, datum, null);
    } else {
      frame.values[datum] = null;
    }
  }

  *list(statements: readonly PlStatement[]): Task<Way> {
    for (const statement of statements) {
      this.line = statement.line;
      this.doing = DOING[statement.kind] ?? 'SQL statement';
      this.#assigning = statement.kind === 'assign' ? statement.text : null;
      const way = yield* this.#statement(statement);
      if (way !== NORMAL) return way;
    }
    return NORMAL;
  }

  *#statement(s: PlStatement): Task<Way> {
    const { frame } = this;
    switch (s.kind) {
      case 'block':
        return yield* this.block(s);
      case 'assign': {
        const to = wantedType(frame, s.target);
        const value = frame.now(s.value, to) ?? (yield* frame.evaluate(s.value, to));
        this.#assigning = null;
        if (to !== null) setDatum(frame, s.target.datum, value, to.oid);
        else yield* assign(frame, s.target, value, frame.lastOid);
        return NORMAL;
      }
      case 'if':
        for (const { when, then } of s.branches) if (yield* frame.condition(when)) return yield* this.list(then);
        return s.otherwise === undefined ? NORMAL : yield* this.list(s.otherwise);
      case 'case':
        return yield* this.#case(s);
      case 'loop':
        for (;;) {
          const way = yield* this.#round(s);
          if (way !== NORMAL) return this.#after(way);
        }
      case 'while':
        while (yield* frame.condition(s.condition)) {
          const way = yield* this.#round(s);
          if (way !== NORMAL) return this.#after(way);
        }
        return NORMAL;
      case 'forRange':
        return yield* this.#forRange(s);
      case 'forQuery':
        return yield* this.#forQuery(s);
      case 'foreach':
        return yield* this.#foreach(s);
      case 'exit':
        if (s.when !== undefined && !(yield* frame.condition(s.when))) return NORMAL;
        this.#label = s.label;
        return s.continues ? CONTINUE : EXIT;
      case 'return':
        if (s.value !== undefined) {
          const record = frame.recordNamed(s.value);
          if (record !== undefined) {
            this.returns.one(record, 2249);
            return RETURN;
          }
          const value = yield* frame.evaluate(s.value, this.returns.type);
          this.returns.one(value, frame.lastOid);
        }
        return RETURN;
      case 'returnNext':
        if (s.value === undefined) this.returns.outs(frame);
        else {
          const value = yield* frame.evaluate(s.value, null);
          this.returns.next(frame, value, frame.lastOid);
        }
        return NORMAL;
      case 'returnQuery': {
        const result = yield* this.#query(s.query);
        this.returns.rows(result);
        this.#counted(result.rowCount);
        return NORMAL;
      }
      case 'raise':
        yield* raise(frame, s);
        return NORMAL;
      case 'assert':
        yield* this.#assert(s);
        return NORMAL;
      case 'sql':
        yield* this.#sql(s);
        return NORMAL;
      case 'perform': {
        const result = yield* frame.statement(s.sql);
        this.#counted(result.rowCount);
        return NORMAL;
      }
      case 'execute': {
        const result = yield* this.#query({ kind: 'dynamic', text: s.text, using: s.using });
        frame.rowCount = result.affectedRows ?? result.rowCount;
        if (s.into !== undefined) yield* this.#into(s.into, result, false);
        return NORMAL;
      }
      case 'diagnostics':
        for (const { target, item } of s.items) {
          const value = this.#diagnostic(item);
          yield* assign(frame, target, value, typeof value === 'number' ? 20 : 25);
        }
        return NORMAL;
      case 'open':
        yield* openCursor(frame, s);
        return NORMAL;
      case 'fetch': {
        const row = yield* fetchCursor(frame, s);
        if (!s.move) yield* assignRow(frame, s.targets, row.first);
        this.#counted(row.count);
        return NORMAL;
      }
      case 'close':
        closeCursor(frame, s.cursor);
        return NORMAL;
      case 'null':
        return NORMAL;
      case 'end': {
        const { turns } = frame.scene;
        if (turns === undefined) throw new DriftError('2D000', 'invalid transaction termination');
        yield* turns.end(s.commit, s.chain);
        frame.refresh();
        return NORMAL;
      }
    }
  }

  // ---- loops

  /** One round of a loop: NORMAL to go on, EXIT to end it, or a way further out. */
  *#round(loop: { readonly body: readonly PlStatement[]; readonly label: string | undefined }): Task<Way> {
    if ((++this.#steps & 63) === 0 && this.frame.run.due()) yield* this.frame.run.pause();
    const way = yield* this.list(loop.body);
    if (way === NORMAL || way === RETURN) return way;
    const own = this.#label === undefined || this.#label === loop.label;
    if (!own) return way;
    if (way === CONTINUE) return NORMAL;
    this.#label = ENDED;
    return EXIT;
  }

  /** What a loop's end means outside: an EXIT that was meant for it is spent. */
  #after(way: Way): Way {
    return way === EXIT && this.#label === ENDED ? NORMAL : way;
  }

  *#forRange(s: Extract<PlStatement, { kind: 'forRange' }>): Task<Way> {
    const { frame } = this;
    const bound = function* (syntax: typeof s.from, what: string): Task<number> {
      const value = yield* frame.evaluate(syntax, INT4);
      if (value === null) throw new DriftError('22004', `${what} of FOR loop cannot be null`);
      return Number(value);
    };
    const from = yield* bound(s.from, 'lower bound');
    const to = yield* bound(s.to, 'upper bound');
    const by = s.by === undefined ? 1 : yield* bound(s.by, 'BY value');
    if (by <= 0) throw new DriftError('22023', 'BY value of FOR loop must be greater than zero');
    const step = s.reverse ? -by : by;
    let any = false;
    let way: Way = NORMAL;
    for (let i = from; s.reverse ? i >= to : i <= to; i += step) {
      if (i > MAX_INT4 || i < -MAX_INT4 - 1) break;
      any = true;
      frame.values[s.datum] = i;
      way = yield* this.#round(s);
      if (way !== NORMAL) break;
    }
    this.#found(any);
    return way === NORMAL ? NORMAL : this.#after(way);
  }

  *#forQuery(s: Extract<PlStatement, { kind: 'forQuery' }>): Task<Way> {
    if (s.query.kind !== 'cursor') return yield* this.#rows(s, yield* this.#query(s.query), null);
    const { portal, close } = yield* openLoop(this.frame, s.query);
    const way = yield* this.#rows(s, portal.result, portal);
    close();
    return way;
  }

  *#rows(s: Extract<PlStatement, { kind: 'forQuery' }>, result: ResultSet, portal: Portal | null): Task<Way> {
    const { frame } = this;
    let way: Way = NORMAL;
    for (let row = 0; row < result.rowCount; row++) {
      if (portal !== null) portal.position = row + 1;
      yield* assignRow(frame, s.targets, rowAt(result, row));
      way = yield* this.#round(s);
      if (way !== NORMAL) break;
    }
    if (result.rowCount === 0) yield* assignRow(frame, s.targets, null);
    this.#found(result.rowCount > 0);
    return way === NORMAL ? NORMAL : this.#after(way);
  }

  *#foreach(s: Extract<PlStatement, { kind: 'foreach' }>): Task<Way> {
    const { frame } = this;
    const array = yield* frame.evaluate(s.array, null);
    if (array === null) throw new DriftError('22004', 'FOREACH expression must not be null');
    if (!(array instanceof SqlArray))
      throw new DriftError(
        '42804',
        `FOREACH expression must yield an array, not type ${typeByOid(frame.lastOid).display}`,
      );
    const arrayOid = frame.lastOid;
    if (s.slice > array.dimensions.length)
      throw new DriftError(
        '2202E',
        `slice dimension (${s.slice}) is out of the valid range 0..${array.dimensions.length}`,
      );
    let any = false;
    let way: Way = NORMAL;
    for (const item of slices(array, s.slice)) {
      any = true;
      yield* assign(frame, s.target, item, s.slice === 0 ? array.elementOid : arrayOid);
      way = yield* this.#round(s);
      if (way !== NORMAL) break;
    }
    this.#found(any);
    return way === NORMAL ? NORMAL : this.#after(way);
  }

  *#case(s: Extract<PlStatement, { kind: 'case' }>): Task<Way> {
    const { frame } = this;
    if (s.operand !== undefined) {
      const value = yield* frame.evaluate(s.operand.value, null);
      frame.setCase(s.operand.datum, value);
    }
    for (const { when, then } of s.whens) if (yield* frame.condition(when)) return yield* this.list(then);
    if (s.otherwise !== undefined) return yield* this.list(s.otherwise);
    throw new DriftError('20000', 'case not found', { hint: 'CASE statement is missing ELSE part.' });
  }

  *#assert(s: Extract<PlStatement, { kind: 'assert' }>): Task<void> {
    const { frame } = this;
    if (frame.scene.settings.get('plpgsql.check_asserts') === 'off') return;
    const holds = yield* frame.evaluate(s.condition, BOOL);
    if (holds === true) return;
    const message = s.message === undefined ? null : yield* frame.evaluate(s.message, TEXT);
    throw new DriftError('P0004', message === null ? 'assertion failed' : (message as string));
  }

  // ---- SQL

  *#sql(s: Extract<PlStatement, { kind: 'sql' }>): Task<void> {
    const { frame } = this;
    const { statement } = s.sql;
    if (statement.kind === 'callProcedure') {
      yield* callProcedure(frame, statement, s.sql.names);
      return;
    }
    const result = yield* frame.statement(s.sql);
    const changes = statement.kind !== 'query';
    frame.rowCount = result.affectedRows ?? result.rowCount;
    if (s.into !== undefined) {
      yield* this.#into(s.into, result, changes);
      this.#found(changes ? frame.rowCount > 0 : result.rowCount > 0);
      return;
    }
    if (result.fields.length > 0 && (statement.kind === 'query' || result.rowCount > 0 || isChange(statement.kind))) {
      throw new DriftError('42601', 'query has no destination for result data', {
        hint:
          statement.kind === 'query'
            ? 'If you want to discard the results of a SELECT, use PERFORM instead.'
            : undefined,
      });
    }
    if (isChange(statement.kind)) this.#found(frame.rowCount > 0);
  }

  *#into({ targets, strict }: Into, result: ResultSet, changes: boolean): Task<void> {
    if (result.fields.length === 0 && result.columns.length === 0)
      throw new DriftError('42601', 'INTO used with a command that cannot return data');
    if (strict && result.rowCount === 0) throw new DriftError('P0002', 'query returned no rows');
    if ((strict || changes) && result.rowCount > 1)
      throw new DriftError('P0003', 'query returned more than one row', {
        hint: 'Make sure the query returns a single row, or use LIMIT 1.',
      });
    yield* assignRow(this.frame, targets, result.rowCount === 0 ? null : rowAt(result, 0));
  }

  *#query(query: PlQuery): Task<ResultSet> {
    if (query.kind === 'static') return yield* this.frame.statement(query.sql);
    return yield* runDynamic(this.frame, query);
  }

  #counted(count: number): void {
    this.frame.rowCount = count;
    this.#found(count > 0);
  }

  #found(found: boolean): void {
    this.frame.values[this.frame.compiled.body.found] = found;
  }

  #diagnostic(item: string): Value {
    const { frame } = this;
    if (item === 'row_count') return frame.rowCount;
    if (item === 'pg_context')
      return `PL/pgSQL function ${frame.compiled.signature} line ${this.line} at GET DIAGNOSTICS`;
    const { handled } = frame;
    if (handled === null)
      throw new DriftError('0Z002', 'GET STACKED DIAGNOSTICS cannot be used outside an exception handler');
    const texts: Readonly<Record<string, string | undefined>> = {
      returned_sqlstate: handled.code,
      message_text: handled.message,
      pg_exception_detail: handled.detail,
      pg_exception_hint: handled.hint,
      pg_exception_context: handled.where,
      column_name: handled.column,
      constraint_name: handled.constraint,
      pg_datatype_name: handled.dataType,
      table_name: handled.table,
      schema_name: handled.schema,
    };
    return texts[item] ?? '';
  }
}

/** The mark of an EXIT that has ended its loop. */
const ENDED = '\u0000ended';

const DOING: Readonly<Record<string, string>> = {
  block: 'statement block',
  assign: 'assignment',
  if: 'IF',
  case: 'CASE',
  loop: 'LOOP',
  while: 'WHILE',
  forRange: 'FOR with integer loop variable',
  forQuery: 'FOR over SELECT rows',
  foreach: 'FOREACH over array',
  exit: 'EXIT',
  return: 'RETURN',
  returnNext: 'RETURN NEXT',
  returnQuery: 'RETURN QUERY',
  raise: 'RAISE',
  assert: 'ASSERT',
  sql: 'SQL statement',
  perform: 'PERFORM',
  execute: 'EXECUTE',
  diagnostics: 'GET DIAGNOSTICS',
  open: 'OPEN',
  fetch: 'FETCH',
  close: 'CLOSE',
  null: 'NULL',
  end: 'COMMIT',
};

function isChange(kind: string): boolean {
  return kind === 'insert' || kind === 'update' || kind === 'delete' || kind === 'merge';
}

export function rowAt(result: ResultSet, row: number): Row {
  return {
    values: result.columns.map((column: Vector) => valueAt(column, row)),
    oids: result.fields.map((field) => field.dataTypeID),
    names: result.fields.map((field) => field.name),
  };
}

/** Elements in order, or the parts of the last `slice` dimensions. */
function* slices(array: SqlArray, slice: number): Generator<Value> {
  if (slice === 0) {
    yield* array.elements;
    return;
  }
  const outer = array.dimensions.length - slice;
  const dimensions = array.dimensions.slice(outer);
  const size = dimensions.reduce((product, length) => product * length, 1);
  for (let at = 0; at < array.elements.length; at += size)
    yield new SqlArray(
      dimensions,
      array.lowerBounds.slice(outer),
      array.elements.slice(at, at + size),
      array.elementOid,
    );
}
