/**
 * FROM: tables (at a time), subqueries, functions, joins.
 *
 * A parenthesis in FROM holds a query or a join; as in parenthesis.ts that shows only behind the innermost one.
 */
import type {
  DerivedTable,
  Join,
  Query,
  TableFunctionItem,
  TableName,
  TableReference,
  TableSample,
} from '../ast-query.ts';
import type { Expression, Identifier } from '../ast.ts';
import { parseCall, parseSpecialCall } from './call.ts';
import { atSpecialCall } from './special-words.ts';
import type { Cursor } from './cursor.ts';
import { atQuery, continuesQuery } from './parenthesis.ts';
import { parseValidTime } from './period.ts';
import { atSystemTime } from './at-system-time.ts';
import { parseSystemTime } from './system-time.ts';
import { parseTypeName } from './type-name.ts';

export function parseFromList(p: Cursor): TableReference[] {
  return p.list(() => parseTableReference(p));
}

/** Parses a table reference with the joins behind it. */
export function parseTableReference(p: Cursor): TableReference {
  p.enter();
  const outer = p.height;
  p.height = 0;
  const result = parseJoins(p, parseTablePrimary(p));
  p.height = Math.max(outer, p.height + 1);
  p.leave();
  return result;
}

function parseJoins(p: Cursor, first: TableReference): TableReference {
  let left = first;
  for (;;) {
    const { position } = p;
    const natural = p.at('natural');
    const type = joinType(natural ? p.peekWord() : p.word);
    if (type === undefined) {
      if (natural) {
        p.advance();
        p.fail();
      }
      return left;
    }
    p.wrap();
    if (natural) p.advance();
    if (!p.at('join')) {
      p.advance();
      if (type !== 'inner' && type !== 'cross') p.accept('outer');
    }
    p.expect('join');
    left = parseJoin(p, left, type, natural, position);
  }
}

function joinType(word: string): Join['type'] | undefined {
  switch (word) {
    case 'join':
    case 'inner':
      return 'inner';
    case 'left':
    case 'right':
    case 'full':
    case 'cross':
      return word;
    default:
      return undefined;
  }
}

/** Parses the right side and the condition. `a JOIN b JOIN c ON … ON …` nests to the right. */
function parseJoin(p: Cursor, left: TableReference, type: Join['type'], natural: boolean, position: number): Join {
  let right = parseTablePrimary(p);
  let on: Expression | undefined;
  let using: readonly Identifier[] | undefined;
  let usingAlias: string | undefined;
  if (type !== 'cross' && !natural) {
    if (!p.at('on') && !p.at('using')) {
      p.enter();
      right = parseJoins(p, right);
      p.leave();
    }
    if (p.accept('on')) {
      on = p.grammar.expression(p);
    } else {
      p.expect('using');
      using = p.parenthesisedIdentifiers();
      if (p.accept('as')) usingAlias = p.columnName();
    }
  }
  return {
    kind: 'join',
    type,
    natural,
    left,
    right,
    on,
    using,
    usingAlias,
    alias: undefined,
    columnAliases: [],
    position,
  };
}

function parseTablePrimary(p: Cursor): TableReference {
  const { position } = p;
  const lateral = p.accept('lateral');
  if (p.at('(')) {
    if (atQuery(p)) return parseParenthesisedQuery(p, lateral, position);
    if (lateral) p.fail();
    return parseParenthesisedJoin(p);
  }
  if (p.at('rows') && p.peekWord() === 'from') return parseRowsFrom(p, lateral, position);
  if (atFunction(p)) return parseTableFunction(p, lateral, position);
  if (lateral) p.fail();
  return parseTable(p);
}

// ---- tables ----------------------------------------------------------------------------------------------------

function parseTable(p: Cursor): TableReference {
  const { position } = p;
  const only = p.accept('only');
  const parenthesised = only && p.accept('(');
  const name = p.qualifiedName();
  if (parenthesised) p.expect(')');
  else if (!only) p.accept('*');
  let systemTime: TableName['systemTime'];
  let validTime: TableName['validTime'];
  const parseTimes = (): void => {
    while (p.at('for') || systemTime === undefined) {
      if (systemTime === undefined && atSystemTime(p)) systemTime = parseSystemTime(p);
      else if (validTime === undefined && p.at('for') && p.atName('valid_time', 1)) validTime = parseValidTime(p);
      else return;
    }
  };
  parseTimes();
  const { alias, columnAliases } = parseAlias(p);
  if (alias !== undefined) parseTimes();
  const sample = p.accept('tablesample') ? parseSample(p) : undefined;
  return { kind: 'table', name, only, systemTime, validTime, alias, columnAliases, sample, position };
}

function parseSample(p: Cursor): TableSample {
  const { position } = p;
  const method = p.restOfName(p.label(), position);
  const args = p.parenthesised(() => p.grammar.expression(p));
  let repeatable: Expression | undefined;
  if (p.accept('repeatable')) {
    p.expect('(');
    repeatable = p.grammar.expression(p);
    p.expect(')');
  }
  return { method, args, repeatable };
}

/** Parses `[[AS] name [(columns)]]`. */
function parseAlias(p: Cursor): { alias: string | undefined; columnAliases: string[] } {
  if (!p.accept('as') && !p.isColumnName()) return { alias: undefined, columnAliases: [] };
  const alias = p.columnName();
  return { alias, columnAliases: p.at('(') ? p.parenthesisedNames() : [] };
}

