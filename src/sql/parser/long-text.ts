/**
 * Long texts, read with pauses: megabytes of INSERT … VALUES take a second to read, and the grammar (parser.ts) is plain
 * recursion, which cannot stop in the middle.
 *
 * What is long in such a text are lists of rows. So they are read first, some rows at a time, wherever a list may begin, by
 * the function that reads a row anyway; the grammar, which comes after, finds the rows made and the tokens cut, and goes on
 * behind them. Nothing is decided here: a row that cannot be read ends its list, and it is the grammar that meets it, so
 * that errors are those of the text read in one go. A list that the grammar never arrives at was read in vain.
 */
import { PAUSE } from '../../base/task.ts';
import type { Expression } from '../ast.ts';
import { END_OF_INPUT, ERROR, refuseBadCharacters } from '../lexer.ts';
import { keywordCode } from '../keywords.ts';
import type { Cursor, ReadyRows } from './cursor.ts';
import { parseRow } from './query.ts';

/** Characters looked at at once. */
const PIECE_LENGTH = 262_144;
/** Rows, and tokens, read at once. */
const ROWS = 256;
const TOKENS = 8192;
/** Tokens from which on their columns grow apart. */
const MANY_TOKENS = 131_072;
/** Levels of the grammar above a row, generously: a tree that is nearly too deep is left to it. */
const LEVELS_ABOVE = 32;
const VALUES = keywordCode('values', 0, 6);
const OPEN = 40;
const SEMICOLON = 59;

type Pauses = Generator<typeof PAUSE, void, unknown>;

/** Throws 22021 for what no text may have. */
export function* checkCharacters(text: string): Pauses {
  for (let from = 0; from < text.length;) {
    let to = Math.min(from + PIECE_LENGTH, text.length);
    // The halves of a pair stay together.
    if (to < text.length && (text.charCodeAt(to - 1) & 0xfc00) === 0xd800) to++;
    refuseBadCharacters(text.slice(from, to), from);
    from = to;
    yield PAUSE;
  }
}

/** Reads the rows of the statement that begins at the current token, and its other tokens. */
export function* readAhead(p: Cursor): Pauses {
  const { lexer, index: start } = p;
  const ready = new Map<number, ReadyRows>();
  for (let index = start; ; index++) {
    if (index >= lexer.count) lexer.readRun();
    const code = lexer.codes[index];
    if (code === SEMICOLON || code === END_OF_INPUT || code === ERROR) break;
    if (code === VALUES) {
      const end = yield* readRows(p, index + 1, ready);
      if (end > index + 1) index = end - 1;
    }
    if (index % TOKENS === 0) yield* makeRoom(p);
  }
  p.back(start);
  p.depth = p.height = 0;
  p.ready = ready;
}

/** A pause; and where the columns of very many tokens are nearly full, they grow one after the other. */
function* makeRoom({ lexer }: Cursor): Pauses {
  yield PAUSE;
  const size = lexer.codes.length;
  if (size < MANY_TOKENS || lexer.count < size * 0.75) return;
  const room = new Int32Array(2 * size);
  room.set(lexer.starts);
  lexer.starts = room;
  yield PAUSE;
  const more = new Int32Array(2 * size);
  more.set(lexer.ends);
  lexer.ends = more;
  yield PAUSE;
  const codes = new Uint16Array(2 * size);
  codes.set(lexer.codes);
  lexer.codes = codes;
  yield PAUSE;
}

/** Reads rows from a token on; gives the token behind the last whole one. */
function* readRows(p: Cursor, start: number, ready: Map<number, ReadyRows>): Generator<typeof PAUSE, number, unknown> {
  if (start >= p.lexer.count) p.lexer.readRun();
  if (p.lexer.codes[start] !== OPEN) return start;
  const rows: Expression[][] = [];
  let end = start;
  let height = 0;
  try {
    p.back(start);
    do {
      p.depth = LEVELS_ABOVE;
      p.height = 0;
      const row = parseRow(p);
      rows.push(row);
      end = p.index;
      height = Math.max(height, p.height);
      if (rows.length % ROWS === 0) yield* makeRoom(p);
    } while (p.accept(','));
  } catch {
    // The grammar will meet it.
  }
  if (rows.length > 0) ready.set(start, { rows, end, height });
  return end;
}
