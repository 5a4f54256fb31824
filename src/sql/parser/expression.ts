/**
 * Expressions by precedence climbing (Pratt's method) with PostgreSQL's precedence table (gram.y, manual 4.1.6).
 *
 * From loose to tight: OR, AND, NOT, IS, comparison, BETWEEN/IN/LIKE, all other operators, + -, * / %, ^, AT TIME ZONE,
 * COLLATE, unary minus, ::. Comparison and LIKE do not associate: `a < b < c` is a syntax error.
 *
 * A *restricted* expression (PostgreSQL's b_expr) leaves out AND, OR, NOT, IS NULL, LIKE, IN, BETWEEN, AT TIME ZONE and COLLATE; it
 * stands where one of these words would be ambiguous: the lower bound of BETWEEN, a column's DEFAULT.
 */
import type { Expression } from '../ast.ts';
import { GREATER_EQUALS, IDENTIFIER, LESS_EQUALS, NOT_EQUALS, OPERATOR } from '../lexer.ts';
import type { Cursor } from './cursor.ts';
import { call, systemName } from './call.ts';
import { operatorText, parseQualifiedOperator } from './operator-name.ts';
import { parseOperand, parsePostfix } from './primary.ts';
import { parseParenthesised, atQuery } from './parenthesis.ts';
import { atPeriodPredicate, parsePeriodPredicate, periodPredicate } from './period.ts';
import { parseTypeName } from './type-name.ts';

const OR = 1;
const AND = 2;
const NOT = 3;
const IS = 4;
const COMPARISON = 5;
const LIKE = 6;
const OTHER = 8;
const ADD = 9;
const MULTIPLY = 10;
const POWER = 11;
const AT = 12;
const COLLATE = 13;
const MINUS = 14;
const CAST = 17;

export function parseExpression(p: Cursor): Expression {
  return parseAt(p, 0, false);
}

export function parseRestrictedExpression(p: Cursor): Expression {
  return parseAt(p, 0, true);
}

/** Goes on with an expression whose first operand was parsed already. */
export function parseExpressionFrom(p: Cursor, first: Expression): Expression {
  return parseInfix(p, parsePostfix(p, first), 0, false);
}

/** Parses an expression all of whose operators bind at least as tightly as `minimum`. */
function parseAt(p: Cursor, minimum: number, restricted: boolean): Expression {
  p.enter();
  const outer = p.height;
  p.height = 0;
  const expression = parseInfix(p, parsePrefix(p, restricted), minimum, restricted);
  p.height = Math.max(outer, p.height + 1);
  p.leave();
  return expression;
}

function parsePrefix(p: Cursor, restricted: boolean): Expression {
  const { position, code } = p;
  switch (code) {
    case 45:
    case 43: {
      p.advance();
      return negate(p, code === 45 ? '-' : '+', parseAt(p, MINUS + 1, restricted), position);
    }
    case OPERATOR: {
      const operator = operatorText(p);
      p.advance();
      return unary(operator, undefined, parseAt(p, OTHER + 1, restricted), position);
    }
    default:
  }
  if (p.word === 'not' && !restricted) {
    p.advance();
    return { kind: 'not', operand: parseAt(p, NOT, false), position };
  }
  if (p.word === 'operator' && p.peekWord() === '(') {
    const { operator, schema } = parseQualifiedOperator(p);
    return unary(operator, schema, parseAt(p, OTHER + 1, restricted), position);
  }
  return parseOperand(p);
}

function unary(
  operator: string,
  operatorSchema: string | undefined,
  operand: Expression,
  position: number,
): Expression {
  return { kind: 'unary', operator, operatorSchema, operand, position };
}

/** A minus before a number constant becomes part of it. */
function negate(p: Cursor, operator: '-' | '+', operand: Expression, position: number): Expression {
  if (operator === '-') {
    if (operand.kind === 'integer' && !Object.is(operand.value, -0) && operand.value > 0) {
      return { kind: 'integer', value: -operand.value, position };
    }
    if (operand.kind === 'integer' && operand.value === 0) return { kind: 'integer', value: 0, position };
    if (operand.kind === 'number' && !operand.text.startsWith('-')) {
      if (operand.text === '2147483648') return { kind: 'integer', value: -2147483648, position };
      return { kind: 'number', text: `-${operand.text}`, position };
    }
  }
  p.wrap();
  return unary(operator, undefined, operand, position);
}

