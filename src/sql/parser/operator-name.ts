/** Operators named by symbol or by `OPERATOR(schema.symbol)`. */
import { OPERATOR } from '../lexer.ts';
import type { Cursor } from './cursor.ts';

const SYMBOLS = new Set(['+', '-', '*', '/', '%', '^', '<', '>', '=', '<=', '>=', '<>']);

/** Text of the operator at the cursor, `!=` as `<>`. */
export function operatorText(p: Cursor): string {
  return p.code === OPERATOR ? p.tokenText() : p.word;
}

/** Takes any operator, by symbol or OPERATOR(…). */
export function parseOperatorName(p: Cursor): { operator: string; schema: string | undefined } {
  return p.at('operator') ? parseQualifiedOperator(p) : { operator: parseSymbol(p), schema: undefined };
}

/** Parses OPERATOR(schema.symbol). */
export function parseQualifiedOperator(p: Cursor): { operator: string; schema: string | undefined } {
  p.expect('operator');
  p.expect('(');
  const { position } = p;
  const names: string[] = [];
  while (p.isColumnName()) {
    names.push(p.label());
    p.expect('.');
  }
  const operator = parseSymbol(p);
  if (names.length > 2)
    p.refuse(`improper qualified name (too many dotted names): ${[...names, operator].join('.')}`, position);
  const schema = names.at(-1);
  p.expect(')');
  return { operator, schema };
}

function parseSymbol(p: Cursor): string {
  if (p.code !== OPERATOR && !SYMBOLS.has(p.word)) p.fail();
  const operator = operatorText(p);
  p.advance();
  return operator;
}
