/**
 * Commits of very many rows on a line (bulk-commit.ts): as the database's own, in the tables that hold what is the line's.
 *
 * What a commit writes to the table of lines depends on what others have committed to the line before: so it is worked
 * out when the commit has its turn, and logged before the rows, which replay finds tables for.
 */
import type { Task } from '../../base/task.ts';
import { LINES_TABLE_ID } from '../../catalog/lines.ts';
import type { BulkTables, PreparedChanges } from '../../table/store.ts';
import type { RowChanges } from '../../table/table.ts';
import { LoggedOnly } from './seed.ts';

/** Changes of a table of a line, as changes of the tables that hold it. */
export class LinePrepared implements PreparedChanges {
  readonly tableId: number;
  readonly changes: RowChanges;
  readonly pieces: PreparedChanges[] = [];
  /** Ids that its piece of the table of lines defines. */
  readonly defines: Set<number> = new Set();

  constructor(tableId: number, changes: RowChanges) {
    this.tableId = tableId;
    this.changes = changes;
  }

  release(): void {
    for (const piece of this.pieces) piece.release();
  }
}

/** What a change of definitions writes: rows of the table of lines, and entries of new seeds. */
export interface Definitions {
  readonly rows: RowChanges | null;
  readonly seeds: PreparedChanges[];
}

/** What it sees of the line's store. */
interface BulkLine {
  readonly bulk: BulkTables;
  /** Whether a table holds what belongs to lines, so that its changes are taken as they are. */
  isPhysical(tableId: number): boolean;
  /** Adds the pieces for the rows. */
  rows(prepared: LinePrepared): Task<void>;
  definitions(prepared: LinePrepared, earlier: readonly PreparedChanges[]): Definitions;
  noteApplied(seq: number, prepared: LinePrepared): void;
  readonly extraRows: number;
}

export function lineBulk({ bulk, isPhysical, rows, definitions, noteApplied, extraRows }: BulkLine): BulkTables {
  return {
    extraRows,
    *prepare(tableId, changes) {
      if (isPhysical(tableId)) return yield* bulk.prepare(tableId, changes);
      const prepared = new LinePrepared(tableId, changes);
      try {
        yield* rows(prepared);
        return prepared;
      } catch (error) {
        prepared.release();
        throw error;
      }
    },
    *enter(all) {
      const entered = new Map<PreparedChanges, PreparedChanges[]>();
      for (const [i, one] of all.entries()) {
        if (!(one instanceof LinePrepared)) continue;
        const { rows: defined, seeds } = definitions(one, all.slice(0, i));
        const pieces = defined === null ? seeds : [yield* bulk.prepare(LINES_TABLE_ID, defined), ...seeds];
        one.pieces.unshift(...pieces);
        entered.set(one, pieces);
      }
      return entered;
    },
    *apply(seq, prepared) {
      if (!(prepared instanceof LinePrepared)) {
        yield* bulk.apply(seq, prepared);
        return;
      }
      for (const piece of prepared.pieces) if (!(piece instanceof LoggedOnly)) yield* bulk.apply(seq, piece);
      noteApplied(seq, prepared);
    },
  };
}
