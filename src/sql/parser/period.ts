/**
 * Periods of valid time, as SQL:2011 has them: their predicates, FOR PORTION OF, FOR VALID_TIME.
 *
 *     a OVERLAPS b   a CONTAINS b   a EQUALS b   a PRECEDES b   a SUCCEEDS b   a IMMEDIATELY PRECEDES b   …
 *
 * The words are names for PostgreSQL: they are operators only where an operand follows, so that they still serve as
 * names of columns behind an expression.
 */
import type { Expression } from '../ast.ts';
import type { Portion } from '../ast-change.ts';
import type { ValidTime } from '../ast-query.ts';
import { IDENTIFIER, INTEGER, PARAMETER, STRING } from '../lexer.ts';
import type { Cursor } from './cursor.ts';

/** The operators of ranges that the predicates are. */
const OPERATORS: Readonly<Record<string, string>> = {
  overlaps: '&&',
  contains: '@>',
  equals: '=',
  precedes: '<<',
  succeeds: '>>',
};

/** Whether the name at the cursor, one of those above or IMMEDIATELY, is an operator here. */
export function atPeriodPredicate(p: Cursor): boolean {
  if (p.atName('immediately')) return p.atName('precedes', 1) || p.atName('succeeds', 1);
  return startsOperand(p, 1);
}

function startsOperand(p: Cursor, n: number): boolean {
  const code = p.peekCode(n);
  if (code === IDENTIFIER || code === STRING || code === INTEGER || code === PARAMETER || p.peekWord(n) === '(')
    return true;
  const word = p.peekWord(n);
  return word === 'cast' || word === 'timestamp' || word === 'array';
}

/** Parses the rest behind the word; `operand` parses the right side. */
export function parsePeriodPredicate(p: Cursor, left: Expression, operand: () => Expression): Expression {
  const { position } = p;
  const immediately = p.acceptName('immediately');
  const name = p.label();
  return periodPredicate(name, immediately, left, operand(), position);
}

export function periodPredicate(
  name: string,
  immediately: boolean,
  left: Expression,
  right: Expression,
  position: number,
): Expression {
  const test = (operator: string): Expression => ({
    kind: 'binary',
    operator,
    operatorSchema: 'pg_catalog',
    left,
    right,
    position,
  });
  const predicate = test(OPERATORS[name] as string);
  return immediately ? { kind: 'and', operands: [predicate, test('-|-')], position } : predicate;
}

/** Parses `FOR PORTION OF period FROM a TO b`. */
export function parsePortion(p: Cursor): Portion | undefined {
  if (!p.at('for') || !p.atName('portion', 1)) return undefined;
  const { position } = p;
  p.advance();
  p.advance();
  p.expect('of');
  const period = p.identifier();
  p.expect('from');
  const from = p.grammar.expression(p);
  p.expect('to');
  return { period, from, to: p.grammar.expression(p), position };
}

/** Parses `FOR VALID_TIME AS OF a | FROM a TO b | BETWEEN a AND b | CONTAINED IN (a, b) | ALL`. */
export function parseValidTime(p: Cursor): ValidTime {
  const { position } = p;
  p.advance();
  p.advance();
  if (p.accept('all')) return { kind: 'all', position };
  if (p.acceptAll('as', 'of')) return { kind: 'asOf', at: p.grammar.expression(p), position };
  if (p.accept('between')) {
    const low = p.grammar.restrictedExpression(p);
    p.expect('and');
    return { kind: 'between', low, high: p.grammar.expression(p), position };
  }
  if (p.accept('from')) {
    const low = p.grammar.expression(p);
    p.expect('to');
    return { kind: 'fromTo', low, high: p.grammar.expression(p), position };
  }
  if (!p.acceptName('contained')) p.fail();
  p.expect('in');
  const bounds = p.parenthesised(() => p.grammar.expression(p));
  const [low, high] = bounds;
  if (low === undefined || high === undefined || bounds.length > 2) p.fail();
  return { kind: 'containedIn', low, high, position };
}
