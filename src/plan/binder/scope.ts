/**
 * Scopes: which names mean what at one place of a statement.
 *
 * A scope belongs to one query level. It has the FROM items bound so far; a name that none of them has is looked up in
 * the parent, the enclosing query (that makes the query correlated; nobody has to note it, because column ids tell).
 *
 * An item is what PostgreSQL calls a namespace item: relations for qualified names (`t.a`) and columns for bare names
 * and `*`. A join without an alias shows both sides' relations, but its own columns: those of USING merged, first.
 */
import { DriftError } from '../../base/error.ts';
import type { Catalog, TypeRef } from '../../catalog/schema.ts';
import type { Delete, Insert, Merge, Update } from '../../sql/ast-change.ts';
import type { Expression } from '../../sql/ast.ts';
import type { CommonTable, Query, WindowDefinition } from '../../sql/ast-query.ts';
import type { BoundExpression, ColumnId } from '../expression.ts';
import type { PlanColumn, PlanNode, ScanTime } from '../plan.ts';
import type { BindState } from './context.ts';
import type { OuterNames, Relation, VisibleColumn } from './visible.ts';

export type { OuterNames, Relation, VisibleColumn } from './visible.ts';

export interface FromItem {
  readonly relations: readonly Relation[];
  readonly columns: readonly VisibleColumn[];
}

/** A common table expression as its references see it. */
export interface CteBinding {
  readonly name: string;
  readonly cte: number;
  readonly columns: readonly PlanColumn[];
  /** While the recursive part is bound: references read the working table. */
  readonly working: boolean;
  /** A data change without RETURNING: there is nothing to read. */
  readonly silent: boolean;
  references: number;
  /** How many of the last columns only qualified names find: the paths of SEARCH and CYCLE. */
  readonly hidden?: number | undefined;
  /** The definition, for references at another time; absent where it has but one (it recurs, or changes data). */
  readonly syntax?: CommonTable | undefined;
  /** The time at which it is read otherwise. */
  readonly time: ScanTime;
}

/** What a clause allows and how messages call it. */
export interface Clause {
  readonly name: string;
  readonly aggregates: boolean;
  readonly windows: boolean;
  readonly sets: boolean;
  /** Kept in the catalog: no subqueries. */
  readonly stored?: boolean | undefined;
}
type ClauseName =
  | 'select'
  | 'orderBy'
  | 'having'
  | 'groupBy'
  | 'where'
  | 'on'
  | 'from'
  | 'fromItems'
  | 'filter'
  | 'limit'
  | 'offset'
  | 'values'
  | 'insertValues'
  | 'set'
  | 'returning'
  | 'mergeWhen'
  | 'check'
  | 'default'
  | 'generated'
  | 'index'
  | 'systemTime'
  | 'call'
  | 'execute'
  | 'window';

const plain = (name: string): Clause => ({ name, aggregates: false, windows: false, sets: false });
export const CLAUSES: Readonly<Record<ClauseName, Clause>> = {
  select: { name: 'SELECT', aggregates: true, windows: true, sets: true },
  orderBy: { name: 'ORDER BY', aggregates: true, windows: true, sets: true },
  having: { name: 'HAVING', aggregates: true, windows: false, sets: false },
  groupBy: { name: 'GROUP BY', aggregates: false, windows: false, sets: true },
  where: plain('WHERE'),
  on: plain('JOIN conditions'),
  from: plain('functions in FROM'),
  fromItems: plain('FROM clause of their own query level'),
  filter: plain('FILTER'),
  limit: plain('LIMIT'),
  offset: plain('OFFSET'),
  values: plain('VALUES'),
  /** VALUES of INSERT: one row is like a select list. */
  insertValues: { name: 'VALUES', aggregates: false, windows: false, sets: true },
  set: plain('UPDATE'),
  returning: plain('RETURNING'),
  mergeWhen: plain('MERGE WHEN conditions'),
  check: { ...plain('check constraints'), stored: true },
  default: { ...plain('DEFAULT expressions'), stored: true },
  generated: { ...plain('column generation expressions'), stored: true },
  index: { ...plain('index expressions'), stored: true },
  systemTime: plain('FOR SYSTEM_TIME'),
  call: plain('CALL arguments'),
  execute: { ...plain('EXECUTE parameters'), stored: true },
  window: { name: 'window definitions', aggregates: true, windows: false, sets: false },
};

/** The binder's recursions, handed in so that its files need not import each other in circles. */
export interface Hooks {
  expression(syntax: Expression, scope: Scope): BoundExpression;
  /** Binds a query whose enclosing scope is `outer`. */
  query(query: Query, outer: Scope, options?: QueryOptions): PlanNode;
  /** Binds a data change inside WITH. */
  change(statement: Insert | Update | Delete | Merge, outer: Scope): PlanNode;
}
export interface QueryOptions {
  /** Literals of unknown type stay so: INSERT and set operations decide about them. */
  readonly keepUnknown?: boolean | undefined;
}

export interface ScopeOptions {
  readonly state: BindState;
  readonly hooks: Hooks;
  readonly parent: Scope | null;
  readonly catalog: Catalog;
  /** Time at which tables without a clause of their own are read (a view AS OF passes it on). */
  readonly time: ScanTime;
  readonly names?: OuterNames | null | undefined;
}

export class Scope {
  readonly state: BindState;
  readonly hooks: Hooks;
  readonly parent: Scope | null;
  readonly catalog: Catalog;
  readonly time: ScanTime;
  readonly names: OuterNames | null;
  readonly ctes: Map<string, CteBinding> = new Map();
  readonly windows: Map<string, WindowDefinition> = new Map();
  /** The statement's own level, where WITH may change data. */
  top = false;
  items: FromItem[] = [];
  clause: Clause = CLAUSES.select;
  hasAggregates = false;
  hasWindows = false;
  hasSets = false;

