/**
 * Tests of one text column against something fixed: comparisons, LIKE, IN. A test runs once for each dictionary
 * entry, or once a row of a plain text vector.
 */
import type { Batch, Vector } from '../../base/vector.ts';
import { searchedTexts } from '../joined-texts.ts';

export type TextTest = (text: string) => boolean;

/** Writes the rows whose text passes to `out`; nulls never do. */
export function selectTexts(vector: Vector, test: CachedTest, batch: Batch, out: Int32Array): number {
  const { selection, count } = batch;
  const { nulls } = vector;
  let n = 0;
  if (vector.kind === 'dict') {
    const passes = test.forDictionary(vector.dictionary);
    const codes = vector.data;
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      out[n] = i;
      n += passes[codes[i] as number] === 1 && (nulls === null || nulls[i] === 0) ? 1 : 0;
    }
    return n;
  }
  const data = vector.data as readonly string[];
  for (let k = 0; k < count; k++) {
    const i = selection === null ? k : (selection[k] as number);
    out[n] = i;
    if ((nulls === null || nulls[i] === 0) && test.test(data[i] as string)) n++;
  }
  return n;
}

/** The same as a boolean column. */
export function testTexts(vector: Vector, test: CachedTest, batch: Batch): Vector {
  const { selection, count, length } = batch;
  const out = new Uint8Array(length);
  if (vector.kind === 'dict') {
    const passes = test.forDictionary(vector.dictionary);
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      out[i] = passes[vector.data[i] as number] as number;
    }
  } else {
    const found = test.contains === null || vector.kind !== 'text' ? null : searchedTexts(vector, test.contains, count);
    if (found !== null) return { kind: 'bool', data: found, length, nulls: vector.nulls };
    const data = vector.data as readonly string[];
    for (let k = 0; k < count; k++) {
      const i = selection === null ? k : (selection[k] as number);
      if ((vector.nulls === null || vector.nulls[i] === 0) && test.test(data[i] as string)) out[i] = 1;
    }
  }
  return { kind: 'bool', data: out, length, nulls: vector.nulls };
}

/** A test with its answers for the dictionary seen last. The test must be pure and never fail. */
export class CachedTest {
  readonly test: TextTest;
  /** It says whether this text is in another, where that is all. */
  readonly contains: string | null;
  #dictionary: readonly string[] | null = null;
  #passes: Uint8Array = new Uint8Array(0);

  constructor(test: TextTest, contains: string | null = null) {
    this.test = test;
    this.contains = contains;
  }

  forDictionary(dictionary: readonly string[]): Uint8Array {
    if (this.#dictionary !== dictionary || this.#passes.length !== dictionary.length) {
      this.#passes = new Uint8Array(dictionary.length);
      for (let i = 0; i < dictionary.length; i++) if (this.test(dictionary[i] as string)) this.#passes[i] = 1;
      this.#dictionary = dictionary;
    }
    return this.#passes;
  }
}

/** The test for a comparison mask (compare.ts) with a fixed text. */
export function textComparison(mask: number, constant: string): TextTest {
  switch (mask) {
    case 2:
      return (text) => text === constant;
    case 5:
      return (text) => text !== constant;
    case 1:
      return (text) => text < constant;
    case 3:
      return (text) => text <= constant;
    case 4:
      return (text) => text > constant;
    default:
      return (text) => text >= constant;
  }
}

/**
 * The test for LIKE with a fixed pattern: its parts between % are searched one after another, which never backtracks.
 * Null for patterns with `_` (a whole character, perhaps two code units) or a dangling escape: those go the long way.
 */
export function likeTest(pattern: string): TextTest | null {
  const parts = likeParts(pattern);
  return parts === null ? null : partsTest(parts);
}

/** The text that a LIKE pattern looks for anywhere (`%text%`), null for another pattern. */
export function containedText(pattern: string): string | null {
  const parts = likeParts(pattern)?.filter((part, i, all) => part !== '' || i === 0 || i === all.length - 1);
  const [first, middle, last] = parts ?? [];
  return parts?.length === 3 && first === '' && last === '' && middle !== undefined ? middle : null;
}

/** What stands between the `%` of a pattern. */
function likeParts(pattern: string): string[] | null {
  const parts: string[] = [];
  let part = '';
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i] as string;
    if (character === '_') return null;
    if (character === '\\') {
      if (++i === pattern.length) return null;
      part += pattern[i] as string;
    } else if (character === '%') {
      parts.push(part);
      part = '';
    } else {
      part += character;
    }
  }
  parts.push(part);
  return parts;
}

function partsTest(parts: readonly string[]): TextTest {
  if (parts.length === 1) return (text) => text === parts[0];
  const first = parts[0] as string;
  const last = parts[parts.length - 1] as string;
  const middle = parts.slice(1, -1).filter((piece) => piece !== '');
  if (middle.length === 0) {
    if (last === '') return (text) => text.startsWith(first);
    if (first === '') return (text) => text.endsWith(last);
    return (text) => text.length >= first.length + last.length && text.startsWith(first) && text.endsWith(last);
  }
  const [only] = middle;
  if (first === '' && last === '' && middle.length === 1 && only !== undefined) return (text) => text.includes(only);
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    const end = text.length - last.length;
    let at = first.length;
    for (const piece of middle) {
      const found = text.indexOf(piece, at);
      if (found < 0 || found + piece.length > end) return false;
      at = found + piece.length;
    }
    return true;
  };
}
