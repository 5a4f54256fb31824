/** Random queries: select lists, grouping, windows, set operations, common tables, sorted and limited where that is determined. */
import { aggregate, type AggregateMade } from './aggregate.ts';
import type { Choices } from './choices.ts';
import { condition, expression } from './expression.ts';
import { type From, makeFrom, named, type Query, type Relation, subquery, type World } from './relation.ts';
import type { Scope, ScopeColumn } from './scope.ts';
import { anyType, type FuzzType, INT4, orderedType } from './types.ts';
import { windowCall } from './window.ts';

export function makeWorld(relations: readonly Relation[]): World {
  return { relations, next: 0, query: makeQuery };
}

/** A query up to `depth` levels of subqueries deep; `outer` columns may be used where it is lateral. */
export function makeQuery(c: Choices, world: World, depth: number, outer: Scope | undefined): Query {
  const kind =
    depth <= 0
      ? 'select'
      : c.weighted([
          [10, 'select'],
          [1.5, 'set'],
          [1.2, 'with'],
          [0.4, 'recursive'],
        ] as const);
  switch (kind) {
    case 'set':
      return setOperation(c, world, depth, outer);
    case 'with':
      return withQuery(c, world, depth, outer);
    case 'recursive':
      return recursive(c, world, depth);
    default:
      return finish(c, select(c, world, depth, outer));
  }
}

interface Output {
  readonly text: string;
  readonly type: FuzzType;
}

interface Body {
  readonly sql: string;
  readonly types: readonly FuzzType[];
  readonly loose: boolean;
  readonly rows: number;
}

function select(c: Choices, world: World, depth: number, outer: Scope | undefined): Body {
  const from = makeFrom(c, world, depth, outer);
  const scope: Scope = {
    columns: outer === undefined ? from.columns : [...from.columns, ...outer.columns],
    tables: [],
    subquery: depth > 0 ? subquery(world) : undefined,
    risky: c.chance(0.1),
  };
  const where = c.chance(0.6) ? ` WHERE ${condition(c, scope, c.between(1, 3))}` : '';
  const shape = c.weighted([
    [5, 'plain'],
    [3, 'grouped'],
    [1.5, 'window'],
    [0.8, 'distinct'],
    [0.3, 'distinct on'],
  ] as const);
  switch (shape) {
    case 'grouped':
      return grouped(c, from, scope, where);
    case 'window': {
      // Frames may take quadratic time in both.
      if (from.rows > 2000) return body('SELECT', someOutputs(c, scope, 2, false), from, where, from.loose);
      const outputs = [
        ...someOutputs(c, scope, 1, false),
        ...c.times(c.between(1, 2), () => windowCall(c, scope, from.key)),
      ];
      return body('SELECT', outputs, from, where, from.loose || from.key === undefined);
    }
    case 'distinct': {
      const outputs = someOutputs(c, scope, c.between(1, 3), true);
      return body('SELECT DISTINCT', outputs, from, where, from.loose || outputs.some(({ type }) => type.ambiguous));
    }
    case 'distinct on': {
      if (from.key === undefined) return body('SELECT', someOutputs(c, scope, 2, false), from, where, from.loose);
      const on = expression(c, { ...scope, subquery: undefined }, orderedType(c), 1);
      // A constant would be the number of a column.
      if (!/r\d/.test(on)) return body('SELECT', someOutputs(c, scope, 2, false), from, where, from.loose);
      const sorted = body(`SELECT DISTINCT ON (${on})`, someOutputs(c, scope, 2, false), from, where, from.loose);
      return {
        ...sorted,
        sql: `SELECT * FROM (${sorted.sql} ORDER BY ${on}${direction(c)}, ${from.key.join(', ')}) AS d${world.next++}`,
      };
    }
    default:
      return body('SELECT', someOutputs(c, scope, c.between(1, 4), false), from, where, from.loose);
  }
}

function body(head: string, outputs: readonly Output[], from: From, tail: string, loose: boolean): Body {
  const list = outputs.map(({ text }, i) => `${text} AS x${i}`).join(', ');
  return {
    sql: `${head} ${list} FROM ${from.sql}${tail}`,
    types: outputs.map(({ type }) => type),
    loose,
    rows: from.rows,
  };
}

function someOutputs(c: Choices, scope: Scope, count: number, ordered: boolean): Output[] {
  return c.times(count, () => {
    if (c.chance(0.4)) {
      const fitting = ordered ? scope.columns.filter(({ type }) => type.ordered) : scope.columns;
      if (fitting.length > 0) return c.pick(fitting);
    }
    const type = ordered ? orderedType(c) : anyType(c);
    return { text: expression(c, scope, type, c.between(1, 3)), type };
  });
}

