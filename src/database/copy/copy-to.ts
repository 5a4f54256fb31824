/** COPY … TO STDOUT: the rows of a query as lines of text, batch by batch. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Batch, type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { TableDef } from '../../catalog/schema.ts';
import { type BindableStatement, isBindable } from '../../plan/bind.ts';
import type { Copy } from '../../sql/ast-statement.ts';
import type { EvalContext } from '../../sql/eval-context.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { SqlType } from '../../sql/types/type.ts';
import { quoted, tableText } from '../ddl/names.ts';
import { openPlan, planOf, type Running, type Scene } from '../statement.ts';
import { type CopyFormat, formatOf } from './options.ts';

export class CopyTo {
  readonly #format: CopyFormat;
  readonly #running: Running;
  readonly #types: readonly SqlType[];
  readonly #forced: readonly boolean[];
  readonly #context: EvalContext;
  /** To be written before the rows. */
  #header: string | null;
  #rows = 0;
  #ended = false;

  static *begin(scene: Scene, statement: Copy): Task<CopyTo> {
    const format = formatOf(statement);
    if (format.encoding !== 'utf8')
      throw new DriftError('0A000', 'COPY TO gives text: encode it where it is written', {
        position: statement.position,
      });
    const plan = yield* planOf(scene, sourceOf(statement, scene));
    if (plan.fields === null)
      throw new DriftError('0A000', 'COPY query must have a RETURNING clause', { position: statement.position });
    const fields = plan.fields.map(({ name, type }) => ({ name, oid: type.oid }));
    return new CopyTo(format, openPlan(scene, plan), fields, scene.eval);
  }

  private constructor(
    format: CopyFormat,
    running: Running,
    fields: readonly { readonly name: string; readonly oid: number }[],
    context: EvalContext,
  ) {
    this.#format = format;
    this.#running = running;
    this.#types = fields.map(({ oid }) => typeByOid(oid));
    const { forceQuote } = format;
    if (forceQuote !== 'all') {
      const unknown = forceQuote.find((name) => !fields.some((field) => field.name === name));
      if (unknown !== undefined) throw new DriftError('42703', `column "${unknown}" does not exist`);
    }
    this.#forced = fields.map(({ name }) => forceQuote === 'all' || forceQuote.includes(name));
    this.#context = context;
    this.#header =
      format.header === 'none'
        ? null
        : `${fields.map(({ name }, i) => this.#cell(name, false, i)).join(format.delimiter)}\n`;
  }

  /** Rows written so far. */
  get rows(): number {
    return this.#rows;
  }

  /** The next lines, or null at the end. */
  *next(): Task<string | null> {
    if (this.#ended) return null;
    const header = this.#header ?? '';
    this.#header = null;
    const batch = yield* this.#running.next();
    if (batch === null) {
      this.close();
      return header === '' ? null : header;
    }
    this.#rows += batch.count;
    return header + this.#lines(batch);
  }

  close(): void {
    this.#ended = true;
    this.#running.close();
  }

  #lines(batch: Batch): string {
    const { nullText, delimiter } = this.#format;
    let text = '';
    for (let i = 0; i < batch.count; i++) {
      const row = batch.selection === null ? i : (batch.selection[i] as number);
      for (let c = 0; c < this.#types.length; c++) {
        if (c > 0) text += delimiter;
        const value: Value = valueAt(batch.columns[c] as Vector, row);
        if (value === null) text += nullText;
        else text += this.#cell((this.#types[c] as SqlType).output(value, this.#context), this.#forced[c] === true, c);
      }
      text += '\n';
    }
    return text;
  }

  #cell(value: string, forced: boolean, column: number): string {
    const { csv, delimiter, quote, escape, nullText } = this.#format;
    if (!csv) return escaped(value, delimiter);
    const plain =
      !forced &&
      value !== nullText &&
      !value.includes(delimiter) &&
      !value.includes(quote) &&
      !/[\r\n]/.test(value) &&
      !(column === 0 && this.#types.length === 1 && value === '\\.');
    if (plain) return value;
    const inner = escape === quote ? value : value.replaceAll(escape, escape + escape);
    return quote + inner.replaceAll(quote, escape + quote) + quote;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

function escaped(value: string, delimiter: string): string {
  const text = /[\\\b\f\n\r\t\v]/.test(value) ? value.replace(/[\\\b\f\n\r\t\v]/g, (c) => ESCAPES[c] ?? c) : value;
  return delimiter !== '\t' && text.includes(delimiter) ? text.replaceAll(delimiter, `\\${delimiter}`) : text;
}

/** The query to read: a table's is made of its columns, those that are generated left out. */
function sourceOf({ table: name, columns, query, position }: Copy, scene: Scene): BindableStatement {
  if (query !== undefined) return query;
  const found = name && scene.eval.catalog.relation(name.schema, name.name);
  if (found === undefined)
    throw new DriftError('42P01', `relation "${name?.name ?? ''}" does not exist`, { position: name?.position });
  if (found.kind !== 'table' || found.materialized !== undefined) {
    const what = found.kind === 'table' ? 'materialized view' : found.kind;
    throw new DriftError('42809', `cannot copy from ${what} "${found.name}"`, {
      position,
      hint: 'Try the COPY (SELECT ...) TO variant.',
    });
  }
  const list = (columns?.map((column) => column.name) ?? copied(found)).map(quoted).join(', ');
  const statement = parseOne(`SELECT ${list} FROM ${tableText(found)}`);
  if (!isBindable(statement)) throw new DriftError('XX000', 'the query of COPY is no query');
  return statement;
}

function copied(table: TableDef): string[] {
  return table.columns.flatMap(({ name, hidden, generated }) =>
    hidden === true || generated !== undefined ? [] : [name],
  );
}
