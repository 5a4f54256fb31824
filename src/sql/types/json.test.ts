/** Canonical JSON as PostgreSQL 15 prints jsonb, and what json lets through. */
import { describe, expect, test } from 'vitest';
import type { EvalContext } from '../eval-context.ts';
import { canonicalJson } from './json.ts';
import { typeByName } from './registry.ts';

const context = { timeZone: 'UTC', transactionTime: 0 } as unknown as EvalContext;

describe('jsonb', () => {
  test.each([
    ['true', 'true'],
    ['[false,null]', '[false, null]'],
    ['{"bb":1,"a":[1,2.50,1e3,-0,1.5e-3],"a":{"x":true}}', '{"a": {"x": true}, "bb": 1}'],
    ['[1e3,-0,-0.0,1.5e-3,100000000000000000000.10]', '[1000, 0, 0.0, 0.0015, 100000000000000000000.10]'],
    ['{"é":1,"ab":2,"z":3,"aaa":4}', '{"z": 3, "ab": 2, "é": 1, "aaa": 4}'],
    ['"\\ud83d\\ude00\\u001f\\/"', '"😀\\u001f/"'],
  ])('%s', (text, canonical) => {
    expect(canonicalJson(text)).toBe(canonical);
  });

  test.each(['tru', '[1,]', '{a:1}', '01', '', '[1 2]', '"\\ud800"'])('rejects %s', (text) => {
    expect(() => canonicalJson(text)).toThrow(expect.objectContaining({ code: '22P02' }));
  });

  test('rejects a zero character', () => {
    expect(() => canonicalJson('"\\u0000"')).toThrow(expect.objectContaining({ code: '22P05' }));
  });
});

test('json keeps its text, escapes that jsonb cannot store included', () => {
  const json = typeByName('json');
  for (const text of ['{"b":1, "a":1,  "a":2}', '"\\u0000"', '"\\ud800"'])
    expect(json?.input(text, -1, context)).toBe(text);
});