/** Returns the precedence of the infix operator at the cursor, or -1 when there is none. */
function precedence(p: Cursor, restricted: boolean): number {
  switch (p.code) {
    case 43:
    case 45:
      return ADD;
    case 42:
    case 47:
    case 37:
      return MULTIPLY;
    case 94:
      return POWER;
    case 60:
    case 61:
    case 62:
    case LESS_EQUALS:
    case GREATER_EQUALS:
    case NOT_EQUALS:
      return COMPARISON;
    case OPERATOR:
      return OTHER;
    default:
  }
  switch (p.word) {
    case '::':
      return CAST;
    case 'is':
      return restricted && !atRestrictedIs(p) ? -1 : IS;
    case 'operator':
      return p.peekWord() === '(' ? OTHER : -1;
    default:
      return restricted ? -1 : wordPrecedence(p);
  }
}

function wordPrecedence(p: Cursor): number {
  switch (p.word) {
    case 'or':
      return OR;
    case 'and':
      return AND;
    case 'isnull':
    case 'notnull':
      return IS;
    case 'between':
    case 'in':
    case 'like':
    case 'ilike':
    case 'overlaps':
      return LIKE;
    case 'similar':
      return p.peekWord() === 'to' ? LIKE : -1;
    case 'not':
      return NEGATABLE.has(p.peekWord()) ? LIKE : -1;
    case 'at':
      return p.peekWord() === 'time' ? AT : -1;
    case 'collate':
      return COLLATE;
    default:
      return p.code === IDENTIFIER && PERIOD_WORD.test(p.tokenText()) && atPeriodPredicate(p) ? LIKE : -1;
  }
}

const PERIOD_WORD = /^(?:contains|equals|precedes|succeeds|immediately)$/i;
const NEGATABLE = new Set(['between', 'in', 'like', 'ilike', 'similar']);

/** IS [NOT] DISTINCT FROM and IS [NOT] DOCUMENT are part of restricted expressions. */
function atRestrictedIs(p: Cursor): boolean {
  const word = p.peekWord(p.peekWord() === 'not' ? 2 : 1);
  return word === 'distinct' || word === 'document';
}

function parseInfix(p: Cursor, first: Expression, minimum: number, restricted: boolean): Expression {
  let left = first;
  for (;;) {
    const level = precedence(p, restricted);
    if (level < minimum || level < 0) return left;
    p.wrap();
    if (level === OR || level === AND) {
      left = parseChain(p, left, level);
      continue;
    }
    if (level === COMPARISON || level === OTHER || (level >= ADD && level <= POWER)) {
      left = parseOperator(p, left, level, restricted);
    } else {
      left = parseWordOperator(p, left, restricted);
    }
    // What does not associate: a second one of its level after a right operand.
    if (level === COMPARISON && precedence(p, restricted) === COMPARISON) p.fail();
  }
}

function parseChain(p: Cursor, left: Expression, level: number): Expression {
  const kind = level === OR ? 'or' : 'and';
  const { position } = p;
  const operands = [left];
  while (p.accept(kind)) operands.push(parseAt(p, level + 1, false));
  return { kind, operands, position };
}

function parseOperator(p: Cursor, left: Expression, level: number, restricted: boolean): Expression {
  const { position } = p;
  let operator: string;
  let operatorSchema: string | undefined;
  if (p.word === 'operator') {
    ({ operator, schema: operatorSchema } = parseQualifiedOperator(p));
  } else {
    operator = operatorText(p);
    p.advance();
  }
  if (!restricted && atQuantifier(p)) return parseQuantified(p, left, { operator, operatorSchema, position });
  const right = parseAt(p, level + 1, restricted);
  return { kind: 'binary', operator, operatorSchema, left, right, position };
}

function atQuantifier(p: Cursor): boolean {
  return (p.word === 'any' || p.word === 'all' || p.word === 'some') && p.peekWord() === '(';
}

function parseQuantified(
  p: Cursor,
  operand: Expression,
  op: { operator: string; operatorSchema: string | undefined; position: number },
): Expression {
  const quantifier = p.word === 'all' ? 'all' : 'any';
  p.advance();
  const { operator, operatorSchema, position } = op;
  const inner = parseParenthesised(p);
  if (inner.kind === 'query') {
    return { kind: 'quantifiedSubquery', operator, operatorSchema, quantifier, operand, query: inner, position };
  }
  if (inner.kind === 'row' && !inner.explicit) p.fail();
  return { kind: 'quantifiedArray', operator, operatorSchema, quantifier, operand, array: inner, position };
}

function parseWordOperator(p: Cursor, left: Expression, restricted: boolean): Expression {
  const { position, word } = p;
  if (p.code === IDENTIFIER) return parsePeriodPredicate(p, left, () => parseAt(p, LIKE + 1, false));
  p.advance();
  switch (word) {
    case '::':
      return { kind: 'cast', operand: left, type: parseTypeName(p), style: 'colons', position };
    case 'collate':
      return { kind: 'collate', operand: left, collation: p.qualifiedName(), position };
    case 'isnull':
    case 'notnull':
      return { kind: 'isNull', negated: word === 'notnull', operand: left, position };
    case 'at': {
      p.expect('time');
      p.expect('zone');
      const zone = parseAt(p, AT + 1, false);
      return call(systemName('timezone', position), [zone, left], 'at time zone', position);
    }
    case 'overlaps':
      return parseOverlaps(p, left, position);
    case 'is':
      return parseIs(p, left, restricted, position);
    default:
      return parsePredicate(p, left, word, position);
  }
}

