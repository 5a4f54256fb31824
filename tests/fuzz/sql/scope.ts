/** What names an expression may use, and how daring it may be. */
import type { Choices } from './choices.ts';
import type { Table } from './schema.ts';
import type { FuzzType } from './types.ts';

export interface ScopeColumn {
  readonly text: string;
  readonly type: FuzzType;
}

/** Writes a scalar subquery, EXISTS or IN over the schema that may use the scope's columns; undefined where none may stand. */
export type SubqueryWriter = (c: Choices, scope: Scope, type: FuzzType, depth: number) => string;

export interface Scope {
  readonly columns: readonly ScopeColumn[];
  readonly tables: readonly Table[];
  readonly subquery: SubqueryWriter | undefined;
  /** Functions that refuse some values may be called. */
  readonly risky: boolean;
}
