/** Tokens, the strings and comments that span lines, and what is no token at all. */
import { expect, test } from 'vitest';
import { DriftError } from '../base/error.ts';
import { END_OF_INPUT, ERROR, IDENTIFIER, Lexer, STRING } from './lexer.ts';
import { statements } from './parser/parser.ts';

/** The tokens of one run, as their texts; strings with escapes as ‹value›. */
function tokens(sql: string): string[] {
  const lexer = new Lexer(sql);
  lexer.readRun();
  const texts: string[] = [];
  for (let i = 0; i < lexer.count; i++) {
    const code = lexer.codes[i];
    if (code === END_OF_INPUT) break;
    if (code === ERROR) {
      texts.push(lexer.errors.get(i)?.message ?? '');
      break;
    }
    const value = code === STRING ? lexer.values.get(i) : undefined;
    texts.push(value === undefined ? sql.slice(lexer.starts[i], lexer.ends[i]) : `‹${value}›`);
  }
  return texts;
}

const CASES: [sql: string, tokens: string[]][] = [
  ['a=-1', ['a', '=', '-', '1']],
  ['a@-1', ['a', '@-', '1']],
  ['a<>b!=c', ['a', '<>', 'b', '!=', 'c']],
  ['1..10', ['1', '..', '10']],
  ['1.5e3 .5 5. 1e-2', ['1.5e3', '.5', '5.', '1e-2']],
  ['a+--comment\nb', ['a', '+', 'b']],
  ['a*/* x /* y */ z */b', ['a', '*', 'b']],
  ["'it''s'", ["‹it's›"]],
  ["'a'\n 'b'", ['‹ab›']],
  ["'a'--x\n'b'", ['‹ab›']],
  ["'a' 'b'", ["'a'", "'b'"]],
  ["E'\\x41\\n\\'\\u00e9\\101'", ["‹A\n'éA›"]],
  ["E'\\U0001F600 \\ud83d\\ude00'", ['‹😀 😀›']],
  ["U&'d\\0061t\\+000061'", ['‹data›']],
  ["U&'d!0061t' UESCAPE '!'", ['‹dat›']],
  ["$$a'b$$ $x$ $$ $x$", ["‹a'b›", '‹ $$ ›']],
  ['$1 $23', ['$1', '$23']],
  ['x::int', ['x', '::', 'int']],
  ['f(a:=1,b=>2)', ['f', '(', 'a', ':=', '1', ',', 'b', '=>', '2', ')']],
  ['"A ""b"""', ['"A ""b"""']],
  ['a$b é1', ['a$b', 'é1']],
  ['a->>b#>>c?|d', ['a', '->>', 'b', '#>>', 'c', '?|', 'd']],
  ['1abc', ['trailing junk after numeric literal at or near "1abc"']],
  ["'abc", ['unterminated quoted string at or near "\'abc"']],
  ['/* abc', ['unterminated /* comment at or near "/* abc"']],
  ['$a$ x', ['unterminated dollar-quoted string at or near "$a$ x"']],
  ['""', ['zero-length delimited identifier at or near """"']],
];

test.each(CASES)('%s', (sql, expected) => {
  expect(tokens(sql)).toEqual(expected);
});

test('reads a run up to the semicolon and goes on from there', () => {
  const lexer = new Lexer('a; b');
  lexer.readRun();
  expect(lexer.count).toBe(2);
  lexer.readRun();
  expect(lexer.count).toBe(4);
  expect(lexer.codes[2]).toBe(IDENTIFIER);
});

test.each([
  ['select \0', 8],
  ['select \ud800', 8],
  ["select '\udc00'", 9],
])('refuses zero bytes and lone surrogates: %j', (sql, position) => {
  let error: unknown;
  try {
    new Lexer(sql);
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(DriftError);
  expect(error).toMatchObject({ code: '22021', position });
});

test.each([
  ["E'\\xff'", '22021'],
  ["E'\\000'", '22021'],
  ["E'\\u12'", '22025'],
  ["E'\\ud800x'", '42601'],
  ["U&'\\00'", '22025'],
])('refuses bad escapes: %s', (sql, code) => {
  const lexer = new Lexer(sql);
  lexer.readRun();
  expect(lexer.errors.get(0)).toMatchObject({ code, position: expect.any(Number) });
});

test('the lines of pg_dump that speak to psql are passed over between statements', () => {
  const texts = (sql: string): string[] =>
    [...statements(sql)].map(({ position, end }) => sql.slice(position - 1, end - 1));
  expect(texts('-- dump\n\\restrict aB1\n\nSELECT 1;\n\n\\unrestrict aB1\n')).toEqual(['SELECT 1']);
  expect(() => texts('SELECT 1 \\restrict a\n')).toThrow('syntax error at or near "\\"');
  expect(() => texts('\\d t\n')).toThrow('syntax error at or near "\\"');
});
