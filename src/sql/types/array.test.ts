/** Arrays: their text form, order, keys and hashes. */
import { describe, expect, test } from 'vitest';
import { DriftError } from '../../base/error.ts';
import type { EvalContext } from '../eval-context.ts';
import type { SqlArray } from './array.ts';
import { typeByName } from './registry.ts';
import type { SqlType } from './type.ts';

const context = { timeZone: 'UTC', transactionTime: 0 } as unknown as EvalContext;

function named(name: string): SqlType {
  const type = typeByName(name);
  if (type === undefined) throw new Error(`no type ${name}`);
  return type;
}

function read(name: string, text: string): string {
  try {
    return named(name).output(named(name).input(text, -1, context), context);
  } catch (error) {
    if (error instanceof DriftError) return error.code;
    throw error;
  }
}

describe('text form', () => {
  test.each([
    ['_int4', '{1,2,3}', '{1,2,3}'],
    ['_int4', ' { 1 , 2 } ', '{1,2}'],
    ['_int4', '{{1,2},{3,4}}', '{{1,2},{3,4}}'],
    ['_int4', '{{{1}}}', '{{{1}}}'],
    ['_int4', '{1,nUll,3}', '{1,NULL,3}'],
    ['_int4', '{}', '{}'],
    ['_int4', '[1:3]={1,2,3}', '{1,2,3}'],
    ['_int4', '[2]={1,2}', '{1,2}'],
    ['_int4', '[0:2]={1,2,3}', '[0:2]={1,2,3}'],
    ['_int4', '[2:3][-1:0]={{1,2},{3,4}}', '[2:3][-1:0]={{1,2},{3,4}}'],
    ['_text', '{ a b , c }', '{"a b",c}'],
    ['_text', '{"a b","c\\"d",NULL,"NULL",""}', '{"a b","c\\"d",NULL,"NULL",""}'],
    ['_text', '{a\\,b,nul\\l,"\\\\"}', '{"a,b","null","\\\\"}'],
    ['_timestamp', '{"2020-01-01 00:00:00",infinity}', '{"2020-01-01 00:00:00",infinity}'],
  ])('%s %s', (name, text, printed) => {
    expect(read(name, text)).toBe(printed);
  });

  test.each([
    ['_int4', '1,2', '22P02'],
    ['_int4', '{1,2', '22P02'],
    ['_int4', '{1,2}}', '22P02'],
    ['_int4', '{1,,2}', '22P02'],
    ['_int4', '{1,}', '22P02'],
    ['_int4', '{{1,2},{3}}', '22P02'],
    ['_int4', '{{1},2}', '22P02'],
    ['_int4', '{{}}', '22P02'],
    ['_int4', '[0:1]={1,2,3}', '22P02'],
    ['_int4', '[1:2]{1,2}', '22P02'],
    ['_int4', '[5:4]={}', '2202E'],
    ['_int4', '{x}', '22P02'],
    ['_text', '{a"b"}', '22P02'],
    ['_text', '{"x" y}', '22P02'],
    ['_text', '{"', '22P02'],
    ['_int4', '{{{{{{{1}}}}}}}', '54000'],
  ])('%s %s is refused', (name, text, code) => {
    expect(read(name, text)).toBe(code);
  });
});

/** Ascending, each less than the next. */
const ORDERED: readonly (readonly [string, readonly string[]])[] = [
  ['_int4', ['{}', '{-1}', '{1}', '{1,2}', '[2:3]={1,2}', '{{1,2}}', '{1,2,0}', '{1,NULL}', '{2}', '{NULL}']],
  ['_text', ['{}', '{""}', '{10}', '{9}', '{a}', '{a,b}', '{aa}', '{b}']],
  ['_numeric', ['{-2}', '{-1.5,9}', '{0}', '{1.10}', '{1.1,0}', '{10}', '{Infinity}', '{NaN}']],
  ['_float8', ['{-Infinity}', '{-1}', '{0}', '{0.5}', '{NaN}']],
  ['_interval', ['{-1 day}', '{01:00:00}', '{30 days}', '{1 mon,1 day}']],
  ['_timetz', ['{00:00+15}', '{09:00+01}', '{09:00+00}', '{23:00-15}']],
];

describe('order', () => {
  test.each(ORDERED)('%s: compare and keys agree', (name, texts) => {
    const type = named(name);
    const { codec } = type.format(-1);
    const values = texts.map((text) => type.input(text, -1, context) as SqlArray);
    for (const [i, a] of values.entries()) {
      for (const [j, b] of values.entries()) {
        const wanted = Math.sign(i - j) + 0;
        expect([texts[i], texts[j], Math.sign(type.compare?.(a, b) ?? NaN)]).toEqual([texts[i], texts[j], wanted]);
        const keys = [codec?.encodeKey(a), codec?.encodeKey(b)].map((key) => String.fromCharCode(...(key ?? [])));
        const [left = '', right = ''] = keys;
        expect([texts[i], texts[j], left < right ? -1 : left > right ? 1 : 0]).toEqual([texts[i], texts[j], wanted]);
        expect(type.hashKey(a) === type.hashKey(b)).toBe(wanted === 0);
      }
    }
  });
});
