/** Dates and times are read and printed as PostgreSQL does it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DriftError } from '../../base/error.ts';
import type { EvalContext } from '../eval-context.ts';
import { typeByName } from './registry.ts';

/** 2026-11-21 00:00 UTC. */
const NOW = Date.UTC(2026, 10, 21) * 1000;

function context(timeZone: string): EvalContext {
  return { timeZone, transactionTime: NOW } as unknown as EvalContext;
}

/** A text read and printed as a type, or the SQLSTATE that refuses it. */
function read(name: string, text: string, typmod = -1, zone = 'UTC'): string {
  const type = typeByName(name);
  if (type === undefined) throw new Error(`no type ${name}`);
  try {
    return type.output(type.input(text, typmod, context(zone)), context(zone));
  } catch (error) {
    if (error instanceof DriftError) return error.code;
    throw error;
  }
}

describe('date', () => {
  test.each([
    ['1999-01-08', '1999-01-08'],
    ['January 8, 1999', '1999-01-08'],
    ['Fri Jan 8 1999', '1999-01-08'],
    ['8 January 1999', '1999-01-08'],
    ['1/18/1999', '1999-01-18'],
    ['01/02/03', '2003-01-02'],
    ['08-Jan-69', '2069-01-08'],
    ['08-Jan-70', '1970-01-08'],
    ['1999-Jan-08', '1999-01-08'],
    ['19990108', '1999-01-08'],
    ['990108', '1999-01-08'],
    ['1999.008', '1999-01-08'],
    ['J2451187', '1999-01-08'],
    ['January 8, 99 BC', '0099-01-08 BC'],
    ['4714-11-24 BC', '4714-11-24 BC'],
    ['5874897-12-31', '5874897-12-31'],
    ['1999-01-08 23:59:59+14', '1999-01-08'],
    ['-infinity', '-infinity'],
    ['epoch', '1970-01-01'],
    ['today', '2026-11-21'],
    ['tomorrow', '2026-11-22'],
    ['yesterday', '2026-11-20'],
    ['4714-11-23 BC', '22008'],
    ['5874898-01-01', '22008'],
    ['2021-02-29', '22008'],
    ['13/13/2020', '22008'],
    ['0000-01-01', '22008'],
    ['1999-01', '22007'],
    ['Jan 8', '22007'],
    ['foo 5 2001', '22007'],
    ['-2000-01-01', '22009'],
    ['2007-02-01 T T 15:04:05', '22007'],
    ['', '22007'],
  ])('%s', (text, printed) => {
    expect(read('date', text)).toBe(printed);
  });
});

describe('timestamp', () => {
  test.each([
    ['2020-01-05T10:20:30Z', '2020-01-05 10:20:30'],
    ['20200105T102030', '2020-01-05 10:20:30'],
    ['Sun Jan 05 10:20:30 2020', '2020-01-05 10:20:30'],
    ['2020-01-05 04:05 PM', '2020-01-05 16:05:00'],
    ['2020-01-05 24:00', '2020-01-06 00:00:00'],
    ['2020-01-05 23:59:60', '2020-01-06 00:00:00'],
    ['2020-01-05 10:20.5', '2020-01-05 00:10:20.5'],
    ['2020-01-05 allballs', '2020-01-05 00:00:00'],
    ['9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999'],
    ['0001-01-01 00:00:00.000001', '0001-01-01 00:00:00.000001'],
    ['0044-03-15 12:00 BC', '0044-03-15 12:00:00 BC'],
    ['tomorrow 10:30', '2026-11-22 10:30:00'],
    ['infinity', 'infinity'],
    ['2020-01-05 25:00', '22008'],
    ['294277-01-01', '22008'],
    ['2020-01-05 10:20:30 x', '22007'],
    ['10:20:30', '22007'],
  ])('%s', (text, printed) => {
    expect(read('timestamp', text)).toBe(printed);
  });

  test.each([
    [0, '2020-01-05 10:20:31'],
    [3, '2020-01-05 10:20:30.568'],
    [6, '2020-01-05 10:20:30.567891'],
  ])('precision %i', (typmod, printed) => {
    expect(read('timestamp', '2020-01-05 10:20:30.567891', typmod)).toBe(printed);
  });
});

describe('timestamptz', () => {
  test.each([
    ['2020-01-05 10:20:30.5+02', '2020-01-05 08:20:30.5+00', 'UTC'],
    ['2020-07-05 10:20 Europe/Berlin', '2020-07-05 08:20:00+00', 'UTC'],
    ['2020-01-05 10:20 PST', '2020-01-05 18:20:00+00', 'UTC'],
    ['2020-07-05 10:20', '2020-07-05 10:20:00+02', 'Europe/Berlin'],
    ['2020-01-05 10:20Z', '2020-01-05 15:50:00+05:30', 'Asia/Kolkata'],
    ['2020-01-05 10:00 Nowhere/X', '22023', 'UTC'],
    ['2020-01-05 10:00+16', '22009', 'UTC'],
  ])('%s is %s in %s', (text, printed, zone) => {
    expect(read('timestamptz', text, -1, zone)).toBe(printed);
  });
});

describe('time and timetz', () => {
  test.each([
    ['time', '040506', '04:05:06'],
    ['time', '04:05 PM', '16:05:00'],
    ['time', '24:00', '24:00:00'],
    ['time', '2003-04-12 04:05:06', '04:05:06'],
    ['time', '10:20:30.1234567', '10:20:30.123457'],
    ['time', '24:01', '22008'],
    ['time', 'noon', '22007'],
    ['timetz', '040506-08', '04:05:06-08'],
    ['timetz', '10:20:30.5-05:30', '10:20:30.5-05:30'],
    ['timetz', '10:00 PST', '10:00:00-08'],
    ['timetz', '2003-04-12 04:05:06 America/New_York', '04:05:06-04'],
    ['timetz', '04:05:06 America/New_York', '22007'],
    ['timetz', '10:20', '10:20:00+00'],
    ['timetz', '10:20+16', '22009'],
  ])('%s %s', (name, text, printed) => {
    expect(read(name, text)).toBe(printed);
  });
});

test('any moment is read back from what was printed', () => {
  const micros = fc.bigInt({ min: -210866803200000000n, max: 9223372036854775806n });
  fc.assert(
    fc.property(micros, fc.constantFrom('UTC', 'Asia/Kolkata', 'America/New_York'), (exact, zone) => {
      const value = BigInt.asIntN(54, exact) === exact && Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
      const local = context(zone);
      const type = typeByName('timestamp');
      expect(type?.input(type.output(value, local), -1, local)).toBe(value);
    }),
  );
});
