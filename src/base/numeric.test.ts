/** Exact decimals: results and their display scales are PostgreSQL's; exp undoes ln at any size. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Numeric } from './numeric.ts';

function n(text: string): Numeric {
  return Numeric.parse(text) ?? Numeric.NaN;
}

describe('functions give as many digits as PostgreSQL gives', () => {
  test.each([
    ['2.0', '0.6931471805599453'],
    ['100', '4.6051701859880914'],
    ['0.0000012345', '-13.604844528161177'],
  ])('ln %s', (x, result) => {
    expect(n(x).ln().toString()).toBe(result);
  });

  test.each([
    ['1.0', '2.7182818284590452'],
    ['-10.5', '0.00002753644934974716'],
    ['100', '26881171418161354484126255515800135873611119'],
  ])('exp %s', (x, result) => {
    expect(n(x).exp().toString()).toBe(result);
  });

  test.each([
    ['2', '1.414213562373095'],
    ['0.00001', '0.0031622776601683793'],
    ['123456789012345678901234567890', '351364182882014.4'],
  ])('sqrt %s', (x, result) => {
    expect(n(x).sqrt().toString()).toBe(result);
  });

  test.each([
    ['2.0', '0.5', '1.4142135623730950'],
    ['1.0000001', '123456789.5', '229964.06411413252'],
    ['-2', '-3.0', '-0.1250000000000000'],
    ['inf', '-1', '0'],
    ['1.1', '-3', '0.7513148009015778'],
    ['0', '0', '1.0000000000000000'],
    ['-8', '3', '-512.0000000000000000'],
    ['12345.678', '1.5', '1371741.9437585768'],
    ['10', '20', '100000000000000000000.0000000000000000'],
    ['0.5', '100', '0.0000000000000000'],
    ['2', '-1000', '0.0000000000000000'],
  ])('%s to the power %s', (base, exponent, result) => {
    expect(n(base).power(n(exponent)).toString()).toBe(result);
  });
});

test.each(['1e9999999999', '1e-9999999999', '1e131072', '1e-16384'])('%s is beyond numerics', (text) => {
  expect(() => Numeric.parse(text)).toThrow(expect.objectContaining({ code: '22003' }));
});

test('ln undoes exp', () => {
  fc.assert(
    fc.property(fc.integer({ min: -200, max: 200 }), fc.integer({ min: 0, max: 9999 }), (whole, part) => {
      const x = n(`${whole}.${String(part).padStart(4, '0')}`);
      expect(x.exp().ln().subtract(x).abs().compare(n('1e-12'))).toBeLessThan(0);
    }),
    { numRuns: 50 },
  );
});

test.each([
  ['ln', '0', '2201E'],
  ['ln', '-1', '2201E'],
  ['sqrt', '-1', '2201F'],
  ['exp', '6000', '22003'],
] as const)('%s of %s is refused', (name, x, code) => {
  expect(() => n(x)[name]()).toThrow(expect.objectContaining({ code }));
});
