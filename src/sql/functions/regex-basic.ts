/**
 * POSIX basic regular expressions (option `b`, and `e`, which PostgreSQL takes for the same) written as advanced ones:
 * groups and repetitions have backslashes, alternatives and `+` do not exist, and anchors are anchors at the ends only.
 */
const WORDS: Readonly<Record<string, string>> = { '<': '\\m', '>': '\\M' };
const SPECIAL = /[()|+?{}]/;

export function fromBasic(pattern: string): string {
  const chars = [...pattern];
  let text = '';
  /** Nothing stands before on this level that a star could repeat. */
  let first = true;
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] as string;
    const next = chars[i + 1];
    const begins: boolean = first;
    first = false;
    if (char === '\\' && next !== undefined) {
      i++;
      if (next === '(') first = true;
      text += '(){}'.includes(next) ? next : (WORDS[next] ?? (/[\p{L}0]/u.test(next) ? next : `\\${next}`));
    } else if (char === '[') {
      const end = bracketEnd(chars, i);
      text += chars.slice(i, end).join('').replaceAll('\\', '\\\\');
      i = end - 1;
    } else if (char === '*') text += begins ? '\\*' : '*';
    else if (char === '^') {
      text += begins ? '^' : '\\^';
      first = begins;
    } else if (char === '$') {
      const ends = next === undefined || (next === '\\' && chars[i + 2] === ')');
      text += ends ? '$' : '\\$';
    } else text += SPECIAL.test(char) ? `\\${char}` : char;
  }
  return text;
}

/** The place behind a bracket expression; the end where it is not closed. */
function bracketEnd(chars: readonly string[], from: number): number {
  let at = from + 1;
  if (chars[at] === '^') at++;
  if (chars[at] === ']') at++;
  for (; at < chars.length && chars[at] !== ']'; at++) {
    const kind = chars[at] === '[' ? chars[at + 1] : undefined;
    if (kind === undefined || !':.='.includes(kind)) continue;
    at += 2;
    while (at < chars.length && !(chars[at] === kind && chars[at + 1] === ']')) at++;
    at++;
  }
  return Math.min(at + 1, chars.length);
}
