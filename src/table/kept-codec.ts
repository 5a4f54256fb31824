/**
 * The states before their limits that tables keep (kept.ts), as the manifest has them behind everything else:
 *
 *     spans = for each table with a limit, in their order: varint count, (varint start, varint moments)*
 *
 * A manifest in which no table keeps any has nothing there, as those of before.
 */
import type { ByteReader, ByteWriter } from '../base/bytes.ts';
import { DriftError } from '../base/error.ts';
import type { Kept, Span } from './kept.ts';

type Limits = readonly (readonly [number, Kept])[];

function write(writer: ByteWriter, limits: Limits): void {
  if (!limits.some(([, { keptBefore }]) => keptBefore.length > 0)) return;
  for (const [, { keptBefore }] of limits) {
    writer.varint(keptBefore.length);
    for (const { start, end } of keptBefore) {
      writer.varint(start);
      writer.varint(end - start);
    }
  }
}

/** Reads the spans of limits; throws XX001 where they do not ascend up to the limit. */
function read(reader: ByteReader, limits: Limits): [number, Kept][] {
  return limits.map(([table, { historyFrom }]) => {
    const keptBefore: Span[] = [];
    let before = -1;
    for (let left = reader.varint(); left > 0; left--) {
      const start = reader.varint();
      const end = start + reader.varint();
      if (start <= before || end <= start || end >= historyFrom)
        throw new DriftError(
          'XX001',
          `MANIFEST is damaged: body keeps ${start} to ${end} of table ${table}, whose history begins at ${historyFrom}`,
        );
      keptBefore.push({ start, end });
      before = end;
    }
    return [table, { historyFrom, keptBefore }];
  });
}

export const SPANS: { readonly write: typeof write; readonly read: typeof read } = { write, read };
