/**
 * DriftDB's own syntax: points and periods of system time.
 *
 *     FOR SYSTEM_TIME AS OF point | BETWEEN p AND p | FROM p TO p | CONTAINED IN (p, p) | ALL [OF BRANCH b]
 *     t@SEQ:5   t@TAG:name   t@'2024-01-01'
 *
 * A point is SEQ n, TAG 'name' (or a bare name), or an expression of type timestamptz.
 */
import type { Expression } from '../ast.ts';
import type { SystemTime, TimePoint } from '../ast-query.ts';
import { INTEGER, OPERATOR, PARAMETER, STRING } from '../lexer.ts';
import type { Cursor } from './cursor.ts';

export function parseSystemTime(p: Cursor): SystemTime {
  const { position } = p;
  if (p.code === OPERATOR) {
    p.advance();
    return { kind: 'asOf', at: parseShortPoint(p), position };
  }
  p.advance();
  p.advance();
  const clause = parsePeriod(p, position);
  if (!p.at('of') || !p.atName('branch', 1)) return clause;
  const at = p.position;
  p.advance();
  p.advance();
  return { ...clause, branch: { kind: 'branch', value: parseTagName(p), position: at } };
}

function parsePeriod(p: Cursor, position: number): SystemTime {
  if (p.accept('all')) return { kind: 'all', position };
  if (p.accept('as')) {
    p.expect('of');
    return { kind: 'asOf', at: parseTimePoint(p), position };
  }
  if (p.accept('between')) {
    const low = parseTimePoint(p, true);
    p.expect('and');
    return { kind: 'between', low, high: parseTimePoint(p), position };
  }
  if (p.accept('from')) {
    const low = parseTimePoint(p);
    p.expect('to');
    return { kind: 'fromTo', low, high: parseTimePoint(p), position };
  }
  if (!p.acceptName('contained')) p.fail();
  p.expect('in');
  p.expect('(');
  const low = parseTimePoint(p);
  p.expect(',');
  const high = parseTimePoint(p);
  p.expect(')');
  return { kind: 'containedIn', low, high, position };
}

/** Parses the point after AS OF; `restricted` where AND must end it. */
export function parseTimePoint(p: Cursor, restricted = false): TimePoint {
  const { position } = p;
  if (p.atName('seq') && startsValue(p)) {
    p.advance();
    return { kind: 'seq', value: p.grammar.restrictedExpression(p), position };
  }
  if (p.atName('tag') && (startsValue(p) || p.isLabel(1))) {
    p.advance();
    return { kind: 'tag', value: parseTagName(p), position };
  }
  if (p.atName('branch') && (startsValue(p) || p.isLabel(1))) {
    p.advance();
    return { kind: 'branch', value: parseTagName(p), position };
  }
  const value = restricted ? p.grammar.restrictedExpression(p) : p.grammar.expression(p);
  return { kind: 'timestamp', value, position };
}

/** Whether a constant, a parameter or a parenthesis follows the current word. */
function startsValue(p: Cursor): boolean {
  const code = p.peekCode();
  return code === INTEGER || code === STRING || code === PARAMETER || code === 40 || code === 45;
}

/** A name without quotes is taken as it stands; anything else is an expression. */
function parseTagName(p: Cursor): Expression {
  const { position } = p;
  if (p.isColumnName() && p.peekWord() !== '(') return { kind: 'string', value: p.columnName(), position };
  return p.grammar.restrictedExpression(p);
}

function parseShortPoint(p: Cursor): TimePoint {
  const { position } = p;
  if (p.code === STRING) return { kind: 'timestamp', value: { kind: 'string', value: p.string(), position }, position };
  const kind = p.atName('seq') ? 'seq' : 'tag';
  p.advance();
  p.expect(':');
  const at = p.position;
  if (kind === 'tag' && p.isLabel())
    return { kind, value: { kind: 'string', value: p.label(), position: at }, position };
  if (p.code === STRING) return { kind, value: { kind: 'string', value: p.string(), position: at }, position };
  if (p.code === PARAMETER) {
    const index = Number(p.tokenText().slice(1));
    p.advance();
    return { kind, value: { kind: 'parameter', index, position: at }, position };
  }
  if (kind === 'tag') p.fail();
  const text = p.tokenText();
  if (p.code !== INTEGER) p.fail();
  p.advance();
  const value = Number(text);
  if (value <= 0x7fffffff) return { kind, value: { kind: 'integer', value, position: at }, position };
  return { kind, value: { kind: 'number', text, position: at }, position };
}
