/** Putting text together: concat, format, quoting, Unicode escapes (PostgreSQL's chapter 9.4). */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import { CATEGORIES, CATEGORY_UNRESERVED, FIRST_KEYWORD, keywordCode } from '../keywords.ts';
import { SqlArray } from '../types/array.ts';
import { typeByOid } from '../types/registry.ts';
import { pure, T, typedScalar, typeOfArgument } from './define.ts';
import type { ScalarFunction } from './function.ts';

/** Arguments behind the first `skipped` as their types print them. */
function texts(
  types: readonly number[],
  values: readonly Value[],
  skipped: number,
  context: EvalContext,
): (string | null)[] {
  return values.map((value, i) =>
    value === null ? null : typeByOid(typeOfArgument(types, i + skipped)).output(value, context),
  );
}

/** A value as the cast to text gives it: booleans in full. */
export function asText(value: Value, oid: number, context: EvalContext): string {
  if (typeof value === 'boolean') return String(value);
  return typeByOid(oid).output(value, context);
}

export function quoteIdent(name: string): string {
  const code = keywordCode(name, 0, name.length);
  const free = code === 0 || CATEGORIES[code - FIRST_KEYWORD] === CATEGORY_UNRESERVED;
  return free && /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

export function quoteLiteral(text: string): string {
  const body = text.replaceAll("'", "''");
  return text.includes('\\') ? `E'${body.replaceAll('\\', '\\\\')}'` : `'${body}'`;
}

/** format(): %s, %I, %L and %%, with a position n$, the flag - and a width, which may be an argument (* or *n$). */
function format(template: string, values: readonly (string | null)[]): string {
  let next = 0;
  const argument = (position: string | undefined): string | null => {
    if (position === '0')
      throw new DriftError('22023', 'format specifies argument 0, but arguments are numbered from 1');
    const index = position === undefined ? next : Number(position) - 1;
    next = index + 1;
    if (index >= values.length) throw new DriftError('22023', 'too few arguments for format()');
    return values[index] ?? null;
  };
  return template.replace(
    /%(?:(\d+)\$)?(-*)(\d+|\*(?:(\d+)\$)?)?([^]?)/gu,
    (_, position?: string, minus?: string, width?: string, widthAt?: string, kind?: string) => {
      if (kind === '%') return '%';
      const hint = 'For a single "%" use "%%".';
      if (kind === undefined || kind === '')
        throw new DriftError('22023', 'unterminated format() type specifier', { hint });
      if (!'sIL'.includes(kind))
        throw new DriftError('22023', `unrecognized format() type specifier "${kind}"`, { hint });
      const wide = width?.startsWith('*') === true ? Number(argument(widthAt) ?? 0) : Number(width ?? 0);
      const text = formatted(argument(position), kind);
      const blanks = ' '.repeat(Math.max(Math.abs(wide) - [...text].length, 0));
      return minus !== '' || wide < 0 ? text + blanks : blanks + text;
    },
  );
}

function formatted(value: string | null, kind: string): string {
  if (kind === 's') return value ?? '';
  if (kind === 'L') return value === null ? 'NULL' : quoteLiteral(value);
  if (value === null) throw new DriftError('22004', 'null values cannot be formatted as an SQL identifier');
  return quoteIdent(value);
}

/** Unicode escapes as in U&'…': \XXXX, \+XXXXXX, and \uXXXX, \UXXXXXXXX. */
function unistr(text: string): string {
  const plain = text.replace(
    /\\(?:\\|([\da-fA-F]{4})|\+([\da-fA-F]{6})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|)/g,
    (whole, a?: string, b?: string, c?: string, d?: string) => {
      if (whole === '\\\\') return '\\';
      const digits = a ?? b ?? c ?? d;
      if (digits === undefined) {
        throw new DriftError('42601', 'invalid Unicode escape', {
          hint: 'Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.',
        });
      }
      const code = Number.parseInt(digits, 16);
      if (code === 0 || code > 0x10ffff) throw new DriftError('22023', `invalid Unicode code point: ${digits}`);
      return code <= 0xffff ? String.fromCharCode(code) : String.fromCodePoint(code);
    },
  );
  if (!plain.isWellFormed()) throw new DriftError('42601', 'invalid Unicode surrogate pair');
  return plain;
}

/** A dotted name as its parts. */
function parseIdent(text: string, strict: boolean): SqlArray {
  const invalid = (): DriftError => new DriftError('22023', `string is not a valid identifier: "${text}"`);
  const part = /\s*(?:"((?:[^"]|"")*)"|([\p{L}_][\p{L}\p{N}_$]*))\s*/uy;
  const parts: string[] = [];
  let used = 0;
  for (;;) {
    part.lastIndex = used;
    const match = part.exec(text);
    if (match === null || match[1] === '') throw invalid();
    parts.push(match[1]?.replaceAll('""', '"') ?? (match[2] as string).toLowerCase());
    used += match[0].length;
    if (text.charAt(used) !== '.') break;
    used++;
  }
  if (strict && used < text.length) throw invalid();
  return SqlArray.of(parts, T.text);
}

export const formatFunctions: readonly ScalarFunction[] = [
  typedScalar(
    'concat',
    [T.any],
    T.text,
    (types) =>
      (context, ...values) =>
        texts(types, values, 0, context)
          .map((text) => text ?? '')
          .join(''),
    { strict: false, variadic: true },
  ),
  typedScalar(
    'concat_ws',
    [T.text, T.any],
    T.text,
    (types) =>
      (context, by, ...values) =>
        by === null
          ? null
          : texts(types, values, 1, context)
              .filter((text) => text !== null)
              .join(by as string),
    { strict: false, variadic: true },
  ),
  typedScalar(
    'format',
    [T.text, T.any],
    T.text,
    (types) =>
      (context, template, ...values) =>
        template === null ? null : format(template as string, texts(types, values, 1, context)),
    { strict: false, variadic: true },
  ),
  pure('format', [T.text], T.text, (template: string) => format(template, [])),
  pure('quote_ident', [T.text], T.text, quoteIdent),
  pure('quote_literal', [T.text], T.text, quoteLiteral),
  typedScalar('quote_literal', [T.anyelement], T.text, ([oid = T.text]) => {
    return (context, value = null) => quoteLiteral(asText(value, oid, context));
  }),
  pure('quote_nullable', [T.text], T.text, (a: string | null) => (a === null ? 'NULL' : quoteLiteral(a)), {
    strict: false,
  }),
  typedScalar(
    'quote_nullable',
    [T.anyelement],
    T.text,
    ([oid = T.text]) =>
      (context, value = null) =>
        value === null ? 'NULL' : quoteLiteral(asText(value, oid, context)),
    { strict: false },
  ),
  pure('unistr', [T.text], T.text, unistr),
  pure('parse_ident', [T.text, T.bool], T.textArray, (text: string, strict = true) => parseIdent(text, strict), {
    optional: 1,
  }),
];
