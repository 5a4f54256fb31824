/** Numbers of the segment format; FORMAT.md explains them. */

/** First bytes of a segment's header: "DSEG". */
export const SEGMENT_MAGIC = 0x47455344;
export const SEGMENT_VERSION = 1;
/** Rows of one row group: what is encoded, checked and skipped as a unit. */
export const GROUP_ROWS = 4096;
/** Columns a segment may claim to have; more is corruption. */
export const MAX_COLUMNS = 4096;
/** Rows a segment may claim to have. */
export const MAX_ROWS: number = 1 << 26;

/** Physical kind of a block's vector. */
export const KIND: Readonly<Record<'bool' | 'i32' | 'f64' | 'i64' | 'text' | 'boxed', number>> = {
  bool: 0,
  i32: 1,
  f64: 2,
  i64: 3,
  text: 4,
  boxed: 5,
};

/** How the values of a block are laid out. */
export const ENCODING: Readonly<Record<'plain' | 'constant' | 'frame' | 'delta' | 'dictionary', number>> = {
  /** Typed array, little endian; text: lengths and characters; boxed: lengths and bytes. */
  plain: 0,
  /** Every value is the first one. */
  constant: 1,
  /** Frame of reference: minimum, then offsets of 1, 2 or 4 bytes. */
  frame: 2,
  /** First value and smallest difference, then excess of each difference in 1, 2 or 4 bytes. */
  delta: 3,
  /** Text: distinct strings as a plain text, then codes of 1 or 2 bytes. */
  dictionary: 4,
};
