/** The syntax of routines' arguments and of aggregates. */
import type { Expression, QualifiedName, TypeName } from './ast.ts';

export interface FunctionArgument {
  readonly mode: 'in' | 'out' | 'inout' | 'variadic';
  readonly name: string | undefined;
  readonly type: TypeName;
  readonly default: Expression | undefined;
  readonly position: number;
}

/** CREATE AGGREGATE; the older syntax has no arguments but BASETYPE. */
export interface CreateAggregate {
  readonly kind: 'createAggregate';
  readonly orReplace: boolean;
  readonly name: QualifiedName;
  readonly args: readonly FunctionArgument[] | undefined;
  /** Behind ORDER BY, of an ordered-set aggregate. */
  readonly ordered: readonly FunctionArgument[] | undefined;
  readonly options: readonly AggregateOption[];
  readonly position: number;
  readonly end: number;
}
/** `name = value`: a constant or word as text, a name as what it may be of. */
export interface AggregateOption {
  readonly name: string;
  readonly text: string;
  readonly named: QualifiedName | undefined;
  readonly type: TypeName | undefined;
  readonly position: number;
}
