/**
 * Function calls: `f(…)` with all that can stand inside and behind, the functions with syntax of their own
 * (EXTRACT, SUBSTRING … FROM, TRIM, COALESCE, CURRENT_TIMESTAMP …), and window definitions.
 */
import type { CallSyntax, Expression, FunctionCall, QualifiedName, SqlValueName } from '../ast.ts';
import type { FrameBound, SortItem, WindowDefinition, WindowFrame } from '../ast-query.ts';
import { COLON_EQUALS, EQUALS_GREATER, IDENTIFIER, QUOTED_IDENTIFIER, STRING } from '../lexer.ts';
import type { Cursor } from './cursor.ts';
import { parseOrderBy } from './sort.ts';
import { SQL_VALUES } from './special-words.ts';
import { parseTypeName } from './type-name.ts';

/** Name of one of PostgreSQL's own functions. */
export function systemName(name: string, position: number): QualifiedName {
  return { catalog: undefined, schema: 'pg_catalog', name, position };
}

/** A call with nothing but arguments. */
export function call(
  name: QualifiedName,
  args: readonly Expression[],
  syntax: CallSyntax | undefined,
  position: number,
): FunctionCall {
  return {
    kind: 'call',
    name,
    args,
    argNames: undefined,
    star: false,
    distinct: false,
    variadic: false,
    orderBy: [],
    withinGroup: undefined,
    filter: undefined,
    over: undefined,
    syntax,
    position,
  };
}

/** Parses `(arguments) [WITHIN GROUP …] [FILTER …] [OVER …]` behind a function's name. */
export function parseCall(p: Cursor, name: QualifiedName, position: number): FunctionCall {
  const inside = parseArguments(p);
  let { orderBy } = inside;
  let withinGroup: readonly SortItem[] | undefined;
  if (p.at('within') && p.peekWord() === 'group') {
    const at = p.position;
    p.advance();
    p.advance();
    if (orderBy.length > 0) p.refuse('cannot use multiple ORDER BY clauses with WITHIN GROUP', at);
    if (inside.distinct) p.refuse('cannot use DISTINCT with WITHIN GROUP', at);
    if (inside.variadic) p.refuse('cannot use VARIADIC with WITHIN GROUP', at);
    p.expect('(');
    withinGroup = parseOrderBy(p);
    p.expect(')');
    orderBy = [];
  }
  const result = { kind: 'call' as const, name, ...inside, orderBy, withinGroup, ...parseFilterAndOver(p) };
  return { ...result, syntax: undefined, position };
}

interface Inside {
  args: Expression[];
  argNames: (string | undefined)[] | undefined;
  star: boolean;
  distinct: boolean;
  variadic: boolean;
  orderBy: readonly SortItem[];
}

function parseArguments(p: Cursor): Inside {
  const inside: Inside = { args: [], argNames: undefined, star: false, distinct: false, variadic: false, orderBy: [] };
  p.expect('(');
  if (p.at('*')) {
    p.advance();
    inside.star = true;
  } else if (!p.at(')')) {
    inside.distinct = p.accept('distinct');
    if (!inside.distinct) p.accept('all');
    do {
      if (inside.variadic) p.fail();
      inside.variadic = p.accept('variadic');
      parseArgument(p, inside);
    } while (p.accept(','));
    if (p.at('order')) inside.orderBy = parseOrderBy(p);
  }
  p.expect(')');
  return inside;
}

function parseArgument(p: Cursor, inside: Inside): void {
  const next = p.isTypeOrFunctionName() ? p.peekCode() : 0;
  if (next === EQUALS_GREATER || next === COLON_EQUALS) {
    inside.argNames ??= inside.args.map(() => undefined);
    inside.argNames.push(p.label());
    p.advance();
  } else {
    inside.argNames?.push(undefined);
  }
  inside.args.push(p.grammar.expression(p));
}

function parseFilterAndOver(p: Cursor): { filter: Expression | undefined; over: WindowDefinition | undefined } {
  let filter: Expression | undefined;
  if (p.at('filter') && p.peekWord() === '(') {
    p.advance();
    p.advance();
    p.expect('where');
    filter = p.grammar.expression(p);
    p.expect(')');
  }
  let over: WindowDefinition | undefined;
  if (p.at('over')) {
    const { position } = p;
    p.advance();
    if (p.at('(')) {
      over = parseWindow(p, undefined);
    } else {
      const base = p.columnName();
      over = { name: undefined, base, bare: true, partitionBy: [], orderBy: [], frame: undefined, position };
    }
  }
  return { filter, over };
}

