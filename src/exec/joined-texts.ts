/**
 * Texts of a leaf's column as one, for searches of a text in each of them.
 *
 * A look into each of a million short strings costs a call and mostly a cache miss each; a search through all of them at
 * once runs at the speed of memory, and what it finds is told apart by where the texts end. A column is joined when it is
 * searched and has been scanned before (coded-column.ts knows which), and stays so as long as its view.
 */
import type { TextVector, Vector } from '../base/vector.ts';
import { sliceVector } from '../table/gather.ts';
import type { ColumnTexts } from './numbered-texts.ts';

/** UTF-16 units of a column beyond which it is not joined: a leaf has some ten thousands of rows. */
const MOST_UNITS = 1 << 24;
/** Of a part of which fewer rows than one in so many are asked for, the rows are looked at one by one. */
const SPARSE = 8;

class JoinedTexts {
  #view: TextVector | null;
  #text = '';
  /** Where each text ends; empty where they are too long to be joined. */
  #ends: Int32Array = new Int32Array(0);
  /** The last answer of `#next`. */
  readonly #last = { needle: '', from: 0, place: -1 };

  constructor(view: TextVector) {
    this.#view = view;
  }

  /** Writes to `found` a 1 for each of `count` rows from `start` on whose text has the needle in it; false where it cannot. */
  search(needle: string, start: number, count: number, found: Uint8Array): boolean {
    if (this.#view !== null) this.#join(this.#view);
    const ends = this.#ends;
    if (ends.length === 0) return false;
    const end = ends[start + count - 1] as number;
    let row = start;
    let at = start === 0 ? 0 : (ends[start - 1] as number);
    for (;;) {
      at = this.#next(needle, at);
      if (at + needle.length > end) return true;
      while ((ends[row] as number) <= at) row++;
      const rowEnd = ends[row] as number;
      if (at + needle.length <= rowEnd) {
        found[row - start] = 1;
        at = rowEnd;
      } else at++;
    }
  }

  /** The first place of the needle at `from` or behind it, Infinity where there is none. */
  #next(needle: string, from: number): number {
    const last = this.#last;
    // What is beyond one part of the rows was looked through for the part before.
    if (needle !== last.needle || from < last.from || from > last.place) {
      const place = this.#text.indexOf(needle, from);
      last.needle = needle;
      last.place = place < 0 ? Infinity : place;
    }
    last.from = from;
    return last.place;
  }

  #join({ data, length }: TextVector): void {
    this.#view = null;
    const ends = new Int32Array(length);
    let units = 0;
    for (let row = 0; row < length; row++) {
      units += (data[row] as string).length;
      ends[row] = units;
    }
    if (units > MOST_UNITS) return;
    this.#text = (data.length === length ? data : data.slice(0, length)).join('');
    this.#ends = ends;
  }
}

interface Part {
  readonly texts: JoinedTexts;
  readonly view: TextVector;
  readonly start: number;
  readonly column: ColumnTexts | undefined;
  /** Numbers of its texts; undefined before they are asked for the second time, null where there are none. */
  numbers: Int32Array | null | undefined;
  isAsked: boolean;
}

/** Of a leaf's column: the texts as one, and its parts as scans have got them, by their first rows. */
const columns = new WeakMap<TextVector, { readonly texts: JoinedTexts; readonly parts: Map<number, Vector> }>();
/** By the vectors handed out: a column that grows has another view of the same array. */
const handedOut = new WeakMap<Vector, Part>();

/** Rows `from` to `to` of a leaf's column, which can be searched as one and numbered; the same vector each time. */
export function partOf(view: TextVector, from: number, to: number, texts?: ColumnTexts): Vector {
  let column = columns.get(view);
  if (column === undefined) columns.set(view, (column = { texts: new JoinedTexts(view), parts: new Map() }));
  let part = column.parts.get(from);
  if (part?.length !== to - from) {
    part = sliceVector(view, from, to);
    column.parts.set(from, part);
    const state = { numbers: undefined, isAsked: false };
    handedOut.set(part, { texts: column.texts, view, start: from, column: texts, ...state });
  }
  return part;
}

/** A 1 for each row of a vector whose text has the needle in it, where most rows are asked for and can be searched as one. */
export function searchedTexts(vector: TextVector, needle: string, asked: number): Uint8Array | null {
  const { length } = vector;
  const part = handedOut.get(vector);
  if (part === undefined || asked * SPARSE < length || length === 0) return null;
  const found = new Uint8Array(length);
  return part.texts.search(needle, part.start, length, found) ? found : null;
}

/** The numbers of a vector's texts, and the list that they are of; null where it is not numbered. */
export function numberedTexts(vector: TextVector): { numbers: Int32Array; column: ColumnTexts } | null {
  const part = handedOut.get(vector);
  if (part?.column === undefined || part.numbers === null) return null;
  const { column, view, start } = part;
  if (part.numbers === undefined) {
    const isAgain = part.isAsked;
    part.isAsked = true;
    if (!isAgain) return null;
    part.numbers = column.numbersOf(vector, view, start);
  }
  return part.numbers === null ? null : { numbers: part.numbers, column };
}
