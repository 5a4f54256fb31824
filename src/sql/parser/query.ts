/**
 * Queries: WITH, SELECT, VALUES, TABLE, set operations, ORDER BY, LIMIT, locking.
 *
 * INTERSECT binds more tightly than UNION and EXCEPT, which associate to the left. ORDER BY, LIMIT and WITH belong to the
 * whole; where parentheses give an operand its own, the operand is a nested Query.
 */
import type {
  CommonTable,
  CycleClause,
  GroupingElement,
  IntoTarget,
  LockingClause,
  Query,
  QueryBody,
  SearchClause,
  Select,
  SelectTarget,
  Values,
  WindowDefinition,
  WithClause,
} from '../ast-query.ts';
import type { Expression, QualifiedName } from '../ast.ts';
import { parseWindow } from './call.ts';
import type { Cursor } from './cursor.ts';
import { parseFromList } from './from.ts';
import { parseParenthesised } from './parenthesis.ts';
import { parseConstant, parseOperand } from './primary.ts';
import { parseOrderBy } from './sort.ts';

export function parseQuery(p: Cursor): Query {
  return parseQueryWith(p, p.at('with') ? parseWith(p) : undefined);
}

/** Parses a query whose WITH was taken already. */
export function parseQueryWith(p: Cursor, withClause: WithClause | undefined): Query {
  const position = withClause?.position ?? p.position;
  p.enter();
  const query = parseTail(p, withClause, parseUnion(p, parseOperandBody(p)), position);
  p.leave();
  return query;
}

/** Goes on with a query whose first operand, in parentheses, was parsed already. */
export function parseQueryFrom(p: Cursor, first: Query): Query {
  p.enter();
  const query = parseTail(p, undefined, parseUnion(p, first), first.position);
  p.leave();
  return query;
}

function parseUnion(p: Cursor, first: QueryBody): QueryBody {
  let left = parseIntersect(p, first);
  while (p.at('union') || p.at('except')) {
    p.wrap();
    const { position, word } = p;
    p.advance();
    const all = parseAll(p);
    const right = parseIntersect(p, parseOperandBody(p));
    left = { kind: 'setOperation', operator: word as 'union' | 'except', all, left, right, position };
  }
  return left;
}

function parseIntersect(p: Cursor, first: QueryBody): QueryBody {
  let left = first;
  while (p.at('intersect')) {
    p.wrap();
    const { position } = p;
    p.advance();
    const all = parseAll(p);
    left = { kind: 'setOperation', operator: 'intersect', all, left, right: parseOperandBody(p), position };
  }
  return left;
}

function parseAll(p: Cursor): boolean {
  if (p.accept('all')) return true;
  p.accept('distinct');
  return false;
}

function parseOperandBody(p: Cursor): QueryBody {
  switch (p.word) {
    case 'select':
      return parseSelect(p);
    case 'values':
      return parseValues(p);
    case 'table':
      return parseTableCommand(p);
    case '(': {
      const inner = parseParenthesised(p);
      if (inner.kind !== 'query') p.fail();
      return inner;
    }
    default:
      p.fail();
  }
}

/** TABLE t is SELECT * FROM t. */
function parseTableCommand(p: Cursor): Select {
  const { position } = p;
  p.advance();
  const at = p.position;
  const only = p.accept('only');
  const name = p.qualifiedName();
  p.accept('*');
  const star: Expression = { kind: 'star', qualifier: [], operand: undefined, position };
  return {
    ...emptySelect(position),
    targets: [{ expression: star, alias: undefined, position }],
    from: [
      {
        kind: 'table',
        name,
        only,
        systemTime: undefined,
        validTime: undefined,
        alias: undefined,
        columnAliases: [],
        sample: undefined,
        position: at,
      },
    ],
  };
}

function emptySelect(position: number): Select {
  return {
    kind: 'select',
    distinct: undefined,
    targets: [],
    into: undefined,
    from: [],
    where: undefined,
    groupBy: [],
    groupByDistinct: false,
    having: undefined,
    windows: [],
    position,
  };
}

