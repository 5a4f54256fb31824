/**
 * Parentheses, which may hold an expression, a row or a query: `(a)`, `(a, b)`, `(SELECT …)`, `((SELECT …) + 1)`,
 * `((SELECT …) UNION SELECT …)`.
 *
 * Which one it is shows only behind the innermost closing parenthesis. So the inside of a parenthesis that begins with a
 * query is parsed as a query first, and then goes on as what follows it: a set operation keeps it a query,
 * an operator or a comma makes it the first operand of an expression.
 */
import type { Expression } from '../ast.ts';
import type { Query } from '../ast-query.ts';
import type { Cursor } from './cursor.ts';

/** Whether a query stands at the cursor, behind any number of opening parentheses. */
export function atQuery(p: Cursor): boolean {
  let n = 0;
  while ((n === 0 ? p.word : p.peekWord(n)) === '(') {
    n++;
    if (n > p.maxDepth) p.tooDeep();
  }
  const word = n === 0 ? p.word : p.peekWord(n);
  return word === 'select' || word === 'values' || word === 'with' || word === 'table';
}

/** Whether what follows a query in parentheses goes on as a query. */
export function continuesQuery(p: Cursor): boolean {
  switch (p.word) {
    case 'union':
    case 'intersect':
    case 'except':
    case 'order':
    case 'limit':
    case 'offset':
    case 'fetch':
    case 'for':
      return true;
    default:
      return false;
  }
}

/** Parses `( … )`: a query if nothing but a query (in any number of parentheses) is inside, else an expression. */
export function parseParenthesised(p: Cursor): Expression | Query {
  const { position } = p;
  p.expect('(');
  const result = parseInside(p, position);
  p.expect(')');
  return result;
}

function parseInside(p: Cursor, position: number): Expression | Query {
  if (!atQuery(p)) return parseRow(p, p.grammar.expression(p), position);
  if (!p.at('(')) return p.grammar.query(p);
  p.enter();
  const inner = parseParenthesised(p);
  p.leave();
  if (inner.kind !== 'query') return parseRow(p, p.grammar.expressionFrom(p, inner), position);
  if (p.at(')')) return inner;
  if (continuesQuery(p)) return p.grammar.queryFrom(p, inner);
  const operand: Expression = { kind: 'subquery', query: inner, position: inner.position };
  return parseRow(p, p.grammar.expressionFrom(p, operand), position);
}

/** Goes on behind the first expression in parentheses: further fields make it a row. */
function parseRow(p: Cursor, first: Expression, position: number): Expression {
  if (!p.at(',')) return first;
  const fields = [first];
  while (p.accept(',')) fields.push(p.grammar.expression(p));
  return { kind: 'row', explicit: false, fields, position };
}