/** Parses `( [base] [PARTITION BY …] [ORDER BY …] [frame] )`. */
export function parseWindow(p: Cursor, name: string | undefined): WindowDefinition {
  p.enter();
  const { position } = p;
  p.expect('(');
  const base = p.isColumnName() && !startsWindowClause(p) ? p.columnName() : undefined;
  let partitionBy: Expression[] = [];
  if (p.accept('partition')) {
    p.expect('by');
    partitionBy = p.list(() => p.grammar.expression(p));
  }
  const orderBy = p.at('order') ? parseOrderBy(p) : [];
  const frame = p.at('rows') || p.at('range') || p.at('groups') ? parseFrame(p) : undefined;
  p.expect(')');
  p.leave();
  return { name, base, bare: false, partitionBy, orderBy, frame, position };
}

function startsWindowClause(p: Cursor): boolean {
  return p.at('partition') || p.at('rows') || p.at('range') || p.at('groups');
}

function parseFrame(p: Cursor): WindowFrame {
  const { position, word } = p;
  p.advance();
  const between = p.accept('between');
  const start = parseFrameBound(p);
  let end: FrameBound | undefined;
  if (between) {
    p.expect('and');
    end = parseFrameBound(p);
  }
  refuseFrame(p, start, end);
  let exclude: WindowFrame['exclude'];
  if (p.accept('exclude')) {
    if (p.acceptAll('current', 'row')) exclude = 'current row';
    else if (p.accept('group')) exclude = 'group';
    else if (p.accept('ties')) exclude = 'ties';
    else if (p.acceptAll('no', 'others')) exclude = 'no others';
    else p.fail();
  }
  return { unit: word as WindowFrame['unit'], start, end, exclude, position };
}

function parseFrameBound(p: Cursor): FrameBound {
  const { position } = p;
  if (p.at('unbounded') && (p.peekWord() === 'preceding' || p.peekWord() === 'following')) {
    const kind = p.peekWord() === 'preceding' ? 'unbounded preceding' : 'unbounded following';
    p.advance();
    p.advance();
    return { kind, offset: undefined, position };
  }
  if (p.acceptAll('current', 'row')) return { kind: 'current row', offset: undefined, position };
  const offset = p.grammar.expression(p);
  if (p.accept('preceding')) return { kind: 'preceding', offset, position };
  p.expect('following');
  return { kind: 'following', offset, position };
}

function refuseFrame(p: Cursor, start: FrameBound, end: FrameBound | undefined): void {
  const refuse = (message: string, at: FrameBound): never => p.refuse(message, at.position, '42P20');
  if (start.kind === 'unbounded following') refuse('frame start cannot be UNBOUNDED FOLLOWING', start);
  if (end === undefined) {
    if (start.kind === 'following') refuse('frame starting from following row cannot end with current row', start);
    return;
  }
  if (end.kind === 'unbounded preceding') refuse('frame end cannot be UNBOUNDED PRECEDING', end);
  if (start.kind === 'current row' && end.kind === 'preceding') {
    refuse('frame starting from current row cannot have preceding rows', end);
  }
  if (start.kind === 'following' && (end.kind === 'preceding' || end.kind === 'current row')) {
    refuse('frame starting from following row cannot have preceding rows', end);
  }
}

// ---- functions with syntax of their own ------------------------------------------------------------------------

const WITH_PRECISION = new Set(['current_time', 'current_timestamp', 'localtime', 'localtimestamp']);

export function parseSpecialCall(p: Cursor): Expression {
  const { position, word } = p;
  if (SQL_VALUES.has(word)) return parseSqlValue(p, word as SqlValueName, position);
  p.advance();
  if (word === 'collation') p.expect('for');
  p.expect('(');
  const expression = parseSpecial(p, word, position);
  p.expect(')');
  if (expression.kind !== 'call') return expression;
  return { ...expression, ...parseFilterAndOver(p) };
}

function parseSqlValue(p: Cursor, name: SqlValueName, position: number): Expression {
  p.advance();
  let precision: number | undefined;
  if (WITH_PRECISION.has(name) && p.accept('(')) {
    precision = p.integer();
    p.expect(')');
  }
  return { kind: 'sqlValue', name, precision, position };
}

function expressions(p: Cursor): Expression[] {
  return p.list(() => p.grammar.expression(p));
}

