/**
 * The syntax tree of names, types and expressions: what the parser makes and the binder reads.
 *
 * Plain discriminated unions on `kind`. The tree says what was written, not what it means: names are not resolved,
 * types not known; what only abbreviates something else (`NATURAL`, `BETWEEN`, `TABLE t`) is kept, so that printing a
 * tree gives the statement back. Exceptions, as in PostgreSQL's own grammar: special call syntax (`EXTRACT(a FROM b)`,
 * `TRIM`, `AT TIME ZONE` …) is a call of the function behind it with `syntax` telling the spelling, and
 * keyword types have their internal name (`integer` is int4).
 *
 * Invariants: `position` counts characters from 1 in the text that was parsed and names the token an error about the
 * node should point at (an operator, not its left operand); identifiers are folded to lower case unless quoted; a node
 * always has all its properties (absent: undefined), so that nodes of one kind have one shape. Trees are at most
 * `maxDepth` deep (see parser/parser.ts), chains of AND and OR are flat: recursion over a tree is safe.
 *
 * Queries are in ast-query.ts, data changes in ast-change.ts; definitions, session commands and the union of all
 * statements in ast-statement.ts and the files beside it.
 */
import type { Query, SortItem, WindowDefinition } from './ast-query.ts';

// ---- names and types -------------------------------------------------------------------------------------------

/** `[catalog.]schema.name` or `name`. */
export interface QualifiedName {
  readonly catalog: string | undefined;
  readonly schema: string | undefined;
  readonly name: string;
  readonly position: number;
}

export interface Identifier {
  readonly name: string;
  readonly position: number;
}

export interface TypeName {
  readonly kind: 'typeName';
  /** The database, where one is written. */
  readonly catalog?: string | undefined;
  readonly schema: string | undefined;
  /** PostgreSQL's internal name for types with keywords (int4, varchar, bpchar, timestamptz …), else as written. */
  readonly name: string;
  /** `varchar(10)`, `numeric(8, 2)`, `timestamp(3)`; char and bit without a length have 1 here. */
  readonly modifiers: readonly Expression[];
  /** `interval day to second`: the fields in lower case, joined by ' to '. */
  readonly intervalFields: string | undefined;
  /** One entry a dimension; the bound written, or undefined. Empty: not an array. */
  readonly arrayBounds: readonly (number | undefined)[];
  readonly setOf: boolean;
  /** `table.column%TYPE`: then `name` is the column and `schema` the table. */
  readonly percentType: boolean;
  readonly position: number;
}

// ---- expressions -----------------------------------------------------------------------------------------------

export type Expression =
  | NullLiteral
  | BooleanLiteral
  | IntegerLiteral
  | NumberLiteral
  | StringLiteral
  | BitStringLiteral
  | Parameter
  | ColumnRef
  | Star
  | DefaultMarker
  | UnaryExpression
  | BinaryExpression
  | LogicalExpression
  | NotExpression
  | IsNullTest
  | IsBooleanTest
  | IsDistinctTest
  | LikeExpression
  | BetweenExpression
  | InListExpression
  | InSubqueryExpression
  | QuantifiedArray
  | QuantifiedSubquery
  | ExistsExpression
  | ScalarSubquery
  | ArraySubquery
  | ArrayExpression
  | RowExpression
  | SubscriptExpression
  | FieldExpression
  | CaseExpression
  | CastExpression
  | CollateExpression
  | ConditionalCall
  | SqlValue
  | GroupingCall
  | FunctionCall
  | CurrentOf;

export interface NullLiteral {
  readonly kind: 'null';
  readonly position: number;
}
export interface BooleanLiteral {
  readonly kind: 'boolean';
  readonly value: boolean;
  readonly position: number;
}
/** A constant of type integer: digits that fit 32 bits. */
export interface IntegerLiteral {
  readonly kind: 'integer';
  readonly value: number;
  readonly position: number;
}
/** Any other number as written: bigint if it is digits only and fits 64 bits, else numeric. */
export interface NumberLiteral {
  readonly kind: 'number';
  readonly text: string;
  readonly position: number;
}
/** A constant of unknown type. */
export interface StringLiteral {
  readonly kind: 'string';
  readonly value: string;
  readonly position: number;
}
/** B'0101' or X'1F'. */
export interface BitStringLiteral {
  readonly kind: 'bitString';
  readonly base: 'b' | 'x';
  readonly digits: string;
  readonly position: number;
}
export interface Parameter {
  readonly kind: 'parameter';
  /** From 1. */
  readonly index: number;
  readonly position: number;
}
/** `a`, `t.a`, `s.t.a` …; which part names what is for the binder to find out. */
export interface ColumnRef {
  readonly kind: 'column';
  readonly names: readonly string[];
  readonly position: number;
}
/** `*`, `t.*` (in select lists, RETURNING, and as arguments or row fields), or `(composite).*` with an operand. */
export interface Star {
  readonly kind: 'star';
  readonly qualifier: readonly string[];
  readonly operand: Expression | undefined;
  readonly position: number;
}
/** DEFAULT in VALUES of an INSERT and on the right side of SET. */
export interface DefaultMarker {
  readonly kind: 'default';
  readonly position: number;
}

