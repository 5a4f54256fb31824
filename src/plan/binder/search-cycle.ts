/**
 * SEARCH and CYCLE of a recursive query, rewritten as PostgreSQL does (rewriteSearchCycle.c):
 *
 *     initial   SELECT sub.*, ARRAY[ROW(by …)] AS path …  FROM (initial) AS sub
 *     step      SELECT sub.*, path || ROW(by …) …         FROM (step, with the working table's paths added) AS sub
 *
 * The columns added to the working table can be named in the step only with its alias and do not belong to its `*`;
 * so the step's own targets mean what they meant without them. A breadth-first order counts its steps in a column of
 * its own, which ends with the recursion.
 */
import { assert, DriftError } from '../../base/error.ts';
import type { CommonTable, Query, Select, SetOperation, TableReference } from '../../sql/ast-query.ts';
import type { Expression } from '../../sql/ast.ts';
import { parseOne } from '../../sql/parser/parser.ts';

const DEPTH = '*depth*';

export interface PathColumns {
  /** What the common table shows behind its own columns. */
  readonly shown: readonly string[];
  /** All that the working table has more, the hidden count of steps last. */
  readonly all: readonly string[];
}

export function hasPaths(table: CommonTable): boolean {
  return table.search !== undefined || table.cycle !== undefined;
}

/** Throws 0A000 and 42601 for clauses that cannot be. */
export function pathColumns(table: CommonTable, columns: readonly string[]): PathColumns {
  const { search, cycle, position } = table;
  const fail = (code: string, message: string): never => {
    throw new DriftError(code, message, { position });
  };
  const known = (list: readonly string[], what: string): void => {
    list.forEach((name, i) => {
      if (!columns.includes(name)) fail('42601', `${what} column "${name}" not in WITH query column list`);
      if (list.indexOf(name) !== i) fail('42701', `${what} column "${name}" specified more than once`);
    });
  };
  if (search !== undefined) known(search.by, 'search');
  if (cycle !== undefined) known(cycle.columns, 'cycle');
  const added: (readonly [string, string])[] = [];
  if (search !== undefined) added.push([search.set, 'search sequence']);
  if (cycle !== undefined) added.push([cycle.mark, 'cycle mark'], [cycle.path, 'cycle path']);
  added.forEach(([name, what], i) => {
    if (columns.includes(name)) fail('42601', `${what} column name "${name}" already used in WITH query column list`);
    const other = added.slice(0, i).find(([before]) => before === name);
    if (other !== undefined) fail('42601', `${other[1]} column name and ${what} column name are the same`);
  });
  const shown = added.map(([name]) => name);
  return { shown, all: search?.order === 'breadth' ? [...shown, DEPTH] : shown };
}

/** The initial part with the first path of each row. */
export function initialWithPaths(table: CommonTable, initial: Query, columns: readonly string[]): Query {
  const { search, cycle } = table;
  const targets = columns.map((name) => `sub.${quoted(name)}`);
  if (search !== undefined) {
    targets.push(search.order === 'depth' ? `ARRAY[${row(search.by)}]` : `ROW(0::bigint, ${fields(search.by)})`);
  }
  if (cycle !== undefined) targets.push('false', `ARRAY[${row(cycle.columns)}]`);
  if (search?.order === 'breadth') targets.push('0::bigint');
  const query = over(initial, targets, columns);
  return cycle === undefined ? query : withMark(query, table, columns, () => cycle.markDefault ?? FALSE);
}

/** The step with paths that are longer by its rows; a row on its own path is marked and goes no further. */
export function stepWithPaths(table: CommonTable, step: Query, columns: readonly string[], paths: PathColumns): Query {
  const { search, cycle } = table;
  const extended = extendedStep(table, step, paths);
  const targets = columns.map((name) => `sub.${quoted(name)}`);
  if (search !== undefined) {
    const depth = `sub.${quoted(DEPTH)} + 1`;
    const grown = `sub.${quoted(search.set)} || ARRAY[${row(search.by)}]`;
    targets.push(search.order === 'depth' ? grown : `ROW(${depth}, ${fields(search.by)})`);
  }
  if (cycle !== undefined) {
    const path = `sub.${quoted(cycle.path)}`;
    targets.push(
      `CASE WHEN ${row(cycle.columns)} = ANY (${path}) THEN true ELSE false END`,
      `${path} || ARRAY[${row(cycle.columns)}]`,
    );
  }
  if (search?.order === 'breadth') targets.push(`sub.${quoted(DEPTH)} + 1`);
  const query = over(extended, targets, [...columns, ...paths.all]);
  if (cycle === undefined) return query;
  return withMark(query, table, columns, (mark) => {
    assert(mark.kind === 'case', 'the mark of a cycle is a CASE');
    const [when] = mark.whens;
    assert(when !== undefined, 'the mark of a cycle has a condition');
    const whens = [{ when: when.when, then: cycle.markValue ?? TRUE }];
    return { ...mark, whens, otherwise: cycle.markDefault ?? FALSE };
  });
}

