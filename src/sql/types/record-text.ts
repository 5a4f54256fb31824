/** The text form of rows: `(1,"a b",)`. A field that is left empty is null; `""` is the empty text. */
import { DriftError } from '../../base/error.ts';

/** Prints fields already in text form. */
export function printRecord(fields: readonly (string | null)[]): string {
  const parts = fields.map((text) => {
    if (text === null) return '';
    return text === '' || /[\s"\\(),]/.test(text) ? `"${text.replace(/["\\]/g, (char) => char + char)}"` : text;
  });
  return `(${parts.join(',')})`;
}

/** Reads `count` fields. Throws 22P02. */
export function readRecord(text: string, type: string, count: number): (string | null)[] {
  const malformed = (detail: string): DriftError =>
    new DriftError('22P02', `malformed record literal: "${text}"`, { detail });
  let at = text.length - text.trimStart().length;
  if (text[at] !== '(') throw malformed('Missing left parenthesis.');
  at++;
  const fields: (string | null)[] = [];
  for (let i = 0; i < count; i++) {
    if (i > 0) {
      if (text[at] !== ',') throw malformed('Too few columns.');
      at++;
    }
    let field = '';
    let quoted = false;
    let written = false;
    for (; quoted || !(text[at] === ',' || text[at] === ')'); at++) {
      const char = text[at];
      if (char === undefined) throw malformed('Unexpected end of input.');
      written = true;
      if (char === '\\') {
        at++;
        if (text[at] === undefined) throw malformed('Unexpected end of input.');
        field += text[at];
      } else if (char !== '"') field += char;
      else if (quoted && text[at + 1] === '"') {
        field += '"';
        at++;
      } else quoted = !quoted;
    }
    fields.push(written ? field : null);
  }
  if (text[at] !== ')') throw malformed(text[at] === ',' ? 'Too many columns.' : `Junk in a value of type ${type}.`);
  if (text.slice(at + 1).trim() !== '') throw malformed('Junk after right parenthesis.');
  return fields;
}
