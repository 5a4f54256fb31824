/** Number patterns of to_char and to_number, '999G990D00MI': read into steps and a summary (formatting.c's NUMDesc). */
import { DriftError } from '../../base/error.ts';

const KEYWORDS = [
  'EEEE',
  'FM',
  'MI',
  'PL',
  'PR',
  'RN',
  'SG',
  'SP',
  'TH',
  ',',
  '.',
  '0',
  '9',
  'B',
  'C',
  'D',
  'G',
  'L',
  'S',
  'V',
] as const;

export type NumberKeyword = (typeof KEYWORDS)[number];

export type NumberStep =
  | { readonly kind: 'keyword'; readonly keyword: NumberKeyword; readonly lower: boolean }
  | { readonly kind: 'text'; readonly text: string };

export interface NumberPattern {
  readonly steps: NumberStep[];
  /** Digits before and behind the point. */
  pre: number;
  post: number;
  /** Digits behind V: the value is shifted by as many. */
  multi: number;
  /** Position of the first 0 (counted from one; 0: none), and of the last. */
  zeroStart: number;
  zeroEnd: number;
  zero: boolean;
  decimal: boolean;
  fill: boolean;
  shifted: boolean;
  roman: boolean;
  scientific: boolean;
  /** PR, MI, PL, SG. */
  bracket: boolean;
  minus: boolean;
  plus: boolean;
  /** S: before or behind the number; `signAt` is where it stood among the digits. */
  sign: 'none' | 'before' | 'behind';
  signAt: number;
}

function syntax(message: string): DriftError {
  return new DriftError('42601', message);
}

const patterns = new Map<string, NumberPattern>();

/** The summary changes while a number is written: this is a fresh copy. */
export function numberPattern(source: string): NumberPattern {
  let known = patterns.get(source);
  if (known === undefined) {
    if (patterns.size > 100) patterns.clear();
    known = read(source);
    patterns.set(source, known);
  }
  return { ...known };
}

function read(source: string): NumberPattern {
  const pattern: NumberPattern = {
    steps: [],
    pre: 0,
    post: 0,
    multi: 0,
    zeroStart: 0,
    zeroEnd: 0,
    zero: false,
    decimal: false,
    fill: false,
    shifted: false,
    roman: false,
    scientific: false,
    bracket: false,
    minus: false,
    plus: false,
    sign: 'none',
    signAt: 0,
  };
  for (let at = 0; at < source.length;) {
    const keyword = KEYWORDS.find((word) => source.startsWith(word, at) || source.startsWith(word.toLowerCase(), at));
    if (keyword !== undefined) {
      note(pattern, keyword);
      pattern.steps.push({ kind: 'keyword', keyword, lower: !source.startsWith(keyword, at) });
      at += keyword.length;
    } else if (source.charAt(at) === '"') {
      const match = /"((?:[^"\\]|\\[^])*)"?/y;
      match.lastIndex = at;
      const [whole = '"', body = ''] = match.exec(source) ?? [];
      pattern.steps.push({ kind: 'text', text: body.replace(/\\([^])/g, '$1') });
      at += whole.length;
    } else {
      if (source.charAt(at) === '\\' && source.charAt(at + 1) === '"') at++;
      const char = String.fromCodePoint(source.codePointAt(at) as number);
      pattern.steps.push({ kind: 'text', text: char });
      at += char.length;
    }
  }
  return pattern;
}

function note(pattern: NumberPattern, keyword: NumberKeyword): void {
  if (pattern.scientific && keyword !== 'EEEE') throw syntax('"EEEE" must be the last pattern used');
  switch (keyword) {
    case '9':
    case '0':
      noteDigit(pattern, keyword);
      break;
    case 'D':
    case '.':
      if (pattern.decimal) throw syntax('multiple decimal points');
      if (pattern.shifted) throw syntax('cannot use "V" and decimal point together');
      pattern.decimal = true;
      break;
    case 'FM':
      pattern.fill = true;
      break;
    case 'S':
      if (pattern.sign !== 'none') throw syntax('cannot use "S" twice');
      if (pattern.plus || pattern.minus || pattern.bracket)
        throw syntax('cannot use "S" and "PL"/"MI"/"SG"/"PR" together');
      pattern.sign = pattern.decimal ? 'behind' : 'before';
      pattern.signAt = pattern.pre;
      break;
    case 'MI':
    case 'PL':
    case 'SG':
      if (pattern.sign !== 'none') throw syntax(`cannot use "S" and "${keyword}" together`);
      if (keyword !== 'PL') pattern.minus = true;
      if (keyword !== 'MI') pattern.plus = true;
      break;
    case 'PR':
      if (pattern.sign !== 'none' || pattern.plus || pattern.minus)
        throw syntax('cannot use "PR" and "S"/"PL"/"MI"/"SG" together');
      pattern.bracket = true;
      break;
    case 'RN':
      pattern.roman = true;
      break;
    case 'V':
      if (pattern.decimal) throw syntax('cannot use "V" and decimal point together');
      pattern.shifted = true;
      break;
    case 'EEEE':
      noteExponent(pattern);
      break;
    default:
      break;
  }
}

function noteDigit(pattern: NumberPattern, keyword: '9' | '0'): void {
  if (pattern.bracket) throw syntax(`"${keyword}" must be ahead of "PR"`);
  if (keyword === '9' && pattern.shifted) {
    pattern.multi++;
    return;
  }
  if (keyword === '0' && !pattern.zero && !pattern.decimal) {
    pattern.zero = true;
    pattern.zeroStart = pattern.pre + 1;
  }
  if (pattern.decimal) pattern.post++;
  else pattern.pre++;
  if (keyword === '0') pattern.zeroEnd = pattern.pre + pattern.post;
}

function noteExponent(pattern: NumberPattern): void {
  if (pattern.scientific) throw syntax('cannot use "EEEE" twice');
  const { fill, sign, bracket, minus, plus, roman, shifted } = pattern;
  if (fill || sign !== 'none' || bracket || minus || plus || roman || shifted) {
    throw new DriftError('42601', '"EEEE" is incompatible with other formats', {
      detail: '"EEEE" may only be used together with digit and decimal point patterns.',
    });
  }
  pattern.scientific = true;
}
