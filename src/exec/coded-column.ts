/**
 * Text columns of leaves as codes: an int a row and the different texts once, made when a column is scanned again.
 *
 * Grouping, joining, sorting and testing texts cost a look at each text; over codes they cost one look at each
 * different text of a leaf and an array access a row. Rows come into memory as texts, so a column that scans ask for
 * again and again is coded once, if its texts repeat. The codes live as long as the view that they were made of, which a
 * leaf gives up when it changes: a leaf that is written to between any two scans is never coded.
 *
 * The column's own array gets the texts of the dictionary in place of the equal ones that it had, so that texts that
 * repeat are in memory once.
 *
 * Invariants: the coded column reads like the view; nulls are the view's; a dictionary has no text twice.
 */
import type { DictVector, TextVector, Vector } from '../base/vector.ts';
import { sliceVector } from '../table/gather.ts';
import { partOf } from './joined-texts.ts';
import type { ColumnTexts } from './numbered-texts.ts';

/** Columns with fewer rows are not worth it. */
const LEAST_ROWS = 2048;
/** Row groups of a column that are asked for before it is coded: those of the first scan of a leaf, if it is not full. */
const ASKED_BEFORE = 4;
/** Rows that must be there for each different text. */
const ROWS_PER_TEXT = 8;
/** Texts looked at first: where most of them differ all would be looked at for nothing. */
const PROBES = 128;
const MOST_PROBED = 64;

/** How often a view has been asked for, its codes, or null where they do not pay. */
const known = new WeakMap<Vector, number | DictVector | null>();

/** Rows `from` to `to` of a leaf's column, for a scan; `texts`: those of the table's column. */
export function codedSlice(view: Vector, from: number, to: number, texts?: ColumnTexts): Vector {
  const column = codedColumn(view);
  // Texts that hardly repeat in a leaf are searched as one, and have numbers for all leaves.
  return column.kind === 'text' && known.get(column) === null
    ? partOf(column, from, to, texts)
    : sliceVector(column, from, to);
}

/** A leaf's column in the form in which it is read: asked for once for each part. */
export function codedColumn(view: Vector): Vector {
  if (view.kind !== 'text' || view.length < LEAST_ROWS) return view;
  const found = known.get(view);
  if (found === null) return view;
  if (typeof found === 'object') return found;
  if (found === undefined || found < ASKED_BEFORE) {
    known.set(view, (found ?? 0) + 1);
    return view;
  }
  const coded = looksDistinct(view) ? null : withCodes(view);
  known.set(view, coded);
  return coded ?? view;
}

function looksDistinct({ data, length }: TextVector): boolean {
  const seen = new Set<string>();
  for (let i = 0; i < PROBES; i++) seen.add(data[Math.floor((i * length) / PROBES)] as string);
  return seen.size > MOST_PROBED;
}

function withCodes({ data, length, nulls }: TextVector): DictVector | null {
  const most = Math.floor(length / ROWS_PER_TEXT);
  const codes = new Map<string, number>();
  const dictionary: string[] = [];
  const rows = new Int32Array(length);
  // Runs of equal texts cost no look into the map.
  let last: string | null = null;
  let code = 0;
  for (let row = 0; row < length; row++) {
    const text = data[row] as string;
    if (text !== last) {
      const found = codes.get(text);
      if (found === undefined) {
        code = dictionary.length;
        if (code === most) return null;
        codes.set(text, code);
        dictionary.push(text);
      } else code = found;
      last = text;
    }
    rows[row] = code;
  }
  const texts = data as string[];
  for (let row = 0; row < length; row++) texts[row] = dictionary[rows[row] as number] as string;
  return { kind: 'dict', data: rows, dictionary, length, nulls };
}
