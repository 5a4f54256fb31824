/**
 * DriftError: the one error class that callers and disks can cause.
 *
 * `code` is a PostgreSQL SQLSTATE; `position` counts characters from 1 in the statement text, as PostgreSQL's does.
 * A broken invariant of our own is an AssertionError (XX000), never a DriftError with a user's code.
 */

export interface ErrorFields {
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** Character offset in the statement, counted from 1. */
  readonly position?: number | undefined;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly dataType?: string | undefined;
  readonly constraint?: string | undefined;
  /** The calls through which a routine's error came, one a line, the innermost first. */
  readonly where?: string | undefined;
}

export class DriftError extends Error {
  override readonly name: string = 'DriftError';
  readonly code: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly position: number | undefined;
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly dataType: string | undefined;
  readonly constraint: string | undefined;
  readonly where: string | undefined;

  constructor(code: string, message: string, fields: ErrorFields = {}) {
    super(message);
    this.code = code;
    this.detail = fields.detail;
    this.hint = fields.hint;
    this.position = fields.position;
    this.schema = fields.schema;
    this.table = fields.table;
    this.column = fields.column;
    this.dataType = fields.dataType;
    this.constraint = fields.constraint;
    this.where = fields.where;
  }

  /** Returns the error as it leaves a routine: with one more line in `where`, and without a position in its text. */
  inContext(line: string): DriftError {
    const fields: Record<string, unknown> = {};
    for (const name of FIELD_NAMES) if (this[name] !== undefined) fields[name] = this[name];
    fields['position'] = undefined;
    fields['where'] = this.where === undefined ? line : `${this.where}\n${line}`;
    const copy = new DriftError(this.code, this.message, fields as ErrorFields);
    if (this.stack !== undefined) copy.stack = this.stack;
    return copy;
  }

  /** Returns the same error with fields added where it has none yet (a position known only further up, say). */
  with(fields: ErrorFields): DriftError {
    const merged: Record<string, unknown> = { ...fields };
    for (const name of FIELD_NAMES) if (this[name] !== undefined) merged[name] = this[name];
    const copy = new DriftError(this.code, this.message, merged as ErrorFields);
    if (this.stack !== undefined) copy.stack = this.stack;
    return copy;
  }
}

/** The optional fields, in the order in which PostgreSQL's protocol documents them. */
export const FIELD_NAMES = [
  'detail',
  'hint',
  'position',
  'schema',
  'table',
  'column',
  'dataType',
  'constraint',
  'where',
] as const;

/** A broken invariant of the engine itself; always on. */
export class AssertionError extends DriftError {
  override readonly name = 'AssertionError';
  constructor(message: string) {
    super('XX000', `internal error: ${message}`);
  }
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Ends an exhaustive switch: the compiler proves that it is never reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unexpected ${JSON.stringify(value)}`);
}
