/**
 * Syntax trees of PL/pgSQL. Expressions and statements of SQL inside of it are SQL's own trees; what is new is control,
 * and variables.
 *
 * A body's variables are numbered (`Datum`); names find them through the name space of the place where they are used:
 * one level a block, the routine's arguments outermost.
 */
import type { Query } from '../ast-query.ts';
import type { TypeName } from '../ast.ts';
import type { Statement } from '../ast-statement.ts';

export interface Datum {
  readonly name: string;
  /** Undefined: `record`, or for the variable of a CASE the type of its operand. */
  readonly type: TypeName | undefined;
  /** `table%ROWTYPE`. */
  readonly rowType: boolean;
  readonly constant: boolean;
  readonly notNull: boolean;
  readonly default: PlExpression | undefined;
  /** A bound cursor: its query, and its parameters as datums. */
  readonly cursor:
    | { readonly query: PlQuery; readonly args: readonly number[]; readonly scroll: boolean | undefined }
    | undefined;
  readonly line: number;
}

export class NameSpace {
  readonly parent: NameSpace | null;
  readonly label: string | undefined;
  readonly names: Map<string, number> = new Map();

  constructor(parent: NameSpace | null, label: string | undefined) {
    this.parent = parent;
    this.label = label;
  }

  find(name: string): number | undefined {
    return this.names.get(name) ?? this.parent?.find(name);
  }

  labelled(label: string): NameSpace | undefined {
    return this.label === label ? this : this.parent?.labelled(label);
  }
}

/** An expression: `SELECT` before it makes it a query, which it is bound as. */
export interface PlExpression {
  readonly text: string;
  readonly query: Query;
  readonly names: NameSpace;
}

/** A statement of SQL, its INTO taken out. */
export interface PlStatementText {
  readonly text: string;
  readonly statement: Statement;
  readonly names: NameSpace;
}

export type PlQuery =
  | { readonly kind: 'static'; readonly sql: PlStatementText }
  | { readonly kind: 'dynamic'; readonly text: PlExpression; readonly using: readonly PlExpression[] };

/** What can be assigned to: a variable, a field of a record, an element of an array in either. */
export interface Assignable {
  readonly datum: number;
  readonly fields: readonly string[];
  readonly subscripts: readonly PlExpression[];
}

export interface Into {
  readonly targets: readonly Assignable[];
  readonly strict: boolean;
}

export interface Handler {
  /** Names of conditions in lower case, SQLSTATEs, or `others`. */
  readonly conditions: readonly string[];
  readonly sqlstate: number;
  readonly sqlerrm: number;
  readonly body: readonly PlStatement[];
}

export type RaiseLevel = 'debug' | 'log' | 'info' | 'notice' | 'warning' | 'exception';
export type RaiseOption =
  | 'message'
  | 'detail'
  | 'hint'
  | 'errcode'
  | 'column'
  | 'constraint'
  | 'datatype'
  | 'table'
  | 'schema';

interface Placed {
  readonly line: number;
}

export interface Block extends Placed {
  readonly kind: 'block';
  readonly label: string | undefined;
  /** Datums to initialise, in order. */
  readonly declared: readonly number[];
  readonly body: readonly PlStatement[];
  readonly handlers: readonly Handler[] | undefined;
}

interface LoopBody extends Placed {
  readonly label: string | undefined;
  readonly body: readonly PlStatement[];
}

export interface ForQuery extends LoopBody {
  readonly kind: 'forQuery';
  readonly targets: readonly Assignable[];
  readonly query:
    | PlQuery
    | { readonly kind: 'cursor'; readonly datum: number; readonly args: readonly CursorArgument[] };
}

export interface CursorArgument {
  readonly name: string | undefined;
  readonly value: PlExpression;
}

