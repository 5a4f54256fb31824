/** Words of SQL/JSON paths (PostgreSQL's jsonpath_scan.l): names, strings with JavaScript's escapes, numbers, variables, signs. */
import { DriftError } from '../../base/error.ts';

export interface PathToken {
  readonly kind: 'name' | 'string' | 'number' | 'variable' | 'sign' | 'end';
  readonly text: string;
  /** As it stands in the path, for messages. */
  readonly source: string;
}

const SIGNS = ['**', '&&', '||', '==', '!=', '<>', '<=', '>='];
const SPECIAL = '?%$.[]{}()|&!=<>@#,*:-+/';
const NUMBER = /(?:0|[1-9]\d*)(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?/y;
const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

export function pathError(token: PathToken): DriftError {
  const where = token.kind === 'end' ? 'at end' : `at or near "${token.source}"`;
  return new DriftError('42601', `syntax error ${where} of jsonpath input`);
}

export function pathTokens(text: string): PathToken[] {
  const tokens: PathToken[] = [];
  let at = 0;
  const fail = (source: string): never => {
    throw new DriftError('42601', `syntax error at or near "${source}" of jsonpath input`);
  };
  const escape = (): string => {
    const char = text.charAt(at++);
    const known = ESCAPES[char];
    if (known !== undefined) return known;
    const code = /^(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))/.exec(text.slice(at - 1, at + 9));
    if (code !== null) {
      at += code[0].length - 1;
      const point = parseInt(code[1] ?? code[2] ?? code[3] ?? '0', 16);
      if (point === 0) {
        throw new DriftError('22P05', 'unsupported Unicode escape sequence', {
          detail: '\\u0000 cannot be converted to text.',
        });
      }
      if (point > 0x10ffff) throw new DriftError('22P02', 'invalid Unicode escape value');
      return code[2] === undefined ? String.fromCodePoint(point) : String.fromCharCode(point);
    }
    if (char === 'u' || char === 'x' || char === '') fail(`\\${char}`);
    return char;
  };
  const string = (): string => {
    let value = '';
    at++;
    for (;;) {
      const char = text.charAt(at++);
      if (char === '') fail('"');
      if (char === '"') return value;
      value += char === '\\' ? escape() : char;
    }
  };
  const name = (): string => {
    let value = '';
    while (at < text.length) {
      const char = text.charAt(at);
      if (SPECIAL.includes(char) || ' \t\n\r\f"'.includes(char)) break;
      at++;
      value += char === '\\' ? escape() : char;
    }
    return value;
  };
  while (at < text.length) {
    const start = at;
    const char = text.charAt(at);
    const push = (kind: PathToken['kind'], value: string): void => {
      tokens.push({ kind, text: value, source: text.slice(start, at) });
    };
    if (' \t\n\r\f'.includes(char)) at++;
    else if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2);
      if (end < 0) throw new DriftError('42601', 'unexpected end of comment at end of jsonpath input');
      at = end + 2;
    } else if (char === '"') push('string', string());
    else if (char === '$' && at + 1 < text.length && text.charAt(at + 1) === '"') {
      at++;
      push('variable', string());
    } else if (char === '$') {
      at++;
      const found = name();
      push(found === '' ? 'sign' : 'variable', found === '' ? '$' : found);
    } else {
      NUMBER.lastIndex = at;
      const number = /[0-9.]/.test(char) ? NUMBER.exec(text) : null;
      if (number !== null) {
        at += number[0].length;
        if (/[A-Za-z_0-9]/.test(text.charAt(at))) {
          throw new DriftError(
            '42601',
            `trailing junk after numeric literal at or near "${text.slice(start, at + 1)}" of jsonpath input`,
          );
        }
        push('number', number[0]);
      } else if (SPECIAL.includes(char)) {
        const sign = SIGNS.find((candidate) => text.startsWith(candidate, at)) ?? char;
        at += sign.length;
        push('sign', sign);
      } else push('name', name());
    }
  }
  tokens.push({ kind: 'end', text: '', source: '' });
  return tokens;
}
