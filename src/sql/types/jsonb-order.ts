/**
 * The order of jsonb: null, strings, numbers, booleans, arrays, objects, each kind after the one before. Arrays and
 * objects go first by their size, then by their contents; numbers by value, so that 1 and 1.0 are equal although each
 * is printed as it was written. (At the top an empty array is less than all else, as in PostgreSQL.)
 *
 * Values are canonical texts (json.ts), so that reading them needs no checks.
 */
import { Numeric } from '../../base/numeric.ts';

type Node =
  | { readonly rank: 0 }
  | { readonly rank: 1; readonly text: string }
  | { readonly rank: 2; readonly number: Numeric }
  | { readonly rank: 3; readonly truth: boolean }
  | { readonly rank: 4; readonly items: readonly Node[] }
  | { readonly rank: 5; readonly keys: readonly string[]; readonly items: readonly Node[] };

const TOKEN = /\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|[a-z]+|[[\]{}:,])/y;
const NULL: Node = { rank: 0 };

/** Negative, zero or positive. */
export function compareJsonb(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y] = [read(a), read(b)];
  return order(x, y, isEmptyArray(x) !== isEmptyArray(y) && x.rank !== 5 && y.rank !== 5);
}

function isEmptyArray(node: Node): boolean {
  return node.rank === 4 && node.items.length === 0;
}

/** A text that equal values share: numbers without trailing zeros. */
export function jsonbHashKey(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d+\.\d+/g, (token) =>
    token.startsWith('"') ? token : token.replace(/\.?0+$/, ''),
  );
}

function read(text: string): Node {
  TOKEN.lastIndex = 0;
  const next = (): string => TOKEN.exec(text)?.[1] ?? '';
  const value = (token: string): Node => {
    switch (token.charAt(0)) {
      case '[': {
        const items: Node[] = [];
        for (let item = next(); item !== ']'; item = next()) if (item !== ',') items.push(value(item));
        return { rank: 4, items };
      }
      case '{': {
        const keys: string[] = [];
        const items: Node[] = [];
        for (let key = next(); key !== '}'; key = next()) {
          if (key === ',') continue;
          keys.push(JSON.parse(key) as string);
          next();
          items.push(value(next()));
        }
        return { rank: 5, keys, items };
      }
      case '"':
        return { rank: 1, text: JSON.parse(token) as string };
      case 't':
      case 'f':
        return { rank: 3, truth: token === 'true' };
      case 'n':
        return NULL;
      default:
        return { rank: 2, number: Numeric.parse(token) ?? Numeric.NaN };
    }
  };
  return value(next());
}

function order(a: Node, b: Node, emptyFirst = false): number {
  if (emptyFirst) return isEmptyArray(a) ? -1 : 1;
  if (a.rank === 1 && b.rank === 1) return byText(a.text, b.text);
  if (a.rank === 2 && b.rank === 2) return a.number.compare(b.number);
  if (a.rank === 3 && b.rank === 3) return Number(a.truth) - Number(b.truth);
  if (a.rank === 4 && b.rank === 4) {
    if (a.items.length !== b.items.length) return a.items.length - b.items.length;
    for (let i = 0; i < a.items.length; i++) {
      const result = order(a.items[i] ?? NULL, b.items[i] ?? NULL);
      if (result !== 0) return result;
    }
    return 0;
  }
  if (a.rank === 5 && b.rank === 5) {
    if (a.items.length !== b.items.length) return a.items.length - b.items.length;
    for (let i = 0; i < a.items.length; i++) {
      const result = byText(a.keys[i] ?? '', b.keys[i] ?? '') || order(a.items[i] ?? NULL, b.items[i] ?? NULL);
      if (result !== 0) return result;
    }
    return 0;
  }
  return a.rank - b.rank;
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
