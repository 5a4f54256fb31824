/**
 * COPY … FROM STDIN: chunks of text or bytes become columns, and every few thousand rows an INSERT of them.
 *
 * The batches are one statement's: they run in one transaction, foreign keys are asked for after the last, and the first
 * bad field ends all with its line and column.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { bindCopy, type BoundCopy } from '../../plan/bind.ts';
import type { InsertNode, Plan } from '../../plan/plan.ts';
import type { Copy } from '../../sql/ast-statement.ts';
import type { Parameter } from '../api.ts';
import { bindContextOf, refuseWrites, runPlan, type Scene } from '../statement.ts';
import { Decoder } from './decode.ts';
import { FieldColumn } from './field-column.ts';
import { type CopyFormat, formatOf } from './options.ts';
import { CopyReader } from './reader.ts';

const BATCH_ROWS = 8192;

export class CopyFrom {
  readonly #scene: Scene;
  readonly #bound: BoundCopy;
  readonly #format: CopyFormat;
  readonly #columns: readonly FieldColumn[];
  readonly #reader: CopyReader;
  readonly #decoder: Decoder;
  readonly #checks: (() => Task<void>)[] = [];
  #filling = 0;
  #waiting = 0;
  #rows = 0;

  constructor(scene: Scene, statement: Copy) {
    refuseWrites(scene, 'COPY FROM');
    this.#scene = scene;
    this.#format = formatOf(statement);
    this.#bound = bindCopy(statement, bindContextOf(scene));
    this.#columns = this.#bound.columns.map((column) => new FieldColumn(column, scene.eval));
    const names = this.#columns.map(({ name }) => name);
    for (const name of [...this.#format.forceNull, ...this.#format.forceNotNull]) {
      if (!names.includes(name)) throw new DriftError('42703', `column "${name}" does not exist`);
    }
    this.#reader = new CopyReader(this.#format, {
      names,
      field: (column, text) => {
        this.#filling = column;
        (this.#columns[column] as FieldColumn).append(text);
      },
    });
    this.#decoder = new Decoder(this.#format.encoding);
  }

  /** Takes the next piece; what it completes is inserted. */
  *push(chunk: string | Uint8Array): Task<void> {
    this.#reader.push(this.#decoder.text(chunk));
    yield* this.#consume(false);
  }

  /** Takes rows, given by the values of each column. */
  *pushColumns(columns: readonly (readonly Parameter[])[]): Task<void> {
    if (columns.length !== this.#columns.length)
      throw new DriftError(
        '22P04',
        `rows have ${columns.length} values, ${this.#columns.length} columns are to be filled`,
      );
    this.#columns.forEach((column, c) => column.appendValues(columns[c] as readonly Parameter[]));
    this.#waiting += columns[0]?.length ?? 0;
    if (this.#waiting >= BATCH_ROWS) yield* this.#insert();
  }

  /** Ends the data; returns the number of rows. */
  *finish(): Task<number> {
    this.#reader.push(this.#decoder.end());
    yield* this.#consume(true);
    yield* this.#insert();
    for (const check of this.#checks) yield* check();
    return this.#rows;
  }

  *#consume(last: boolean): Task<void> {
    for (;;) {
      const room = BATCH_ROWS - this.#waiting;
      const read = this.#read(room, last);
      this.#waiting += read;
      if (read < room) return;
      yield* this.#insert();
    }
  }

  #read(limit: number, last: boolean): number {
    try {
      return this.#reader.read(limit, last);
    } catch (error) {
      if (!(error instanceof DriftError)) throw error;
      const column = error.code === '22P04' ? '' : `, column ${this.#columns[this.#filling]?.name ?? ''}`;
      throw error.with({ where: `COPY ${this.#bound.table.name}, line ${this.#reader.line}${column}` });
    }
  }

  *#insert(): Task<void> {
    if (this.#waiting === 0) return;
    const columns = this.#columns.map((column) => column.take());
    const root = this.#bound.insert({ columns, rowCount: this.#waiting });
    this.#waiting = 0;
    const result = yield* runPlan(this.#scene, planOf(root), undefined, this.#checks);
    this.#rows += result.affectedRows ?? 0;
  }
}

function planOf(root: InsertNode): Plan {
  return {
    root,
    parameterTypes: [],
    fields: null,
    command: 'COPY',
    cacheable: false,
    writes: true,
    point: null,
    columnCount: 0,
  };
}