export interface Raise extends Placed {
  readonly kind: 'raise';
  /** Undefined: RAISE alone, which raises the handled error again. */
  readonly level: RaiseLevel | undefined;
  readonly condition: string | undefined;
  readonly format: string | undefined;
  readonly args: readonly PlExpression[];
  readonly options: readonly { readonly option: RaiseOption; readonly value: PlExpression }[];
}

export interface Fetch extends Placed {
  readonly kind: 'fetch';
  readonly move: boolean;
  readonly cursor: number;
  readonly direction: 'forward' | 'backward' | 'absolute' | 'relative';
  /** Undefined: 1; `all`. */
  readonly count: PlExpression | 'all' | number;
  readonly targets: readonly Assignable[];
}

export type PlStatement =
  | Block
  | (Placed & {
      readonly kind: 'assign';
      readonly target: Assignable;
      readonly value: PlExpression;
      /** For messages. */
      readonly text: string;
    })
  | (Placed & {
      readonly kind: 'if';
      readonly branches: readonly { readonly when: PlExpression; readonly then: readonly PlStatement[] }[];
      readonly otherwise: readonly PlStatement[] | undefined;
    })
  | (Placed & {
      readonly kind: 'case';
      readonly operand: { readonly datum: number; readonly value: PlExpression } | undefined;
      readonly whens: readonly { readonly when: PlExpression; readonly then: readonly PlStatement[] }[];
      readonly otherwise: readonly PlStatement[] | undefined;
    })
  | (LoopBody & { readonly kind: 'loop' })
  | (LoopBody & { readonly kind: 'while'; readonly condition: PlExpression })
  | (LoopBody & {
      readonly kind: 'forRange';
      readonly datum: number;
      readonly from: PlExpression;
      readonly to: PlExpression;
      readonly by: PlExpression | undefined;
      readonly reverse: boolean;
    })
  | ForQuery
  | (LoopBody & {
      readonly kind: 'foreach';
      readonly target: Assignable;
      readonly slice: number;
      readonly array: PlExpression;
    })
  | (Placed & {
      readonly kind: 'exit';
      readonly continues: boolean;
      readonly label: string | undefined;
      readonly when: PlExpression | undefined;
    })
  | (Placed & { readonly kind: 'return'; readonly value: PlExpression | undefined })
  | (Placed & { readonly kind: 'returnNext'; readonly value: PlExpression | undefined })
  | (Placed & { readonly kind: 'returnQuery'; readonly query: PlQuery })
  | Raise
  | (Placed & {
      readonly kind: 'assert';
      readonly condition: PlExpression;
      readonly message: PlExpression | undefined;
    })
  | (Placed & { readonly kind: 'sql'; readonly sql: PlStatementText; readonly into: Into | undefined })
  | (Placed & { readonly kind: 'perform'; readonly sql: PlStatementText })
  | (Placed & {
      readonly kind: 'execute';
      readonly text: PlExpression;
      readonly using: readonly PlExpression[];
      readonly into: Into | undefined;
    })
  | (Placed & {
      readonly kind: 'diagnostics';
      readonly stacked: boolean;
      readonly items: readonly { readonly target: Assignable; readonly item: string }[];
    })
  | (Placed & {
      readonly kind: 'open';
      readonly cursor: number;
      readonly query: PlQuery | undefined;
      readonly args: readonly CursorArgument[];
      readonly scroll: boolean | undefined;
    })
  | Fetch
  | (Placed & { readonly kind: 'close'; readonly cursor: number })
  | (Placed & { readonly kind: 'null' })
  | (Placed & { readonly kind: 'end'; readonly commit: boolean; readonly chain: boolean });

/** A body, and the variables it has besides those declared: FOUND, the arguments, what triggers are told. */
export interface PlBody {
  readonly block: Block;
  readonly datums: readonly Datum[];
  /** Datum of each argument in the order of the definition. */
  readonly args: readonly number[];
  readonly found: number;
  /** NEW, OLD and the TG_ variables of a trigger function, by name. */
  readonly special: ReadonlyMap<string, number>;
  readonly conflict: 'error' | 'column' | 'variable';
}