function parseValues(p: Cursor): Values {
  const { position } = p;
  p.advance();
  const ready = p.ready?.get(p.index);
  const rows = ready?.rows ?? [];
  if (ready !== undefined) {
    p.height = Math.max(p.height, ready.height);
    p.back(ready.end);
  }
  if (rows.length === 0 || p.accept(','))
    do rows.push(parseRow(p));
    while (p.accept(','));
  return { kind: 'values', rows, position };
}

/** A row of VALUES. */
export function parseRow(p: Cursor): Expression[] {
  p.expect('(');
  const row: Expression[] = [];
  do row.push(p.atLoneConstant() ? parseConstant(p) : p.grammar.expression(p));
  while (p.accept(','));
  p.expect(')');
  return row;
}

// ---- SELECT ----------------------------------------------------------------------------------------------------

function parseSelect(p: Cursor): Select {
  const { position } = p;
  p.advance();
  let distinct: Expression[] | undefined;
  if (p.accept('distinct')) {
    distinct = p.accept('on') ? p.parenthesised(() => p.grammar.expression(p)) : [];
  } else {
    p.accept('all');
  }
  const targets = endsSelectList(p) ? [] : parseTargets(p);
  if (distinct !== undefined && targets.length === 0) p.fail();
  const into = p.at('into') ? parseInto(p) : undefined;
  const from = p.accept('from') ? parseFromList(p) : [];
  const where = p.accept('where') ? p.grammar.expression(p) : undefined;
  let groupBy: GroupingElement[] = [];
  let groupByDistinct = false;
  if (p.accept('group')) {
    p.expect('by');
    groupByDistinct = p.accept('distinct');
    if (!groupByDistinct) p.accept('all');
    groupBy = p.list(() => parseGroupingElement(p));
  }
  const having = p.accept('having') ? p.grammar.expression(p) : undefined;
  const windows = p.accept('window') ? p.list(() => parseNamedWindow(p)) : [];
  return { kind: 'select', distinct, targets, into, from, where, groupBy, groupByDistinct, having, windows, position };
}

/** SELECT may have an empty list. */
function endsSelectList(p: Cursor): boolean {
  switch (p.word) {
    case 'from':
    case 'where':
    case 'group':
    case 'having':
    case 'window':
    case 'union':
    case 'intersect':
    case 'except':
    case 'order':
    case 'limit':
    case 'offset':
    case 'fetch':
    case 'for':
    case 'into':
    case ')':
    case ';':
      return true;
    default:
      return p.code === 0;
  }
}

/** Parses a select list, or the list of RETURNING. */
export function parseTargets(p: Cursor): SelectTarget[] {
  return p.list(() => parseTarget(p));
}

function parseTarget(p: Cursor): SelectTarget {
  const { position } = p;
  if (p.accept('*')) {
    return { expression: { kind: 'star', qualifier: [], operand: undefined, position }, alias: undefined, position };
  }
  const expression = p.grammar.expression(p);
  let alias: string | undefined;
  if (p.accept('as')) alias = p.label();
  else if (p.isBareLabel()) alias = p.label();
  return { expression, alias, position };
}

function parseInto(p: Cursor): IntoTarget {
  p.expect('into');
  const temporary = p.accept('temporary') || p.accept('temp');
  if (!temporary) p.accept('unlogged');
  p.accept('table');
  return { name: p.qualifiedName(), temporary };
}

function parseGroupingElement(p: Cursor): GroupingElement {
  p.enter();
  const element = parseGrouping(p);
  p.leave();
  return element;
}

