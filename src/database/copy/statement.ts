/** COPY as a statement: data that stand in the script go in; what goes out is a column of lines. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { vectorFromValues } from '../../exec/vectors.ts';
import type { Copy } from '../../sql/ast-statement.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import type { CopyPiece, ResultSet } from '../api.ts';
import { command } from '../show.ts';
import type { Scene } from '../statement.ts';
import { CopyFrom } from './copy-from.ts';
import { CopyTo } from './copy-to.ts';

const TEXT = 25;

export function* copy(scene: Scene, statement: Copy): Task<ResultSet> {
  const { file, program, direction, position, data } = statement;
  if (file !== undefined || program) {
    throw new DriftError('42501', `permission denied to COPY ${direction} a ${program ? 'program' : 'file'}`, {
      position,
      hint: 'The engine reads and writes no files: use copyFrom and copyTo of the API.',
    });
  }
  if (direction === 'to') return yield* copyOut(scene, statement);
  if (data === undefined) {
    throw new DriftError('0A000', 'COPY FROM STDIN needs its data', {
      position,
      hint: 'Put them behind the statement in a script, or use copyFrom of the API.',
    });
  }
  const target = new CopyFrom(scene, statement);
  yield* target.push(data.text);
  return { ...command('COPY'), affectedRows: yield* target.finish() };
}

function* copyOut(scene: Scene, statement: Copy): Task<ResultSet> {
  const source = yield* CopyTo.begin(scene, statement);
  const lines: string[] = [];
  for (let text = yield* source.next(); text !== null; text = yield* source.next()) lines.push(text);
  const all = lines.join('');
  return {
    command: 'COPY',
    fields: [{ name: 'copy', dataTypeID: TEXT, typeModifier: -1, tableID: 0, columnID: 0 }],
    columns: [vectorFromValues(all === '' ? [] : [all], TEXT)],
    rowCount: all === '' ? 0 : 1,
    affectedRows: source.rows,
  };
}

/** The COPY that a session has under way, fed or read piece by piece. */
export class CopyStream {
  #from: CopyFrom | null = null;
  #to: CopyTo | null = null;

  /** `scene`: of the open transaction. Returns lines of COPY TO, the number of rows at the end of COPY FROM, else null. */
  *piece(scene: Scene, { sql, data, columns, end }: CopyPiece): Task<string | number | null> {
    if (sql !== undefined) yield* this.#begin(scene, sql);
    if (this.#to !== null) {
      if (end === true) this.#to.close();
      const text = yield* this.#to.next();
      if (text === null) this.#to = null;
      return text;
    }
    const target = this.#from;
    if (target === null) throw new DriftError('55000', 'no COPY is in progress');
    try {
      if (data !== undefined) yield* target.push(data);
      if (columns !== undefined) yield* target.pushColumns(columns);
      if (end !== true) return null;
      this.#from = null;
      return yield* target.finish();
    } catch (error) {
      this.#from = null;
      throw error;
    }
  }

  *#begin(scene: Scene, sql: string): Task<void> {
    const statement = parseOne(sql);
    if (statement.kind !== 'copy' || statement.file !== undefined || statement.program)
      throw new DriftError('42601', 'expected COPY … FROM STDIN or COPY … TO STDOUT');
    this.#to?.close();
    this.#to = null;
    this.#from = null;
    if (statement.direction === 'from') this.#from = new CopyFrom(scene, statement);
    else this.#to = yield* CopyTo.begin(scene, statement);
  }
}
