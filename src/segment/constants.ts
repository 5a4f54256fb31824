/** Numbers of the segment format; FORMAT.md explains them. */
import type { ColumnFormat } from '../base/vector.ts';

/** First bytes of a segment's header: "DSEG". */
export const SEGMENT_MAGIC = 0x47455344;
export const SEGMENT_VERSION = 3;
/** Since 3 zones may have filters; what else version 2 has is the same. */
export const OLDEST_SEGMENT_VERSION = 2;
/** Rows of one row group: what is encoded, checked and skipped as a unit. */
export const GROUP_ROWS = 4096;
/** Columns a segment may claim to have; more is corruption. */
export const MAX_COLUMNS = 4096;
/** Rows a segment may claim to have. */
export const MAX_ROWS: number = 1 << 26;

/** Sequence numbers are stored as a column of doubles. */
export const SEQ_FORMAT: ColumnFormat = { kind: 'f64' };

/** Physical kind of a block's vector. */
export const KIND: Readonly<Record<'bool' | 'i32' | 'f64' | 'i64' | 'text' | 'boxed', number>> = {
  bool: 0,
  i32: 1,
  f64: 2,
  i64: 3,
  text: 4,
  boxed: 5,
};

/** How the values of a block are laid out; encode-numbers.ts and encode-block.ts have the forms. */
export const ENCODING: Readonly<
  Record<'plain' | 'constant' | 'frame' | 'delta' | 'dictionary' | 'runs' | 'decimal' | 'whole', number>
> = {
  plain: 0,
  /** Every value is the first one. */
  constant: 1,
  /** Frame of reference: the smallest value, then bit-packed offsets from it. */
  frame: 2,
  /** The first value and the smallest difference, then bit-packed excess of each difference. */
  delta: 3,
  /** Text: the distinct strings, then a number for each row. */
  dictionary: 4,
  /** Run-length: values, and how often each stands. */
  runs: 5,
  /** Doubles with few decimal places, as whole numbers. */
  decimal: 6,
  /** 64-bit integers that doubles hold exactly, as numbers. */
  whole: 7,
};