/** Prefix operator; also `+`, `-`, `~`, `@`, `!!`, `|/` … A minus before a number literal is folded into the literal. */
export interface UnaryExpression {
  readonly kind: 'unary';
  readonly operator: string;
  /** Schema of `OPERATOR(schema.op)`. */
  readonly operatorSchema: string | undefined;
  readonly operand: Expression;
  readonly position: number;
}
/** Infix operator by its symbol (`<>` for `!=`); LIKE, IS DISTINCT FROM … have kinds of their own. */
export interface BinaryExpression {
  readonly kind: 'binary';
  readonly operator: string;
  readonly operatorSchema: string | undefined;
  readonly left: Expression;
  readonly right: Expression;
  readonly position: number;
}
/** A chain of two or more operands: `a AND b AND c` is one node. */
export interface LogicalExpression {
  readonly kind: 'and' | 'or';
  readonly operands: readonly Expression[];
  readonly position: number;
}
export interface NotExpression {
  readonly kind: 'not';
  readonly operand: Expression;
  readonly position: number;
}
/** IS [NOT] NULL, ISNULL, NOTNULL. */
export interface IsNullTest {
  readonly kind: 'isNull';
  readonly negated: boolean;
  readonly operand: Expression;
  readonly position: number;
}
/** IS [NOT] TRUE | FALSE | UNKNOWN. */
export interface IsBooleanTest {
  readonly kind: 'isBoolean';
  readonly value: 'true' | 'false' | 'unknown';
  readonly negated: boolean;
  readonly operand: Expression;
  readonly position: number;
}
/** IS [NOT] DISTINCT FROM. */
export interface IsDistinctTest {
  readonly kind: 'isDistinct';
  readonly negated: boolean;
  readonly left: Expression;
  readonly right: Expression;
  readonly position: number;
}
export interface LikeExpression {
  readonly kind: 'like';
  readonly operator: 'like' | 'ilike' | 'similar';
  readonly negated: boolean;
  readonly operand: Expression;
  readonly pattern: Expression;
  readonly escape: Expression | undefined;
  readonly position: number;
}
export interface BetweenExpression {
  readonly kind: 'between';
  readonly negated: boolean;
  readonly symmetric: boolean;
  readonly operand: Expression;
  readonly low: Expression;
  readonly high: Expression;
  readonly position: number;
}
export interface InListExpression {
  readonly kind: 'inList';
  readonly negated: boolean;
  readonly operand: Expression;
  readonly list: readonly Expression[];
  readonly position: number;
}
/** `x [NOT] IN (SELECT …)`; the operand is a RowExpression for several columns. */
export interface InSubqueryExpression {
  readonly kind: 'inSubquery';
  readonly negated: boolean;
  readonly operand: Expression;
  readonly query: Query;
  readonly position: number;
}
/** `x op ANY|ALL (array)`. LIKE and ILIKE appear as `~~`, `!~~`, `~~*`, `!~~*`. SOME is ANY. */
export interface QuantifiedArray {
  readonly kind: 'quantifiedArray';
  readonly operator: string;
  readonly operatorSchema: string | undefined;
  readonly quantifier: 'any' | 'all';
  readonly operand: Expression;
  readonly array: Expression;
  readonly position: number;
}
/** `x op ANY|ALL (SELECT …)`. */
export interface QuantifiedSubquery {
  readonly kind: 'quantifiedSubquery';
  readonly operator: string;
  readonly operatorSchema: string | undefined;
  readonly quantifier: 'any' | 'all';
  readonly operand: Expression;
  readonly query: Query;
  readonly position: number;
}
export interface ExistsExpression {
  readonly kind: 'exists';
  readonly query: Query;
  readonly position: number;
}
export interface ScalarSubquery {
  readonly kind: 'subquery';
  readonly query: Query;
  readonly position: number;
}
/** ARRAY(SELECT …). */
export interface ArraySubquery {
  readonly kind: 'arraySubquery';
  readonly query: Query;
  readonly position: number;
}
/** ARRAY[…]; inner brackets are elements of the same kind. */
export interface ArrayExpression {
  readonly kind: 'array';
  readonly elements: readonly Expression[];
  readonly position: number;
}
/** ROW(…) or, not explicit, `(a, b)`. */
export interface RowExpression {
  readonly kind: 'row';
  readonly explicit: boolean;
  readonly fields: readonly Expression[];
  readonly position: number;
}
/** `a[i]` (slice false, index in `upper`) or `a[lower:upper]` with either bound optional. */
export interface SubscriptExpression {
  readonly kind: 'subscript';
  readonly operand: Expression;
  /** The operand is a subscript in parentheses: `(a[2:3])[1]` takes an element of the slice, `a[2:3][1]` has two dimensions. */
  readonly apart: boolean;
  readonly slice: boolean;
  readonly lower: Expression | undefined;
  readonly upper: Expression | undefined;
  readonly position: number;
}
/** `(composite).field`; `a.b` is a ColumnRef. */
export interface FieldExpression {
  readonly kind: 'field';
  readonly operand: Expression;
  readonly name: string;
  readonly position: number;
}
export interface CaseWhen {
  readonly when: Expression;
  readonly then: Expression;
}
export interface CaseExpression {
  readonly kind: 'case';
  readonly operand: Expression | undefined;
  readonly whens: readonly CaseWhen[];
  readonly otherwise: Expression | undefined;
  readonly position: number;
}
/** `CAST(x AS t)`, `x::t`, or `t 'literal'` (then the operand is a StringLiteral). */
export interface CastExpression {
  readonly kind: 'cast';
  readonly operand: Expression;
  readonly type: TypeName;
  readonly style: 'cast' | 'colons' | 'literal';
  readonly position: number;
}
export interface CollateExpression {
  readonly kind: 'collate';
  readonly operand: Expression;
  readonly collation: QualifiedName;
  readonly position: number;
}
/** Calls that evaluate or type their arguments in ways of their own. */
export interface ConditionalCall {
  readonly kind: 'conditional';
  readonly name: 'coalesce' | 'greatest' | 'least' | 'nullif';
  readonly args: readonly Expression[];
  readonly position: number;
}
export type SqlValueName =
  | 'current_date'
  | 'current_time'
  | 'current_timestamp'
  | 'localtime'
  | 'localtimestamp'
  | 'current_user'
  | 'current_role'
  | 'session_user'
  | 'user'
  | 'current_catalog'
  | 'current_schema';
