/** What all input functions share: refusing what no type takes, and PostgreSQL's message for what does not parse. */
import { DriftError } from '../../base/error.ts';

/** Refuses zero bytes and lone surrogates (22021): neither can be stored as UTF-8 text. */
export function cleanText(text: string): string {
  if (text.includes('\u0000')) throw new DriftError('22021', 'invalid byte sequence for encoding "UTF8": 0x00');
  if (!text.isWellFormed()) throw new DriftError('22021', 'invalid text: it contains a lone surrogate');
  return text;
}

export function badInput(type: string, text: string): DriftError {
  return new DriftError('22P02', `invalid input syntax for type ${type}: "${text}"`);
}
