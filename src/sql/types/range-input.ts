/** Reads the text form of ranges: `[a,b)`, `(,"b c"]`, `empty`. */
import { DriftError } from '../../base/error.ts';

export interface RangeParts {
  /** Texts of the bounds; null where one is left out. */
  readonly lower: string | null;
  readonly upper: string | null;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
}

/** Undefined for an empty range. Throws 22P02. */
export function readRange(text: string): RangeParts | undefined {
  if (/^\s*empty\s*$/i.test(text)) return undefined;
  const malformed = (detail: string): DriftError =>
    new DriftError('22P02', `malformed range literal: "${text}"`, { detail });
  const open = /^\s*[[(]/.exec(text);
  if (open === null) throw malformed('Missing left parenthesis or bracket.');
  let at = open[0].length;
  const bound = (): string | null => {
    if (',)]'.includes(text.charAt(at)) && at < text.length) return null;
    let value = '';
    let quoted = false;
    for (; quoted || !',)]'.includes(text.charAt(at)); at++) {
      const char = text.charAt(at);
      if (char === '\\') value += text.charAt(++at);
      else if (char !== '"') value += char;
      else if (quoted && text.charAt(at + 1) === '"') value += text.charAt(++at);
      else quoted = !quoted;
      if (at >= text.length) throw malformed('Unexpected end of input.');
    }
    if (at >= text.length) throw malformed('Unexpected end of input.');
    return value;
  };
  const lower = bound();
  if (text.charAt(at++) !== ',') throw malformed('Missing comma after lower bound.');
  const upper = bound();
  const close = text.charAt(at++);
  if (close === ',') throw malformed('Too many commas.');
  if (close !== ')' && close !== ']') throw malformed('Unexpected end of input.');
  if (/\S/.test(text.slice(at))) throw malformed('Junk after right parenthesis or bracket.');
  return { lower, upper, lowerInclusive: open[0].endsWith('['), upperInclusive: close === ']' };
}