const TRUE: Expression = { kind: 'boolean', value: true, position: 0 };
const FALSE: Expression = { kind: 'boolean', value: false, position: 0 };

/** The step with the working table's paths behind its targets, and without rows that close a cycle. */
function extendedStep(table: CommonTable, step: Query, { all }: PathColumns): Query {
  const { body } = step;
  const alias = body.kind === 'select' ? body.from.map((item) => aliasOf(item, table.name)).find(isDefined) : undefined;
  if (body.kind !== 'select' || alias === undefined) {
    const message = `with a SEARCH or CYCLE clause, the recursive reference to WITH query "${table.name}" must be at the top level of its right-hand SELECT`;
    throw new DriftError('0A000', message, { position: table.position });
  }
  const column = (name: string): Expression => ({ kind: 'column', names: [alias, name], position: table.position });
  const added = all.map((name) => ({ expression: column(name), alias: name, position: table.position }));
  let { where } = body;
  if (table.cycle !== undefined) {
    const open: Expression = {
      kind: 'binary',
      operator: '<>',
      operatorSchema: undefined,
      left: column(table.cycle.mark),
      right: table.cycle.markValue ?? TRUE,
      position: table.position,
    };
    where = where === undefined ? open : { kind: 'and', operands: [where, open], position: where.position };
  }
  return { ...step, body: { ...body, targets: [...body.targets, ...added], where } };
}

function isDefined(name: string | undefined): name is string {
  return name !== undefined;
}

function aliasOf(reference: TableReference, name: string): string | undefined {
  if (reference.kind === 'join') return aliasOf(reference.left, name) ?? aliasOf(reference.right, name);
  if (reference.kind !== 'table' || reference.name.schema !== undefined || reference.name.name !== name)
    return undefined;
  return reference.alias ?? name;
}

/** Puts another expression where the mark stands. */
function withMark(
  query: Query,
  table: CommonTable,
  columns: readonly string[],
  change: (mark: Expression) => Expression,
): Query {
  const at = columns.length + (table.search === undefined ? 0 : 1);
  const select = selectOf(query);
  const targets = select.targets.map((target, i) =>
    i === at ? { ...target, expression: change(target.expression) } : target,
  );
  return { ...query, body: { ...select, targets } };
}

/** SELECT targets FROM (query) AS sub(columns). */
function over(query: Query, targets: readonly string[], columns: readonly string[]): Query {
  const text = `SELECT ${targets.join(', ')} FROM (SELECT 1) AS sub(${columns.map(quoted).join(', ')})`;
  const outer = parseOne(text);
  assert(outer.kind === 'query', 'a SELECT is a query');
  const select = selectOf(outer);
  const from = select.from.map((item): TableReference => (item.kind === 'derived' ? { ...item, query } : item));
  return { ...outer, body: { ...select, from } };
}

function selectOf(query: Query): Select {
  assert(query.body.kind === 'select', 'the query around a part of a recursion is a SELECT');
  return query.body;
}

/** Throws 42601 where a part of the union is no SELECT. */
export function checkParts(table: CommonTable, union: SetOperation): void {
  const nested = (body: SetOperation['left']): boolean =>
    body.kind === 'setOperation' || (body.kind === 'query' && nested(body.body));
  const [side] = [nested(union.left) ? 'left' : '', nested(union.right) ? 'right' : ''].filter((name) => name !== '');
  if (side === undefined) return;
  throw new DriftError('42601', `with a SEARCH or CYCLE clause, the ${side} side of the UNION must be a SELECT`, {
    position: table.position,
  });
}

function row(names: readonly string[]): string {
  return `ROW(${fields(names)})`;
}

function fields(names: readonly string[]): string {
  return names.map((name) => `sub.${quoted(name)}`).join(', ');
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
