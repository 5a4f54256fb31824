/** Option lists `(name [= value], …)` of WITH, EXPLAIN, COPY and VACUUM. */
import type { Option } from '../ast-table.ts';
import { DECIMAL, INTEGER, STRING } from '../lexer.ts';
import type { Cursor } from './cursor.ts';

/** Parses `(name = value, …)`. */
export function parseOptions(p: Cursor): Option[] {
  return p.parenthesised(() => {
    const { position } = p;
    let name = p.label();
    while (p.accept('.')) name += `.${p.label()}`;
    const value = p.accept('=') ? parseOptionValue(p) : undefined;
    return { name, value, position };
  });
}

/** Parses `(name value, …)`, as EXPLAIN has it. */
export function parseSpacedOptions(p: Cursor): Option[] {
  return p.parenthesised(() => {
    const { position } = p;
    const name = p.label();
    const value = p.at(',') || p.at(')') ? undefined : parseWordValue(p);
    return { name, value, position };
  });
}

/** Parses a constant or word, as text. */
export function parseOptionValue(p: Cursor): string {
  if (p.code === STRING) return p.string();
  const sign = p.at('-') || p.at('+') ? p.word : '';
  if (sign !== '') p.advance();
  if (p.code === INTEGER || p.code === DECIMAL) {
    const text = (sign === '-' ? '-' : '') + p.tokenText();
    p.advance();
    return text;
  }
  if (sign !== '') p.fail();
  const word = p.label();
  // A word with modifiers reads as a type does.
  if (p.at('(')) p.parenthesised(() => p.grammar.expression(p));
  return word;
}

/** Parses a constant or a word that is not reserved, but for true, false and on. */
export function parseWordValue(p: Cursor): string {
  const constant = p.code === STRING || p.code === INTEGER || p.code === DECIMAL || p.at('-') || p.at('+');
  if (constant || p.at('true') || p.at('false') || p.at('on')) return parseOptionValue(p);
  return p.nonReservedWord();
}
