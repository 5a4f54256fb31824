/**
 * Decodes the escapes of E'…' and U&'…' strings (PostgreSQL's manual, 4.1.2.2 and 4.1.2.3).
 *
 * `\x` and octal escapes name bytes: a row of them has to be UTF-8. `\u` and `\U` name code points, and a pair of
 * surrogates written as two escapes is one character.
 */
import { DriftError } from '../base/error.ts';

const SIMPLE: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** Decodes the text between the quotes of E'…', which begins at offset `start` of the statement. */
export function decodeEscapes(raw: string, start: number): string {
  let out = '';
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length > 0) out += decodeBytes(bytes, start);
    bytes = [];
  };
  for (let i = 0; i < raw.length;) {
    const c = raw.charAt(i);
    if (c !== '\\') {
      flush();
      out += c;
      // A quote is here only doubled or after a backslash.
      i += c === "'" ? 2 : 1;
      continue;
    }
    const byte = /^\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2}))/.exec(raw.slice(i, i + 4));
    if (byte !== null) {
      bytes.push((byte[1] === undefined ? parseInt(byte[2] ?? '', 16) : parseInt(byte[1], 8)) & 255);
      i += byte[0].length;
      continue;
    }
    flush();
    const next = raw.charAt(i + 1);
    if (next === 'u' || next === 'U') {
      const length = next === 'u' ? 4 : 8;
      out += codePoint(raw.slice(i + 2, i + 2 + length), length, start + i);
      i += 2 + length;
    } else {
      out += SIMPLE[next] ?? next;
      i += 2;
    }
  }
  flush();
  return whole(out, start);
}

/** Decodes U&'…' or U&"…", whose doubled quotes are resolved, with its escape character. */
export function decodeUnicodeEscapes(raw: string, escape: string, start: number): string {
  let out = '';
  for (let i = 0; i < raw.length;) {
    const c = raw.charAt(i);
    if (c !== escape) {
      out += c;
      i++;
    } else if (raw.charAt(i + 1) === escape) {
      out += c;
      i += 2;
    } else if (raw.charAt(i + 1) === '+') {
      out += codePoint(raw.slice(i + 2, i + 8), 6, start + i);
      i += 8;
    } else {
      out += codePoint(raw.slice(i + 1, i + 5), 4, start + i);
      i += 5;
    }
  }
  return whole(out, start);
}

function codePoint(digits: string, length: number, offset: number): string {
  if (digits.length !== length || !/^[0-9a-fA-F]+$/.test(digits)) {
    throw new DriftError('22025', 'invalid Unicode escape', {
      hint: 'Unicode escapes must be \\XXXX or \\+XXXXXX, in E strings \\uXXXX or \\UXXXXXXXX.',
      position: offset + 1,
    });
  }
  const value = parseInt(digits, 16);
  if (value === 0 || value > 0x10ffff) {
    throw new DriftError('22025', 'invalid Unicode escape value', { position: offset + 1 });
  }
  // Halves of a pair come together by concatenation; a half that stays alone is found at the end.
  return value > 0xffff ? String.fromCodePoint(value) : String.fromCharCode(value);
}

function decodeBytes(bytes: readonly number[], start: number): string {
  if (!bytes.includes(0)) {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
    } catch {
      // Falls through to the error.
    }
  }
  const shown = bytes.slice(0, 4).map((byte) => `0x${byte.toString(16).padStart(2, '0')}`);
  throw new DriftError('22021', `invalid byte sequence for encoding "UTF8": ${shown.join(' ')}`, {
    position: start + 1,
  });
}

function whole(text: string, start: number): string {
  if (/\p{Surrogate}/u.test(text)) {
    throw new DriftError('42601', 'invalid Unicode surrogate pair', { position: start + 1 });
  }
  return text;
}
