/** Patterns of dates and times, 'YYYY-MM-DD HH24:MI:SS', read into steps: for to_char, to_timestamp and to_date. */

const KEYWORDS = [
  'A.D.',
  'A.M.',
  'AD',
  'AM',
  'B.C.',
  'BC',
  'CC',
  'DAY',
  'DDD',
  'DD',
  'DY',
  'D',
  'FF1',
  'FF2',
  'FF3',
  'FF4',
  'FF5',
  'FF6',
  'FX',
  'HH24',
  'HH12',
  'HH',
  'IDDD',
  'ID',
  'IW',
  'IYYY',
  'IYY',
  'IY',
  'I',
  'J',
  'MI',
  'MM',
  'MONTH',
  'MON',
  'MS',
  'OF',
  'P.M.',
  'PM',
  'Q',
  'RM',
  'SSSSS',
  'SSSS',
  'SS',
  'TZH',
  'TZM',
  'TZ',
  'US',
  'WW',
  'W',
  'Y,YYY',
  'YYYY',
  'YYY',
  'YY',
  'Y',
] as const;

export type TimeKeyword = (typeof KEYWORDS)[number];

export interface TimeField {
  readonly kind: 'field';
  readonly keyword: TimeKeyword;
  /** As it was written: its case is the case of what it prints. */
  readonly written: string;
  /** FM: without padding. */
  readonly fill: boolean;
  /** TH or th: with an ordinal's ending. */
  readonly ordinal: '' | 'TH' | 'th';
}

export type TimeStep = TimeField | { readonly kind: 'space' | 'separator' | 'text'; readonly text: string };

const CAPITALISED: readonly string[] = ['DAY', 'DY', 'MONTH', 'MON'];

const patterns = new Map<string, readonly TimeStep[]>();

export function timePattern(source: string): readonly TimeStep[] {
  let known = patterns.get(source);
  if (known === undefined) {
    if (patterns.size > 100) patterns.clear();
    known = read(source);
    patterns.set(source, known);
  }
  return known;
}

function read(source: string): TimeStep[] {
  const steps: TimeStep[] = [];
  let at = 0;
  while (at < source.length) {
    const start = at;
    let fill = false;
    for (let prefix = source.slice(at, at + 2); /^(?:FM|fm|TM|tm)$/.test(prefix); prefix = source.slice(at, at + 2)) {
      fill ||= prefix.toUpperCase() === 'FM';
      at += 2;
    }
    const keyword = keywordAt(source, at);
    if (keyword !== undefined) {
      const written = source.slice(at, at + keyword.length);
      at += keyword.length;
      const suffix = source.slice(at, at + 2);
      const ordinal = suffix === 'TH' || suffix === 'th' ? suffix : '';
      if (ordinal !== '' || suffix === 'SP' || suffix === 'sp') at += 2;
      steps.push({ kind: 'field', keyword, written, fill, ordinal });
    } else if (at === start) at = literal(source, at, steps);
  }
  return steps;
}

function keywordAt(source: string, at: number): TimeKeyword | undefined {
  return KEYWORDS.find((word) => {
    const written = source.slice(at, at + word.length);
    if (written === word || written === word.toLowerCase()) return true;
    return CAPITALISED.includes(word) && written === word.charAt(0) + word.slice(1).toLowerCase();
  });
}

/** Takes one character, or text in quotes; returns the position behind it. */
function literal(source: string, from: number, steps: TimeStep[]): number {
  let at = from;
  if (source.charAt(at) === '"') {
    for (at++; at < source.length && source.charAt(at) !== '"';) {
      if (source.charAt(at) === '\\' && at + 1 < source.length) at++;
      const char = String.fromCodePoint(source.codePointAt(at) as number);
      steps.push({ kind: 'text', text: char });
      at += char.length;
    }
    return at + 1;
  }
  if (source.charAt(at) === '\\' && source.charAt(at + 1) === '"') at++;
  const char = String.fromCodePoint(source.codePointAt(at) as number);
  const kind = /\s/.test(char) ? 'space' : isSeparator(char) ? 'separator' : 'text';
  steps.push({ kind, text: char });
  return at + char.length;
}

/** Printable ASCII that is neither letter nor digit. */
export function isSeparator(char: string): boolean {
  return /^[!-/:-@[-`{-~]$/.test(char);
}

export const MONTHS: readonly string[] = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
export const DAYS: readonly string[] = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
export const ROMAN_MONTHS: readonly string[] = [
  'I',
  'II',
  'III',
  'IV',
  'V',
  'VI',
  'VII',
  'VIII',
  'IX',
  'X',
  'XI',
  'XII',
];
