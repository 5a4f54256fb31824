/** FROM clauses: tables, subqueries, VALUES, functions and joins of them. */
import type { Choices } from './choices.ts';
import { condition, expression } from './expression.ts';
import type { Scope, ScopeColumn } from './scope.ts';
import { anyType, BOOL, type FuzzType, INT4, TEXT } from './types.ts';

/** Something with a name and columns that FROM can read: a table or a common table expression. */
export interface Relation {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: FuzzType }[];
  /** `id` is unique and never null. */
  readonly keyed: boolean;
  /** At most about so many rows. */
  readonly rows: number;
}

/** A query as text with what its result looks like. */
export interface Query {
  readonly sql: string;
  readonly types: readonly FuzzType[];
  /** Sorted by all its columns: rows come in one order only. */
  readonly sorted: boolean;
  /** Which of several equal values is shown (1.0 or 1.00) is not determined. */
  readonly loose: boolean;
  readonly rows: number;
}

/** What a query is made in. */
export interface World {
  readonly relations: readonly Relation[];
  /** Numbers names, so that none is hidden by an inner one. */
  next: number;
  readonly query: (c: Choices, world: World, depth: number, outer: Scope | undefined) => Query;
}

export interface From {
  readonly sql: string;
  readonly columns: ScopeColumn[];
  /** Columns that tell any two rows apart; undefined where rows may be equal. */
  readonly key: readonly string[] | undefined;
  readonly loose: boolean;
  readonly rows: number;
}

const MAX_ROWS = 20_000;

/** One to three joined relations. */
export function makeFrom(c: Choices, world: World, depth: number, outer: Scope | undefined): From {
  const first = item(c, world, depth, outer, []);
  let { sql, key, loose, rows } = first;
  const columns = [...first.columns];
  for (
    let count = c.weighted([
      [5, 0],
      [4, 1],
      [1.5, 2],
    ] as const);
    count > 0;
    count--
  ) {
    const next = item(c, world, depth, outer, columns);
    // Neither database answers a product of products in time.
    if (rows * next.rows > MAX_ROWS) break;
    rows *= next.rows;
    const left = [...columns];
    columns.push(...next.columns);
    key = key === undefined || next.key === undefined ? undefined : [...key, ...next.key];
    loose ||= next.loose;
    sql = `${sql} ${join(c, left, next, outer)}`;
  }
  return { sql, columns, key, loose, rows };
}

interface Item extends From {
  readonly lateral: boolean;
}

function join(c: Choices, left: readonly ScopeColumn[], right: Item, outer: Scope | undefined): string {
  const scope: Scope = { columns: [...left, ...right.columns], tables: [], subquery: undefined, risky: false };
  const equal = equality(c, left, right.columns);
  if (right.lateral) return `CROSS JOIN ${right.sql}`;
  switch (c.int(8)) {
    case 0:
      return `CROSS JOIN ${right.sql}`;
    case 1:
      // Only what can be hashed or merged: PostgreSQL refuses other conditions.
      return `FULL JOIN ${right.sql} ON ${equal ?? 'true'}`;
    case 2:
      return `RIGHT JOIN ${right.sql} ON ${equal ?? condition(c, scope, 1)}`;
    case 3:
    case 4: {
      const more = c.chance(0.3) ? ` AND ${condition(c, scope, 1)}` : '';
      return `LEFT JOIN ${right.sql} ON ${equal ?? 'true'}${more}`;
    }
    case 5:
      return `JOIN ${right.sql} ON ${condition(c, outer === undefined ? scope : { ...scope, columns: [...scope.columns, ...outer.columns] }, 2)}`;
    default:
      return `JOIN ${right.sql} ON ${equal ?? condition(c, scope, 1)}`;
  }
}

function equality(c: Choices, left: readonly ScopeColumn[], right: readonly ScopeColumn[]): string | undefined {
  const pairs = left
    .filter((a) => a.type.ordered)
    .flatMap((a) => right.filter((b) => b.type === a.type).map((b) => `${a.text} = ${b.text}`));
  if (pairs.length === 0) return undefined;
  const first = c.pick(pairs);
  return c.chance(0.2) ? `${first} AND ${c.pick(pairs)}` : first;
}