function parseGrouping(p: Cursor): GroupingElement {
  const { position } = p;
  if (p.at('(') && p.peekWord() === ')') {
    p.advance();
    p.advance();
    return { kind: 'empty', position };
  }
  if ((p.at('rollup') || p.at('cube')) && p.peekWord() === '(') {
    const kind = p.at('rollup') ? 'rollup' : 'cube';
    p.advance();
    const elements = p.parenthesised(() => groupingColumns(p.grammar.expression(p)));
    return { kind, elements, position };
  }
  if (p.acceptAll('grouping', 'sets')) {
    return { kind: 'groupingSets', sets: p.parenthesised(() => parseGroupingElement(p)), position };
  }
  return { kind: 'expression', expression: p.grammar.expression(p), position };
}

function groupingColumns(expression: Expression): readonly Expression[] {
  return expression.kind === 'row' && !expression.explicit ? expression.fields : [expression];
}

function parseNamedWindow(p: Cursor): WindowDefinition {
  const name = p.columnName();
  p.expect('as');
  return parseWindow(p, name);
}

// ---- what applies to the whole ---------------------------------------------------------------------------------

function parseTail(p: Cursor, withClause: WithClause | undefined, body: QueryBody, position: number): Query {
  const orderBy = p.at('order') ? parseOrderBy(p) : [];
  const locking: LockingClause[] = [];
  while (p.at('for')) parseLocking(p, locking);
  const { limit, offset, withTies } = parseLimit(p);
  while (p.at('for')) parseLocking(p, locking);
  // `(SELECT …)` with nothing around it is the query itself.
  const bare = withClause === undefined && orderBy.length === 0 && locking.length === 0;
  if (body.kind === 'query') {
    if (bare && limit === undefined && offset === undefined) return body;
    return merged(p, body, { with: withClause, orderBy, limit, offset, withTies, locking, position });
  }
  return { kind: 'query', with: withClause, body, orderBy, limit, offset, withTies, locking, position, end: p.lastEnd };
}

/**
 * What follows `(SELECT …)` belongs to the query inside, which may not have said the same already: so an ORDER BY
 * outside sorts before a LIMIT inside cuts, as in PostgreSQL's insertSelectOptions.
 */
function merged(p: Cursor, inner: Query, outer: Omit<Query, 'kind' | 'body' | 'end'>): Query {
  const twice = (what: string, position: number): never => p.refuse(`multiple ${what} clauses not allowed`, position);
  if (inner.with !== undefined && outer.with !== undefined) twice('WITH', inner.with.position);
  const [first] = outer.orderBy;
  if (inner.orderBy.length > 0 && first !== undefined) twice('ORDER BY', first.expression.position);
  if (inner.limit !== undefined && outer.limit !== undefined) twice('LIMIT', outer.limit.position);
  if (inner.offset !== undefined && outer.offset !== undefined) twice('OFFSET', outer.offset.position);
  return {
    kind: 'query',
    with: outer.with ?? inner.with,
    body: inner.body,
    orderBy: outer.orderBy.length > 0 ? outer.orderBy : inner.orderBy,
    limit: outer.limit ?? inner.limit,
    offset: outer.offset ?? inner.offset,
    withTies: outer.withTies || inner.withTies,
    locking: [...inner.locking, ...outer.locking],
    position: outer.position,
    end: p.lastEnd,
  };
}

function parseLimit(p: Cursor): { limit: Expression | undefined; offset: Expression | undefined; withTies: boolean } {
  let limit: Expression | undefined;
  let offset: Expression | undefined;
  let withTies = false;
  let limited = false;
  let skipped = false;
  for (;;) {
    if (p.at('limit') && !limited) {
      limited = true;
      p.advance();
      if (!p.accept('all')) limit = p.grammar.expression(p);
      if (p.at(',')) p.refuse('LIMIT #,# syntax is not supported', p.position);
    } else if (p.at('offset') && !skipped) {
      skipped = true;
      p.advance();
      offset = p.grammar.expression(p);
      if (p.at('row') || p.at('rows')) p.advance();
    } else if (p.at('fetch') && !limited) {
      limited = true;
      ({ limit, withTies } = parseFetch(p));
    } else {
      return { limit, offset, withTies };
    }
  }
}