/** A function written without parentheses. */
export interface SqlValue {
  readonly kind: 'sqlValue';
  readonly name: SqlValueName;
  /** `current_timestamp(3)`. */
  readonly precision: number | undefined;
  readonly position: number;
}
export interface GroupingCall {
  readonly kind: 'grouping';
  readonly args: readonly Expression[];
  readonly position: number;
}
/** How a call was spelled when not as `f(…)`. */
export type CallSyntax =
  | 'extract'
  | 'substring from'
  | 'substring similar'
  | 'position'
  | 'overlay'
  | 'trim'
  | 'normalize'
  | 'is normalized'
  | 'collation for'
  | 'at time zone'
  | 'overlaps';
export interface FunctionCall {
  readonly kind: 'call';
  readonly name: QualifiedName;
  readonly args: readonly Expression[];
  /** Parallel to args for `f(a => 1)`; undefined when no argument is named. */
  readonly argNames: readonly (string | undefined)[] | undefined;
  /** `count(*)`. */
  readonly star: boolean;
  readonly distinct: boolean;
  /** The last argument is preceded by VARIADIC. */
  readonly variadic: boolean;
  /** ORDER BY inside the parentheses. */
  readonly orderBy: readonly SortItem[];
  /** WITHIN GROUP (ORDER BY …). */
  readonly withinGroup: readonly SortItem[] | undefined;
  readonly filter: Expression | undefined;
  /** OVER name or OVER (…). */
  readonly over: WindowDefinition | undefined;
  readonly syntax: CallSyntax | undefined;
  readonly position: number;
}
/** WHERE CURRENT OF cursor. */
export interface CurrentOf {
  readonly kind: 'currentOf';
  readonly cursor: string;
  readonly position: number;
}

/** Where a statement is in the text: `end` is the position after its last token (the semicolon is not part of it). */
export interface Span {
  readonly position: number;
  readonly end: number;
}