function item(c: Choices, world: World, depth: number, outer: Scope | undefined, left: readonly ScopeColumn[]): Item {
  const alias = `r${world.next++}`;
  const kind =
    depth <= 0
      ? 'table'
      : c.weighted([
          [10, 'table'],
          [2, 'query'],
          [1, 'lateral'],
          [0.7, 'values'],
          [0.7, 'function'],
        ] as const);
  switch (kind) {
    case 'query':
    case 'lateral': {
      const visible = [...(outer?.columns ?? []), ...(kind === 'lateral' ? left : [])];
      const scope =
        visible.length === 0 ? undefined : { columns: visible, tables: [], subquery: undefined, risky: false };
      const lateral = kind === 'lateral' && left.length > 0;
      const query = world.query(c, world, depth - 1, lateral ? scope : outer);
      return {
        sql: `${lateral ? 'LATERAL ' : ''}(${query.sql}) AS ${alias}`,
        columns: named(alias, query.types),
        key: undefined,
        loose: query.loose,
        rows: query.rows,
        lateral,
      };
    }
    case 'values': {
      const types = [INT4, anyType(c)];
      const scope: Scope = { columns: [], tables: [], subquery: undefined, risky: false };
      const rows = c.times(c.between(1, 3), () => `(${types.map((type) => expression(c, scope, type, 1)).join(', ')})`);
      return {
        sql: `(VALUES ${rows.join(', ')}) AS ${alias} (x0, x1)`,
        columns: named(alias, types),
        key: undefined,
        loose: false,
        rows: 3,
        lateral: false,
      };
    }
    case 'function':
      return functionItem(c, alias);
    default: {
      const relation = c.pick(world.relations);
      const columns = relation.columns.map(({ name, type }) => ({ text: `${alias}.${name}`, type }));
      return {
        sql: `${relation.name} AS ${alias}`,
        columns,
        key: relation.keyed ? [`${alias}.id`] : undefined,
        loose: false,
        rows: relation.rows,
        lateral: false,
      };
    }
  }
}

function functionItem(c: Choices, alias: string): Item {
  const int = [{ text: `${alias}.x0`, type: INT4 }];
  const text = [{ text: `${alias}.x0`, type: TEXT }];
  const made = (sql: string, columns: ScopeColumn[], key?: readonly string[]): Item => ({
    sql,
    columns,
    key,
    loose: false,
    rows: 9,
    lateral: false,
  });
  switch (c.int(4)) {
    case 0:
      return made(`generate_series(${c.int(4)}, ${c.between(3, 8)}, ${c.pick([1, 2, -1])}) AS ${alias} (x0)`, int, [
        `${alias}.x0`,
      ]);
    case 1:
      return made(`unnest(ARRAY[1, 3, NULL, 3]) WITH ORDINALITY AS ${alias} (x0, o)`, int, [`${alias}.o`]);
    case 2:
      return made(`regexp_split_to_table('a b  c', ' ') AS ${alias} (x0)`, text);
    default:
      return made(`jsonb_array_elements_text('[1, "a", null]') AS ${alias} (x0)`, text);
  }
}

/** Columns `x0`, `x1` … of an item: what queries call their outputs. */
export function named(alias: string, types: readonly FuzzType[]): ScopeColumn[] {
  return types.map((type, i) => ({ text: `${alias}.x${i}`, type }));
}

/** A subquery in an expression: scalar by an aggregate, EXISTS, IN, ANY, ALL, ARRAY. */
export function subquery(world: World): NonNullable<Scope['subquery']> {
  return (c, scope, type, depth) => {
    const relation = c.pick(world.relations.filter(({ rows }) => rows < 100));
    const alias = `r${world.next++}`;
    const columns = relation.columns.map(({ name, type: of }) => ({ text: `${alias}.${name}`, type: of }));
    const inner: Scope = { ...scope, columns: [...columns, ...scope.columns], subquery: undefined };
    const own: Scope = { ...inner, columns };
    const correlated = equality(c, scope.columns, columns);
    const where = [
      ...(correlated !== undefined && c.chance(0.7) ? [correlated] : []),
      ...(c.chance(0.5) ? [condition(c, c.chance(0.3) ? inner : own, 1)] : []),
    ];
    const tail = ` FROM ${relation.name} AS ${alias}${where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`}`;
    if (type === BOOL) {
      const ordered = scope.columns.filter((column) => column.type.ordered);
      const of = ordered.length === 0 ? INT4 : c.pick(ordered).type;
      const left = expression(c, { ...scope, subquery: undefined }, of, depth - 1);
      const item = expression(c, own, of, 1);
      switch (c.int(4)) {
        case 0:
          return `(${c.pick(['', 'NOT '])}EXISTS (SELECT 1${tail}))`;
        case 1:
          return `(${left} ${c.pick(['=', '<', '>=', '<>'])} ${c.pick(['ANY', 'ALL'])} (SELECT ${item}${tail}))`;
        default:
          return `(${left} ${c.pick(['', 'NOT '])}IN (SELECT ${item}${tail}))`;
      }
    }
    const value = expression(c, c.chance(0.2) ? inner : own, type, 1);
    if (!type.ordered || type.ambiguous || !hasExtremes(type))
      return `(SELECT ${value} FROM (SELECT 1) AS one${alias} LEFT JOIN ${relation.name} AS ${alias} ON ${alias}.id = ${c.int(5)} LIMIT 1)`.replace(
        `${alias}.id`,
        relation.keyed ? `${alias}.id` : 'NULL',
      );
    return `(SELECT ${c.pick(['min', 'max'])}(${value})${tail})`;
  };
}

/** Types that min and max are defined for in PostgreSQL 15. */
export function hasExtremes(type: FuzzType): boolean {
  return !['bool', 'uuid', 'bytea', 'json', 'jsonb', 'int4range'].includes(type.name);
}
