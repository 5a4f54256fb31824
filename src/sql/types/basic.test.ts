/** Text forms of numbers, names and identifiers, and what is refused: as PostgreSQL has them. */
import { describe, expect, test } from 'vitest';
import { DriftError } from '../../base/error.ts';
import type { EvalContext } from '../eval-context.ts';
import { typeByName } from './registry.ts';

// A catalog without types of its own.
const catalog = { typeOfOid: () => undefined, typeNamed: () => undefined };
const context = { timeZone: 'UTC', transactionTime: 0, catalog } as unknown as EvalContext;

function read(name: string, text: string): string {
  const type = typeByName(name);
  if (type === undefined) throw new Error(`no type ${name}`);
  try {
    return type.output(type.input(text, -1, context), context);
  } catch (error) {
    if (error instanceof DriftError) return error.code;
    throw error;
  }
}

describe('float8', () => {
  test.each([
    ['1e15', '1e+15'],
    ['123456789012345', '123456789012345'],
    ['123456789012345680', '1.2345678901234568e+17'],
    ['0.0001', '0.0001'],
    ['0.00001', '1e-05'],
    ['-0', '-0'],
    ['inf', 'Infinity'],
    ['+nan', 'NaN'],
    ['4.9e-324', '5e-324'],
    ['1.7976931348623157e308', '1.7976931348623157e+308'],
    ['1e400', '22003'],
    ['1e-400', '22003'],
    ['1e', '22P02'],
    ['1_0', '22P02'],
    ['', '22P02'],
  ])('%s', (text, printed) => {
    expect(read('float8', text)).toBe(printed);
  });
});

describe('float4', () => {
  test.each([
    ['0.1', '0.1'],
    ['16777216', '1.6777216e+07'],
    ['123456', '123456'],
    ['1234567', '1.234567e+06'],
    ['3.4028235e38', '3.4028235e+38'],
    ['1e-45', '1e-45'],
    ['1e39', '22003'],
  ])('%s', (text, printed) => {
    expect(read('float4', text)).toBe(printed);
  });
});

describe('uuid', () => {
  test.each([
    ['{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['a0eebc999c0b4ef8bb6d6bb9bd380a11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['a-0eebc999c0b4ef8bb6d6bb9bd380a11', '22P02'],
    ['a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11', '22P02'],
    [' a0eebc999c0b4ef8bb6d6bb9bd380a11', '22P02'],
    ['{a0eebc999c0b4ef8bb6d6bb9bd380a11', '22P02'],
  ])('%s', (text, printed) => {
    expect(read('uuid', text)).toBe(printed);
  });
});

describe('types of the catalogs', () => {
  test.each([
    ['oid', '-1', '4294967295'],
    ['oid', '4294967296', '22003'],
    ['oid', '5 6', '22P02'],
    ['name', 'é'.repeat(40), 'é'.repeat(31)],
    ['char', 'abc', 'a'],
    ['char', '\\101', 'A'],
    ['char', 'é', '\\303'],
    ['regtype', 'timestamp with time zone', 'timestamp with time zone'],
    ['regtype', 'pg_catalog.int4', 'integer'],
    ['regtype', 'varchar(10)', 'character varying'],
    ['regtype', '_text', 'text[]'],
    ['regtype', '"pg_catalog"."int4"', 'integer'],
    ['regtype', '"nosuch"."int4"', '42704'],
    ['regtype', 'int4[]', 'integer[]'],
    ['regtype', '"char"', '"char"'],
    ['regtype', '-', '-'],
    ['regtype', '999999', '999999'],
    ['regtype', 'nosuch', '42704'],
  ])('%s %s', (name, text, printed) => {
    expect(read(name, text)).toBe(printed);
  });
});
