/** What all input functions share: refusing what no type takes, and PostgreSQL's message for what does not parse. */
import { DriftError } from '../../base/error.ts';

/** Refuses zero bytes and lone surrogates (22021): neither can be stored as UTF-8 text. */
export function cleanText(text: string): string {
  if (text.includes('\u0000')) throw new DriftError('22021', 'invalid byte sequence for encoding "UTF8": 0x00');
  if (!text.isWellFormed()) throw new DriftError('22021', 'invalid text: it contains a lone surrogate');
  return text;
}

/** Without the blanks at its end, which do not count in a char(n); other white space does. */
export function withoutBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 32) end--;
  return end === text.length ? text : text.slice(0, end);
}

export function badInput(type: string, text: string): DriftError {
  return new DriftError('22P02', `invalid input syntax for type ${type}: "${text}"`);
}
