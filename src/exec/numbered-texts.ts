/**
 * Texts of a table's column by number: equal texts of all its leaves have one number, while they are in memory.
 *
 * Grouping, joining and counting texts look each of them up in a map, which for a column of many different texts is
 * mostly a miss of the processor's caches, twice: for the map's entry and for the text that it compares. So a part of a
 * leaf's column that is asked for again gets a number for each of its texts, from one list for the column; from then on
 * only different texts are looked up, each once, and rows cost an access to an array. What coded-column.ts does for the
 * leaves of columns with few different texts, whose dictionaries travel with their batches, this does for columns with
 * many.
 *
 * The column's own array gets the list's texts in place of the equal ones that it had, so that texts that repeat are in
 * memory once: what the list costs it more than saves. A column whose texts hardly repeat, or are very many, has none.
 *
 * Invariants: numbers are places in `texts`, which only grows and has no text twice; a part's numbers are those of its
 * rows, −1 where a row is null.
 */
import type { TextVector } from '../base/vector.ts';
import { TextCodes } from './text-codes.ts';

/** Rows after which it is asked whether texts repeat. */
const PROBED_ROWS = 1 << 18;
/** Rows that there must be by then for each text. */
const ROWS_PER_TEXT = 2;
/** Texts of one column. */
const MOST_TEXTS = 1 << 19;

/** The different texts of one column. */
export class ColumnTexts {
  readonly texts: string[] = [];
  #numbers = new TextCodes();
  #rows = 0;
  #isOver = false;

  /** The numbers of the texts in a part of a leaf's column; null where the column has none. */
  numbersOf(part: TextVector, view: TextVector, start: number): Int32Array | null {
    if (this.#isOver) return null;
    const { length, nulls } = part;
    const numbers = new Int32Array(length);
    const [own, whole] = [part.data as string[], view.data as string[]];
    for (let row = 0; row < length; row++) {
      if (nulls !== null && nulls[row] === 1) {
        numbers[row] = -1;
        continue;
      }
      const text = own[row] as string;
      const number = this.#numbers.numberOf(text, this.texts.length);
      if (number === this.texts.length) this.texts.push(text);
      else own[row] = whole[start + row] = this.texts[number] as string;
      numbers[row] = number;
    }
    this.#rows += length;
    if (this.texts.length > MOST_TEXTS || (this.#rows > PROBED_ROWS && this.texts.length * ROWS_PER_TEXT > this.#rows))
      this.#end();
    return numbers;
  }

  /** Parts that have their numbers keep them, with the list; no more get any. */
  #end(): void {
    this.#isOver = true;
    this.#numbers = new TextCodes();
  }
}

/** A number for each text of a list, which grows with it; negative where there is none. */
export class NotedTexts {
  #column: ColumnTexts | null = null;
  #noted: Int32Array = new Int32Array(0);

  get length(): number {
    return this.#noted.length;
  }

  /** Those of one list; those of another are forgotten. */
  of(column: ColumnTexts): Int32Array {
    const { length } = column.texts;
    if (this.#column !== column || this.#noted.length < length) {
      const wider = new Int32Array(Math.max(1024, 2 * length)).fill(-1);
      if (this.#column === column) wider.set(this.#noted);
      this.#column = column;
      this.#noted = wider;
    }
    return this.#noted;
  }
}

const columns = new WeakMap<object, Map<number, ColumnTexts>>();

/** The list of a table's column. */
export function textsOf(table: object, ordinal: number): ColumnTexts {
  let known = columns.get(table);
  if (known === undefined) columns.set(table, (known = new Map()));
  let texts = known.get(ordinal);
  if (texts === undefined) known.set(ordinal, (texts = new ColumnTexts()));
  return texts;
}