function grouped(c: Choices, from: From, scope: Scope, where: string): Body {
  const plain = { ...scope, subquery: undefined };
  const candidates = scope.columns.filter(({ type }) => type.ordered);
  const keys: ScopeColumn[] = c.times(c.int(3), () => {
    if (candidates.length > 0 && c.chance(0.8)) return c.pick(candidates);
    const type = orderedType(c);
    return { text: expression(c, plain, type, 1), type };
  });
  const unique = keys.filter((key, i) => keys.findIndex(({ text }) => text === key.text) === i && /r\d/.test(key.text));
  const aggregates: AggregateMade[] = c.times(c.between(1, 3), () => aggregate(c, plain));
  const having = c.chance(0.25) ? ` HAVING ${condition(c, { ...plain, columns: [...unique, ...aggregates] }, 1)}` : '';
  const mixed: Output[] = c.chance(0.3)
    ? c.times(1, () => {
        const type = anyType(c);
        return { text: expression(c, { ...plain, columns: [...unique, ...aggregates] }, type, 2), type };
      })
    : [];
  const sets = unique.length > 0 && c.chance(0.25);
  const grouping =
    sets && c.chance(0.5) ? [{ text: `grouping(${unique.map(({ text }) => text).join(', ')})`, type: INT4 }] : [];
  const outputs = [...unique, ...aggregates, ...mixed, ...grouping];
  const loose = from.loose || unique.some(({ type }) => type.ambiguous) || aggregates.some((made) => made.loose);
  const groupBy =
    unique.length === 0
      ? ''
      : ` GROUP BY ${groupItems(
          c,
          unique.map(({ text }) => text),
          sets,
        )}`;
  return body('SELECT', outputs, from, `${where}${groupBy}${having}`, loose);
}

function groupItems(c: Choices, keys: readonly string[], sets: boolean): string {
  const list = keys.join(', ');
  if (!sets) return list;
  return c.pick([
    `ROLLUP (${list})`,
    `CUBE (${list})`,
    `GROUPING SETS ((${list}), ())`,
    `GROUPING SETS ((${keys[0]}), (${list}), ())`,
  ]);
}

function direction(c: Choices): string {
  return c.pick(['', '', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST']);
}

/** Adds ORDER BY over all columns, and a limit, where that determines the rows. */
function finish(c: Choices, { sql, types, loose, rows }: Body): Query {
  const sortable = types.every((type) => type.ordered && !type.ambiguous) && !loose;
  if (!sortable || !c.chance(0.45)) return { sql, types, loose, rows, sorted: false };
  const order = types.map((_, i) => `${i + 1}${direction(c)}`).join(', ');
  const limit = c.chance(0.5)
    ? c.pick([
        ` LIMIT ${c.int(6)}`,
        ` LIMIT ${c.int(4)} OFFSET ${c.int(4)}`,
        ` OFFSET ${c.int(5)}`,
        ` FETCH FIRST ${c.between(1, 3)} ROWS WITH TIES`,
      ])
    : '';
  return { sql: `${sql} ORDER BY ${order}${limit}`, types, loose, rows, sorted: true };
}

function setOperation(c: Choices, world: World, depth: number, outer: Scope | undefined): Query {
  const types = c.times(c.between(1, 3), () => orderedType(c));
  let rows = 0;
  const operand = (): string => {
    const from = makeFrom(c, world, depth - 1, outer);
    rows += from.rows;
    const scope: Scope = { columns: from.columns, tables: [], subquery: undefined, risky: false };
    const outputs = types.map((type) => ({ text: expression(c, scope, type, 1), type }));
    return body('SELECT', outputs, from, c.chance(0.5) ? ` WHERE ${condition(c, scope, 1)}` : '', false).sql;
  };
  let sql = operand();
  for (let count = c.between(1, 2); count > 0; count--) {
    const operator = `${c.pick(['UNION', 'INTERSECT', 'EXCEPT'])}${c.pick(['', ' ALL'])}`;
    sql = c.chance(0.3) ? `${operand()} ${operator} (${sql})` : `${sql} ${operator} ${operand()}`;
  }
  return finish(c, { sql, types, loose: types.some((type) => type.ambiguous), rows });
}

function withQuery(c: Choices, world: World, depth: number, outer: Scope | undefined): Query {
  const inner = makeQuery(c, world, depth - 1, undefined);
  const name = `w${world.next++}`;
  const columns = named('', inner.types).map(({ text, type }) => ({ name: text.slice(1), type }));
  const relation: Relation = { name, columns, keyed: false, rows: inner.rows };
  const wider: World = { ...world, relations: [...world.relations, relation, relation] };
  const query = makeQuery(c, wider, depth - 1, outer);
  world.next = wider.next;
  const materialized = c.pick(['', '', 'MATERIALIZED ', 'NOT MATERIALIZED ']);
  return {
    ...query,
    sql: `WITH ${name} AS ${materialized}(${inner.sql}) ${query.sql}`,
    loose: query.loose || inner.loose,
  };
}

function recursive(c: Choices, world: World, depth: number): Query {
  const name = `w${world.next++}`;
  const relation: Relation = {
    name,
    columns: [
      { name: 'n', type: INT4 },
      { name: 'v', type: INT4 },
    ],
    keyed: false,
    rows: 6,
  };
  const scope: Scope = {
    columns: [
      { text: `${name}.v`, type: INT4 },
      { text: `${name}.n`, type: INT4 },
    ],
    tables: [],
    subquery: undefined,
    risky: false,
  };
  const step = `(${expression(c, scope, INT4, 1)}) % 100`;
  const table = c.pick(world.relations);
  const joined = c.chance(0.3) && table.keyed ? ` JOIN ${table.name} ON ${table.name}.id = ${name}.n` : '';
  const wider: World = { ...world, relations: [...world.relations, relation, relation] };
  const query = makeQuery(c, wider, Math.max(0, depth - 1), undefined);
  world.next = wider.next;
  return {
    ...query,
    sql: `WITH RECURSIVE ${name} (n, v) AS (SELECT 1, ${c.int(5)} UNION${c.pick(['', ' ALL'])} SELECT n + 1, ${step} FROM ${name}${joined} WHERE n < ${c.between(2, 6)}) ${query.sql}`
      .replace('SELECT n + 1', `SELECT ${name}.n + 1`)
      .replace('WHERE n <', `WHERE ${name}.n <`),
  };
}