  constructor(options: ScopeOptions) {
    this.state = options.state;
    this.hooks = options.hooks;
    this.parent = options.parent;
    this.catalog = options.catalog;
    this.time = options.time;
    this.names = options.names ?? options.parent?.names ?? null;
  }

  /** A scope for a query inside this one, which sees this one's columns. */
  child(): Scope {
    return new Scope({ state: this.state, hooks: this.hooks, parent: this, catalog: this.catalog, time: this.time });
  }

  /** A scope at the same level with its own items: for ON conditions and FROM subqueries. */
  sibling(items: readonly FromItem[], at: Pick<Scope, 'catalog' | 'time'> = this): Scope {
    const scope = new Scope({
      state: this.state,
      hooks: this.hooks,
      parent: this.parent,
      catalog: at.catalog,
      time: at.time,
      names: this.names,
    });
    scope.items = [...items];
    for (const [name, cte] of this.ctes) scope.ctes.set(name, cte);
    return scope;
  }

  bind(syntax: Expression): BoundExpression {
    return this.hooks.expression(syntax, this);
  }

  /** Binds something under a clause's rules. */
  within<T>(clause: Clause, bind: () => T): T {
    const before = this.clause;
    this.clause = clause;
    try {
      return bind();
    } finally {
      this.clause = before;
    }
  }

  cte(name: string): CteBinding | undefined {
    return this.ctes.get(name) ?? this.parent?.cte(name);
  }

  window(name: string): WindowDefinition | undefined {
    return this.windows.get(name);
  }

  /** The innermost scope from here outwards whose FROM gives one of the columns; this one where there are none. */
  ownerOf(columns: Iterable<ColumnId>): Scope {
    const wanted = new Set(columns);
    for (let scope: Scope | null = wanted.size === 0 ? null : this; scope !== null; scope = scope.parent) {
      if (scope.#gives(wanted)) return scope;
    }
    return this;
  }

  #gives(wanted: ReadonlySet<ColumnId>): boolean {
    const has = (columns: readonly VisibleColumn[]): boolean =>
      columns.some(({ expression }) => expression.kind === 'column' && wanted.has(expression.id));
    return this.items.some(
      (item) => has(item.columns) || item.relations.some((relation) => has(relation.columns) || has(relation.pseudo)),
    );
  }

  /** Finds a bare column name here or further out. */
  column(name: string, position: number): VisibleColumn | undefined {
    let found: VisibleColumn | undefined;
    for (const item of this.items) {
      for (const column of item.columns) {
        if (column.name !== name) continue;
        if (found !== undefined) throw ambiguousColumn(name, position);
        found = column;
      }
    }
    found ??= this.#pseudo(name, position);
    if (this.names === null) return found ?? this.parent?.column(name, position);
    if (found === undefined && this.parent !== null) return this.parent.column(name, position);
    return this.#orOuter(found, name, position);
  }

  #orOuter(found: VisibleColumn | undefined, name: string, position: number): VisibleColumn | undefined {
    const { names } = this;
    if (names === null || (found !== undefined && names.conflict === 'column')) return found;
    const outer = names.column(name);
    if (found === undefined || outer === undefined) return found ?? outer;
    if (names.conflict === 'variable') return outer;
    throw new DriftError('42702', `column reference "${name}" is ambiguous`, {
      position,
      detail: 'It could refer to either a PL/pgSQL variable or a table column.',
    });
  }

  #pseudo(name: string, position: number): VisibleColumn | undefined {
    let found: VisibleColumn | undefined;
    for (const item of this.items) {
      for (const relation of item.relations) {
        for (const column of relation.pseudo) {
          if (column.name !== name) continue;
          if (found !== undefined) throw ambiguousColumn(name, position);
          found = column;
        }
      }
    }
    return found;
  }

  /** Finds a relation by its name in the query, here or further out. */
  relation(schema: string | undefined, name: string, position: number): Relation | undefined {
    let found: Relation | undefined;
    for (const item of this.items) {
      for (const relation of item.relations) {
        if (relation.name !== name || (schema !== undefined && relation.schema !== schema)) continue;
        if (found !== undefined) {
          throw new DriftError('42P09', `table reference "${name}" is ambiguous`, { position });
        }
        found = relation;
      }
    }
    if (found !== undefined || this.parent !== null) return found ?? this.parent?.relation(schema, name, position);
    return this.names?.relation(schema, name);
  }

  /** All columns that `*` stands for. */
  allColumns(): VisibleColumn[] {
    return this.items.flatMap((item) => item.columns);
  }

  /** Adds a FROM item; a relation name may occur only once (42712). */
  add(item: FromItem): void {
    for (const relation of item.relations) {
      const clash = this.items.some((other) => other.relations.some((candidate) => sameName(candidate, relation)));
      if (clash) throw new DriftError('42712', `table name "${relation.name}" specified more than once`);
    }
    this.items.push(item);
  }
}

/** Unaliased tables of different schemas may share a name. */
function sameName(a: Relation, b: Relation): boolean {
  return a.name === b.name && (a.schema === undefined || b.schema === undefined || a.schema === b.schema);
}

export function ambiguousColumn(name: string, position: number): DriftError {
  return new DriftError('42702', `column reference "${name}" is ambiguous`, { position });
}

/** A reference to a plan's column. */
export function visible(column: PlanColumn, name: string = column.name): VisibleColumn {
  return {
    name,
    expression: columnOf(column.id, name, column.type),
    tableId: column.tableId,
    columnId: column.columnId,
  };
}

export function columnOf(id: number, name: string, type: TypeRef): BoundExpression {
  return { kind: 'column', id, name, type };
}
