/**
 * Operands: constants, columns, parameters, parentheses, CASE, CAST, ARRAY, ROW, EXISTS, and names that turn out to be
 * calls or typed constants (PostgreSQL's c_expr and AexprConst).
 */
import type { ArrayExpression, CaseWhen, Expression, QualifiedName, TypeName } from '../ast.ts';
import type { Query } from '../ast-query.ts';
import { FIRST_KEYWORD } from '../keywords.ts';
import {
  BIT_STRING,
  DECIMAL,
  HEX_STRING,
  IDENTIFIER,
  INTEGER,
  PARAMETER,
  QUOTED_IDENTIFIER,
  STRING,
} from '../lexer.ts';
import { parseCall, parseSpecialCall } from './call.ts';
import { atSpecialCall } from './special-words.ts';
import type { Cursor } from './cursor.ts';
import { parseParenthesised } from './parenthesis.ts';
import { atKeywordType, namedType, parseIntervalFields, parseKeywordType, parseTypeName } from './type-name.ts';

/** Parses a constant that stands alone in its place (cursor's atLoneConstant). */
export { parsePrimary as parseConstant };

function parsePrimary(p: Cursor): Expression {
  switch (p.code) {
    case INTEGER:
    case DECIMAL:
      return parseNumber(p);
    case STRING: {
      const { position } = p;
      return { kind: 'string', value: p.string(), position };
    }
    case IDENTIFIER:
    case QUOTED_IDENTIFIER:
      return parseName(p);
    case PARAMETER:
      return parseParameter(p);
    case BIT_STRING:
    case HEX_STRING:
      return parseBitString(p);
    case 40:
      return parseParentheses(p);
    default:
      if (p.code < FIRST_KEYWORD) p.fail();
      return parseKeyword(p);
  }
}

function parseNumber(p: Cursor): Expression {
  const { position, lexer, index } = p;
  const start = lexer.starts[index] as number;
  const end = lexer.ends[index] as number;
  if (p.code === INTEGER && end - start < 10) {
    // Nine digits fit 32 bits.
    let value = 0;
    for (let i = start; i < end; i++) value = value * 10 + p.text.charCodeAt(i) - 48;
    p.advance();
    return { kind: 'integer', value, position };
  }
  const text = p.tokenText();
  const integer = p.code === INTEGER && Number(text) <= 0x7fffffff;
  p.advance();
  return integer ? { kind: 'integer', value: Number(text), position } : { kind: 'number', text, position };
}

function parseParameter(p: Cursor): Expression {
  const { position } = p;
  const index = Number(p.tokenText().slice(1));
  if (index > 0x7fffffff) p.fail();
  p.advance();
  return { kind: 'parameter', index, position };
}

function parseBitString(p: Cursor): Expression {
  const { position } = p;
  const base = p.code === BIT_STRING ? 'b' : 'x';
  const digits = p.stringValue();
  const bad = (base === 'b' ? /[^01]/ : /[^0-9a-fA-F]/).exec(digits);
  if (bad !== null) {
    p.refuse(`"${bad[0]}" is not a valid ${base === 'b' ? 'binary' : 'hexadecimal'} digit`, position, '22P02');
  }
  p.advance();
  return { kind: 'bitString', base, digits, position };
}

function parseParentheses(p: Cursor): Expression {
  const { position } = p;
  const inner = parseParenthesised(p);
  return inner.kind === 'query' ? { kind: 'subquery', query: inner, position } : inner;
}

/** Parses an operand with what may stand behind it; only columns, parameters and parentheses have subscripts or fields. */
export function parseOperand(p: Cursor): Expression {
  const open = p.code === 40;
  const nested = open && p.peekCode() === 40;
  const operand = parsePrimary(p);
  if (p.code !== 91 && p.code !== 46) return operand;
  // A row without the word has no parts, but in parentheses of its own.
  if (operand.kind === 'row' && !operand.explicit && !nested) p.fail();
  if (!open && operand.kind !== 'column' && operand.kind !== 'parameter') p.fail();
  return parsePostfix(p, operand);
}

/** Parses `[index]`, `[lower:upper]`, `.field`, `.*` behind an operand. */
export function parsePostfix(p: Cursor, operand: Expression): Expression {
  let result = operand;
  // Only parentheses can have made it one before.
  let apart = operand.kind === 'subscript';
  while (p.code === 91 || p.code === 46) {
    p.wrap();
    const { position } = p;
    if (p.code === 91) {
      result = { kind: 'subscript', operand: result, apart, ...parseSubscript(p), position };
      apart = false;
      continue;
    }
    p.advance();
    if (p.accept('*')) return { kind: 'star', qualifier: [], operand: result, position };
    result = { kind: 'field', operand: result, name: p.label(), position };
  }
  return result;
}

/** Parses `[…]`. */
export function parseSubscript(p: Cursor): {
  slice: boolean;
  lower: Expression | undefined;
  upper: Expression | undefined;
} {
  p.expect('[');
  const first = p.at(':') ? undefined : p.grammar.expression(p);
  if (!p.accept(':')) {
    p.expect(']');
    return { slice: false, lower: undefined, upper: first };
  }
  const upper = p.at(']') ? undefined : p.grammar.expression(p);
  p.expect(']');
  return { slice: true, lower: first, upper };
}

/** Parses what begins with a name: a column, `t.*`, a call, or `type 'text'`. */
function parseName(p: Cursor): Expression {
  const { position } = p;
  const column = p.isColumnName();
  const names = [p.label()];
  while (p.code === 46) {
    p.advance();
    if (p.accept('*')) {
      if (!column) p.fail();
      return { kind: 'star', qualifier: names, operand: undefined, position };
    }
    names.push(p.label());
  }
  if (p.code === 40) return parseCallOrTyped(p, names, position);
  if (p.code === STRING && names.length <= 2) {
    const name = names[names.length - 1] as string;
    return typedConstant(p, namedType(names.length > 1 ? names[0] : undefined, name, [], position), position);
  }
  if (!column) p.fail();
  return { kind: 'column', names, position };
}

