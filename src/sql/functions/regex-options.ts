/** Options of regular expressions, as letters of a flags argument or embedded in the pattern. */
import { DriftError } from '../../base/error.ts';

export interface RegexOptions {
  readonly ignoreCase: boolean;
  /** `.` and negated brackets match a newline. */
  readonly dotNewline: boolean;
  /** ^ and $ match at newlines. */
  readonly lineAnchors: boolean;
  readonly expanded: boolean;
  readonly literal: boolean;
  readonly basic: boolean;
}

export function regexError(what: string): DriftError {
  return new DriftError('2201B', `invalid regular expression: ${what}`);
}

/** Reads the options of regexp functions. Throws 22023 for a letter that is none; `g` is the caller's. */
export function regexOptions(flags: string): RegexOptions {
  let options: RegexOptions = {
    ignoreCase: false,
    dotNewline: true,
    lineAnchors: false,
    expanded: false,
    literal: false,
    basic: false,
  };
  for (const flag of flags) {
    const changed = withOption(options, flag);
    if (changed === undefined) throw new DriftError('22023', `invalid regular expression option: "${flag}"`);
    options = changed;
  }
  return options;
}

/** The options with one letter more; undefined for a letter that is none. */
export function withOption(options: RegexOptions, flag: string): RegexOptions | undefined {
  switch (flag) {
    case 'i':
      return { ...options, ignoreCase: true };
    case 'c':
      return { ...options, ignoreCase: false };
    case 'n':
    case 'm':
      return { ...options, dotNewline: false, lineAnchors: true };
    case 'p':
      return { ...options, dotNewline: false, lineAnchors: false };
    case 'w':
      return { ...options, dotNewline: true, lineAnchors: true };
    case 's':
      return { ...options, dotNewline: true, lineAnchors: false };
    case 'x':
      return { ...options, expanded: true };
    case 't':
      return { ...options, expanded: false };
    case 'q':
      return { ...options, literal: true, basic: false };
    case 'b':
    case 'e':
      return { ...options, basic: true, literal: false };
    default:
      return undefined;
  }
}
