/**
 * A double in decimal digits as C's printf writes it: exact, and rounded half to even, which only shows where a double
 * lies just between two results (2.5, 1.125). Numbers elsewhere are rounded away from zero, and JavaScript's toFixed
 * upward.
 */
import { Numeric } from '../../base/numeric.ts';

/** value = sign × mantissa × 2^exponent. */
function parts(value: number): { readonly negative: boolean; readonly mantissa: bigint; readonly exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const raw = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = raw === 0 ? fraction : fraction | 0x10000000000000n;
  return { negative: bits >> 63n === 1n, mantissa, exponent: Math.max(raw, 1) - 1075 };
}

/** |value| × 10^places as a whole number. */
function scaled(value: number, places: number): bigint {
  const { mantissa, exponent } = parts(value);
  let over = mantissa;
  let under = 1n;
  if (places >= 0) over *= 10n ** BigInt(places);
  else under *= 10n ** BigInt(-places);
  if (exponent >= 0) over <<= BigInt(exponent);
  else under <<= BigInt(-exponent);
  const whole = over / under;
  const rest = (over % under) * 2n;
  return rest > under || (rest === under && whole % 2n === 1n) ? whole + 1n : whole;
}

/** `%.*f`; a minus stands before a zero that was negative, too. */
export function printfFixed(value: number, places: number): string {
  const digits = Numeric.fromBigInt(scaled(value, places), places).toString();
  return parts(value).negative ? `-${digits}` : digits;
}

/** `%+.*e`, with a blank for the plus. */
export function printfExponent(value: number, places: number): string {
  let exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  let digits = scaled(value, places - exponent).toString();
  // The logarithm may be off by one, and rounding may carry into another digit.
  while (value !== 0 && digits.length !== places + 1) {
    exponent += digits.length > places + 1 ? 1 : -1;
    digits = scaled(value, places - exponent).toString();
  }
  digits = digits.padStart(places + 1, '0');
  const fraction = places === 0 ? '' : `.${digits.slice(1)}`;
  const power = Math.abs(exponent).toString().padStart(2, '0');
  return `${parts(value).negative ? '-' : ' '}${digits[0] ?? ''}${fraction}e${exponent < 0 ? '-' : '+'}${power}`;
}