function parseCallOrTyped(p: Cursor, names: string[], position: number): Expression {
  const qualified = qualify(p, names, position);
  const expression = parseCall(p, qualified, position);
  if (p.code !== STRING || expression.over !== undefined || expression.filter !== undefined) return expression;
  // `type(modifier) 'text'`.
  if (expression.star || expression.distinct || expression.argNames !== undefined) p.fail();
  return typedConstant(p, namedType(qualified.schema, qualified.name, expression.args, position), position);
}

function qualify(p: Cursor, names: readonly string[], position: number): QualifiedName {
  if (names.length > 3) p.refuse(`improper qualified name (too many dotted names): ${names.join('.')}`, position);
  const [name, schema, catalog] = names.toReversed();
  return { catalog, schema, name: name as string, position };
}

function typedConstant(p: Cursor, type: TypeName, position: number): Expression {
  const operand: Expression = { kind: 'string', value: p.stringValue(), position: p.position };
  p.advance();
  return { kind: 'cast', operand, type, style: 'literal', position };
}

/** Parses what begins with a keyword. */
function parseKeyword(p: Cursor): Expression {
  const { position } = p;
  switch (p.word) {
    case 'null':
      p.advance();
      return { kind: 'null', position };
    case 'true':
    case 'false': {
      const value = p.word === 'true';
      p.advance();
      return { kind: 'boolean', value, position };
    }
    case 'default':
      p.advance();
      return { kind: 'default', position };
    case 'case':
      return parseCase(p);
    case 'cast':
      return parseCast(p);
    case 'array':
      return parseArray(p);
    case 'exists':
      if (p.peekWord() !== '(') break;
      p.advance();
      return { kind: 'exists', query: parseSubquery(p), position };
    case 'row':
      if (p.peekWord() !== '(') break;
      return parseExplicitRow(p);
    case 'variadic':
      p.fail();
      break;
    case 'double':
      if (p.peekWord() === 'precision' && p.peekCode(2) === STRING) return parseTyped(p);
      break;
    default:
  }
  if (atKeywordType(p) && startsType(p)) return parseTyped(p);
  if (atSpecialCall(p)) return parseSpecialCall(p);
  if (p.isColumnName() || p.isTypeOrFunctionName()) {
    // The words of a column's category are no function's name.
    if (!p.isTypeOrFunctionName() && p.peekWord() === '(') {
      p.advance();
      p.fail();
    }
    return parseName(p);
  }
  p.fail();
}

/** Whether a keyword type is used as one here, not as a column's name. */
function startsType(p: Cursor): boolean {
  if (p.peekCode() === STRING) return true;
  switch (p.peekWord()) {
    case '(':
    case 'varying':
    case 'character':
    case 'char':
      return true;
    case 'with':
    case 'without':
      return p.peekWord(2) === 'time';
    default:
      return false;
  }
}

/** Parses `type 'text'` with a keyword type. */
function parseTyped(p: Cursor): Expression {
  const { position } = p;
  const type = parseKeywordType(p);
  const operand: Expression = { kind: 'string', value: p.stringValue(), position: p.position };
  p.advance();
  if (type.name !== 'interval' || type.modifiers.length > 0 || type.intervalFields !== undefined) {
    return { kind: 'cast', operand, type, style: 'literal', position };
  }
  const { fields, modifiers } = parseIntervalFields(p);
  return { kind: 'cast', operand, type: { ...type, intervalFields: fields, modifiers }, style: 'literal', position };
}

function parseCase(p: Cursor): Expression {
  const { position } = p;
  p.advance();
  const operand = p.at('when') ? undefined : p.grammar.expression(p);
  const whens: CaseWhen[] = [];
  if (!p.at('when')) p.fail();
  while (p.accept('when')) {
    const when = p.grammar.expression(p);
    p.expect('then');
    whens.push({ when, then: p.grammar.expression(p) });
  }
  const otherwise = p.accept('else') ? p.grammar.expression(p) : undefined;
  p.expect('end');
  return { kind: 'case', operand, whens, otherwise, position };
}

function parseCast(p: Cursor): Expression {
  const { position } = p;
  p.advance();
  p.expect('(');
  const operand = p.grammar.expression(p);
  p.expect('as');
  const type = parseTypeName(p);
  p.expect(')');
  return { kind: 'cast', operand, type, style: 'cast', position };
}

function parseArray(p: Cursor): Expression {
  const { position } = p;
  p.advance();
  if (p.at('(')) return { kind: 'arraySubquery', query: parseSubquery(p), position };
  return parseArrayElements(p, position);
}

function parseArrayElements(p: Cursor, position: number): ArrayExpression {
  p.enter();
  p.expect('[');
  let elements: Expression[] = [];
  if (p.at('[')) elements = p.list(() => parseArrayElements(p, p.position));
  else if (!p.at(']')) elements = p.list(() => p.grammar.expression(p));
  p.expect(']');
  p.leave();
  return { kind: 'array', elements, position };
}

/** Parses a query in parentheses. */
export function parseSubquery(p: Cursor): Query {
  if (!p.at('(')) p.fail();
  const inner = parseParenthesised(p);
  if (inner.kind !== 'query') p.fail();
  return inner;
}

function parseExplicitRow(p: Cursor): Expression {
  const { position } = p;
  p.advance();
  p.expect('(');
  const fields = p.at(')') ? [] : p.list(() => p.grammar.expression(p));
  p.expect(')');
  return { kind: 'row', explicit: true, fields, position };
}