/** A number, or anything else in parentheses. */
function parseFetchCount(p: Cursor): Expression {
  const { position } = p;
  if (!p.at('-') && !p.at('+')) return parseOperand(p);
  const operator = p.word;
  p.advance();
  return { kind: 'unary', operator, operatorSchema: undefined, operand: parseConstant(p), position };
}

/** FETCH FIRST [n] ROWS ONLY | WITH TIES. */
function parseFetch(p: Cursor): { limit: Expression; withTies: boolean } {
  p.expect('fetch');
  if (!p.accept('first')) p.expect('next');
  const { position } = p;
  const implicit = p.at('row') || p.at('rows');
  const limit: Expression = implicit ? { kind: 'integer', value: 1, position } : parseFetchCount(p);
  if (!p.accept('row')) p.expect('rows');
  if (p.accept('only')) return { limit, withTies: false };
  p.expect('with');
  p.expect('ties');
  return { limit, withTies: true };
}

/** `FOR READ ONLY` says nothing. */
function parseLocking(p: Cursor, locking: LockingClause[]): void {
  const { position } = p;
  p.expect('for');
  if (p.acceptAll('read', 'only')) return;
  let strength: LockingClause['strength'];
  if (p.accept('update')) {
    strength = 'update';
  } else if (p.accept('share')) {
    strength = 'share';
  } else if (p.accept('key')) {
    p.expect('share');
    strength = 'key share';
  } else {
    p.expect('no');
    p.expect('key');
    p.expect('update');
    strength = 'no key update';
  }
  let of: QualifiedName[] = [];
  if (p.accept('of')) of = p.list(() => p.qualifiedName());
  let wait: LockingClause['wait'] = 'block';
  if (p.accept('nowait')) wait = 'nowait';
  else if (p.acceptAll('skip', 'locked')) wait = 'skip locked';
  locking.push({ strength, of, wait, position });
}

// ---- WITH ------------------------------------------------------------------------------------------------------

export function parseWith(p: Cursor): WithClause {
  const { position } = p;
  p.enter();
  p.expect('with');
  const recursive = p.accept('recursive');
  const tables = p.list(() => parseCommonTable(p));
  p.leave();
  return { recursive, tables, position };
}

function parseCommonTable(p: Cursor): CommonTable {
  const { position } = p;
  const name = p.columnName();
  const columns = p.at('(') ? p.parenthesisedNames() : [];
  p.expect('as');
  let materialized: boolean | undefined;
  if (p.accept('materialized')) {
    materialized = true;
  } else if (p.at('not')) {
    p.advance();
    p.expect('materialized');
    materialized = false;
  }
  p.expect('(');
  const query = p.grammar.preparable(p);
  p.expect(')');
  const search = p.at('search') ? parseSearch(p) : undefined;
  const cycle = p.at('cycle') ? parseCycle(p) : undefined;
  return { name, columns, materialized, query, search, cycle, position };
}

function parseSearch(p: Cursor): SearchClause {
  p.expect('search');
  const order = p.accept('depth') ? 'depth' : 'breadth';
  if (order === 'breadth') p.expect('breadth');
  p.expect('first');
  p.expect('by');
  const by = p.list(() => p.columnName());
  p.expect('set');
  return { order, by, set: p.columnName() };
}

function parseCycle(p: Cursor): CycleClause {
  p.expect('cycle');
  const columns = p.list(() => p.columnName());
  p.expect('set');
  const mark = p.columnName();
  let markValue: Expression | undefined;
  let markDefault: Expression | undefined;
  if (p.accept('to')) {
    markValue = p.grammar.restrictedExpression(p);
    p.expect('default');
    markDefault = p.grammar.restrictedExpression(p);
  }
  p.expect('using');
  return { columns, mark, markValue, markDefault, path: p.columnName() };
}