/** Parses what is inside the parentheses. */
function parseSpecial(p: Cursor, word: string, position: number): Expression {
  switch (word) {
    case 'coalesce':
    case 'greatest':
    case 'least':
      return { kind: 'conditional', name: word, args: expressions(p), position };
    case 'nullif': {
      const first = p.grammar.expression(p);
      p.expect(',');
      return { kind: 'conditional', name: word, args: [first, p.grammar.expression(p)], position };
    }
    case 'grouping':
      return { kind: 'grouping', args: expressions(p), position };
    case 'collation':
      return call(systemName('pg_collation_for', position), [p.grammar.expression(p)], 'collation for', position);
    case 'extract':
      return parseExtract(p, position);
    case 'position': {
      const part = p.grammar.restrictedExpression(p);
      p.expect('in');
      const args = [p.grammar.restrictedExpression(p), part];
      return call(systemName('position', position), args, 'position', position);
    }
    case 'overlay':
      return parseOverlay(p, position);
    case 'substring':
      return parseSubstring(p, position);
    case 'trim':
      return parseTrim(p, position);
    case 'normalize':
      return parseNormalize(p, position);
    default: {
      // TREAT (x AS type) is a call of the type's function.
      const operand = p.grammar.expression(p);
      p.expect('as');
      return { kind: 'cast', operand, type: parseTypeName(p), style: 'cast', position };
    }
  }
}

function parseExtract(p: Cursor, position: number): Expression {
  const field = p.position;
  let value: string;
  if (p.code === STRING) value = p.string();
  else if (p.code === IDENTIFIER || p.code === QUOTED_IDENTIFIER || EXTRACT_WORDS.has(p.word)) value = p.label();
  else p.fail();
  p.expect('from');
  const args: Expression[] = [{ kind: 'string', value, position: field }, p.grammar.expression(p)];
  return call(systemName('extract', position), args, 'extract', position);
}

const EXTRACT_WORDS = new Set(['year', 'month', 'day', 'hour', 'minute', 'second']);

function parseOverlay(p: Cursor, position: number): Expression {
  const first = p.grammar.expression(p);
  if (p.at(',')) return parsePlain(p, 'overlay', first, position);
  p.expect('placing');
  const args = [first, p.grammar.expression(p)];
  p.expect('from');
  args.push(p.grammar.expression(p));
  if (p.accept('for')) args.push(p.grammar.expression(p));
  return call(systemName('overlay', position), args, 'overlay', position);
}

/** Goes on with an ordinary argument list; the name is then not a system function's only. */
function parsePlain(p: Cursor, name: string, first: Expression, position: number): Expression {
  const args = [first];
  while (p.accept(',')) args.push(p.grammar.expression(p));
  return call({ catalog: undefined, schema: undefined, name, position }, args, undefined, position);
}

function parseSubstring(p: Cursor, position: number): Expression {
  if (p.at(')'))
    return call({ catalog: undefined, schema: undefined, name: 'substring', position }, [], undefined, position);
  const first = p.grammar.expression(p);
  const name = systemName('substring', position);
  if (p.accept('from')) {
    const args = [first, p.grammar.expression(p)];
    if (p.accept('for')) args.push(p.grammar.expression(p));
    return call(name, args, 'substring from', position);
  }
  if (p.at('for')) {
    const at = p.position;
    p.advance();
    const count = p.grammar.expression(p);
    if (!p.accept('from')) {
      // FOR alone counts from 1; PostgreSQL casts the count to integer here.
      return call(name, [first, { kind: 'integer', value: 1, position: at }, count], 'substring from', position);
    }
    return call(name, [first, p.grammar.expression(p), count], 'substring from', position);
  }
  if (p.accept('similar')) {
    const args = [first, p.grammar.expression(p)];
    p.expect('escape');
    args.push(p.grammar.expression(p));
    return call(name, args, 'substring similar', position);
  }
  return parsePlain(p, 'substring', first, position);
}

function parseTrim(p: Cursor, position: number): Expression {
  let name = 'btrim';
  if (p.at('leading')) name = 'ltrim';
  else if (p.at('trailing')) name = 'rtrim';
  if (p.at('leading') || p.at('trailing') || p.at('both')) p.advance();
  const args: Expression[] = [];
  if (p.accept('from')) {
    args.push(...expressions(p));
  } else {
    const first = p.grammar.expression(p);
    if (p.accept('from')) args.push(...expressions(p), first);
    else {
      args.push(first);
      while (p.accept(',')) args.push(p.grammar.expression(p));
    }
  }
  return call(systemName(name, position), args, 'trim', position);
}

function parseNormalize(p: Cursor, position: number): Expression {
  const args = [p.grammar.expression(p)];
  if (p.accept(',')) {
    if (!['nfc', 'nfd', 'nfkc', 'nfkd'].includes(p.word)) p.fail();
    args.push({ kind: 'string', value: p.word.toUpperCase(), position: p.position });
    p.advance();
  }
  return call(systemName('normalize', position), args, 'normalize', position);
}