// ---- parentheses -----------------------------------------------------------------------------------------------

function parseParenthesisedQuery(p: Cursor, lateral: boolean, position: number): TableReference {
  const inner = parseQueryOrJoin(p);
  if (inner.kind === 'query') return derived(p, inner, lateral, position);
  if (lateral) p.fail();
  return aliasJoin(p, inner);
}

function derived(p: Cursor, query: Query, lateral: boolean, position: number): DerivedTable {
  const systemTime = atSystemTime(p) ? parseSystemTime(p) : undefined;
  const { alias, columnAliases } = parseAlias(p);
  if (alias === undefined) {
    const word = query.body.kind === 'values' ? 'VALUES' : 'subquery';
    p.refuse(`${word} in FROM must have an alias`, position);
  }
  return { kind: 'derived', query, lateral, systemTime, alias, columnAliases, position };
}

/** Parses a parenthesis that begins with a query: all of it may be one, or the query is a join's first table. */
function parseQueryOrJoin(p: Cursor): Query | Join {
  p.enter();
  p.expect('(');
  let result: Query | Join;
  if (!p.at('(')) {
    result = p.grammar.query(p);
  } else {
    const { position } = p;
    const inner = parseQueryOrJoin(p);
    if (inner.kind === 'query' && p.at(')')) result = inner;
    else if (inner.kind === 'query' && continuesQuery(p)) result = p.grammar.queryFrom(p, inner);
    else {
      const first = inner.kind === 'query' ? derived(p, inner, false, position) : aliasJoin(p, inner);
      result = asJoin(p, parseJoins(p, first));
    }
  }
  p.expect(')');
  p.leave();
  return result;
}

function parseParenthesisedJoin(p: Cursor): Join {
  p.expect('(');
  const join = asJoin(p, parseTableReference(p));
  p.expect(')');
  return aliasJoin(p, join);
}

/** Parentheses in FROM are for joins only: `FROM (t)` is a syntax error. */
function asJoin(p: Cursor, reference: TableReference): Join {
  if (reference.kind !== 'join') p.fail();
  return reference;
}

function aliasJoin(p: Cursor, join: Join): Join {
  const { alias, columnAliases } = parseAlias(p);
  return alias === undefined ? join : { ...join, alias, columnAliases };
}

// ---- functions -------------------------------------------------------------------------------------------------

function atFunction(p: Cursor): boolean {
  if (atSpecialCall(p)) return true;
  if (!p.isLabel()) return false;
  let n = 0;
  while (p.peekWord(n + 1) === '.' && p.isLabel(n + 2)) n += 2;
  return p.peekWord(n + 1) === '(' && (n > 0 || p.isTypeOrFunctionName());
}

function parseFunction(p: Cursor): Expression {
  if (atSpecialCall(p)) return parseSpecialCall(p);
  const { position } = p;
  return parseCall(p, p.restOfName(p.label(), position), position);
}

function parseTableFunction(p: Cursor, lateral: boolean, position: number): TableReference {
  const call = parseFunction(p);
  const withOrdinality = parseOrdinality(p);
  // `AS (a int)` or `AS name (a int)` defines the columns of a record; `AS name (a)` names them.
  if (p.at('as') && p.peekWord() === '(') {
    p.advance();
    const columns = parseColumnDefinitions(p);
    return {
      kind: 'tableFunction',
      functions: [{ call, columns }],
      rowsFrom: false,
      lateral,
      withOrdinality,
      alias: undefined,
      columnAliases: [],
      position,
    };
  }
  const { alias, columnAliases, columns } = parseFunctionAlias(p);
  const functions = [{ call, columns }];
  return { kind: 'tableFunction', functions, rowsFrom: false, lateral, withOrdinality, alias, columnAliases, position };
}

function parseOrdinality(p: Cursor): boolean {
  return p.acceptAll('with', 'ordinality');
}

function parseFunctionAlias(p: Cursor): {
  alias: string | undefined;
  columnAliases: string[];
  columns: TableFunctionItem['columns'];
} {
  if (!p.accept('as') && !p.isColumnName()) return { alias: undefined, columnAliases: [], columns: undefined };
  const alias = p.columnName();
  if (!p.at('(')) return { alias, columnAliases: [], columns: undefined };
  // A second word before the comma is a type.
  const next = p.peekWord(2);
  if (next !== ',' && next !== ')') return { alias, columnAliases: [], columns: parseColumnDefinitions(p) };
  return { alias, columnAliases: p.parenthesisedNames(), columns: undefined };
}

function parseColumnDefinitions(p: Cursor): TableFunctionItem['columns'] {
  return p.parenthesised(() => {
    const name = p.columnName();
    const type = parseTypeName(p);
    if (p.accept('collate')) p.qualifiedName();
    return { name, type };
  });
}

function parseRowsFrom(p: Cursor, lateral: boolean, position: number): TableReference {
  p.advance();
  p.advance();
  const functions = p.parenthesised((): TableFunctionItem => {
    const call = parseFunction(p);
    return { call, columns: p.accept('as') ? parseColumnDefinitions(p) : undefined };
  });
  const withOrdinality = parseOrdinality(p);
  const { alias, columnAliases } = parseAlias(p);
  return { kind: 'tableFunction', functions, rowsFrom: true, lateral, withOrdinality, alias, columnAliases, position };
}