function parseOverlaps(p: Cursor, left: Expression, position: number): Expression {
  const right = parseAt(p, LIKE + 1, false);
  if (left.kind !== 'row' && right.kind !== 'row') return periodPredicate('overlaps', false, left, right, position);
  if (left.kind !== 'row' || right.kind !== 'row') p.fail();
  if (left.fields.length !== 2)
    p.refuse('wrong number of parameters on left side of OVERLAPS expression', left.position);
  if (right.fields.length !== 2)
    p.refuse('wrong number of parameters on right side of OVERLAPS expression', right.position);
  return call(systemName('overlaps', position), [...left.fields, ...right.fields], 'overlaps', position);
}

/** Parses what follows IS. */
function parseIs(p: Cursor, operand: Expression, restricted: boolean, position: number): Expression {
  const negated = p.accept('not');
  const { word } = p;
  switch (word) {
    case 'null':
      p.advance();
      return { kind: 'isNull', negated, operand, position };
    case 'true':
    case 'false':
    case 'unknown':
      p.advance();
      return { kind: 'isBoolean', value: word, negated, operand, position };
    case 'distinct': {
      p.advance();
      p.expect('from');
      const right = parseAt(p, IS + 1, restricted);
      if (p.at('is') && precedence(p, restricted) === IS) p.fail();
      return { kind: 'isDistinct', negated, left: operand, right, position };
    }
    case 'nfc':
    case 'nfd':
    case 'nfkc':
    case 'nfkd':
    case 'normalized': {
      const args = [operand];
      if (word !== 'normalized') {
        args.push({ kind: 'string', value: word.toUpperCase(), position: p.position });
        p.advance();
      }
      p.expect('normalized');
      const test = call(systemName('is_normalized', position), args, 'is normalized', position);
      return negated ? { kind: 'not', operand: test, position } : test;
    }
    default:
      p.fail();
  }
}

/** Parses [NOT] LIKE, ILIKE, SIMILAR TO, BETWEEN, IN; the first word is taken already. */
function parsePredicate(p: Cursor, operand: Expression, first: string, position: number): Expression {
  const negated = first === 'not';
  const word = negated ? p.word : first;
  if (negated) p.advance();
  switch (word) {
    case 'like':
    case 'ilike':
      if (atQuantifier(p)) {
        const operator = `${negated ? '!' : ''}~~${word === 'ilike' ? '*' : ''}`;
        return parseQuantified(p, operand, { operator, operatorSchema: undefined, position });
      }
      return parseLike(p, operand, { operator: word, negated, position });
    case 'similar':
      p.expect('to');
      return parseLike(p, operand, { operator: 'similar', negated, position });
    case 'between': {
      const symmetric = p.accept('symmetric');
      if (!symmetric) p.accept('asymmetric');
      const low = parseAt(p, 0, true);
      p.expect('and');
      const high = parseAt(p, LIKE + 1, false);
      refuseChain(p);
      return { kind: 'between', negated, symmetric, operand, low, high, position };
    }
    default:
      return parseIn(p, operand, negated, position);
  }
}

function parseLike(
  p: Cursor,
  operand: Expression,
  like: { operator: 'like' | 'ilike' | 'similar'; negated: boolean; position: number },
): Expression {
  const pattern = parseAt(p, LIKE + 1, false);
  const escape = p.accept('escape') ? parseAt(p, LIKE + 1, false) : undefined;
  refuseChain(p);
  return {
    kind: 'like',
    operator: like.operator,
    negated: like.negated,
    operand,
    pattern,
    escape,
    position: like.position,
  };
}

/** `a LIKE b LIKE c` and the like are syntax errors. */
function refuseChain(p: Cursor): void {
  if (precedence(p, false) === LIKE) p.fail();
}

function parseIn(p: Cursor, operand: Expression, negated: boolean, position: number): Expression {
  if (!p.at('(')) p.fail();
  if (atQuery(p)) {
    const inner = parseParenthesised(p);
    if (inner.kind === 'query') return { kind: 'inSubquery', negated, operand, query: inner, position };
    // `IN ((SELECT …), 2)`: the list came as a row.
    const list = inner.kind === 'row' && !inner.explicit ? inner.fields : [inner];
    return { kind: 'inList', negated, operand, list, position };
  }
  const list = p.parenthesised(() => parseAt(p, 0, false));
  return { kind: 'inList', negated, operand, list, position };
}
