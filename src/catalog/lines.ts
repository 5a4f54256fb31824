/**
 * Lines: the history that every database begins with (line 0) and the branches that have left it or each other.
 *
 * The table of lines is a second catalog beside that of line 0: one row for each branch, and one, a definition, for each
 * table of the database that holds what a branch has made or changed. It is versioned, logged and recovered like the
 * catalog, belongs to no line, and is made with the first branch. A branch is recorded as a tag with a parent.
 */
import type { IndexDef, TableDef, TagDef } from './schema.ts';
import { CATALOG_TABLE } from './system-objects.ts';

export const LINES_TABLE_ID = 5;
export const LINES_TABLE: TableDef = {
  ...CATALOG_TABLE,
  id: LINES_TABLE_ID,
  name: 'lines',
  primaryKeyName: 'lines_pkey',
};

/** A branch: `seq` is the fork. */
export interface BranchDef extends TagDef {
  /** The line that it left; 0 is the main line. */
  readonly parent: number;
  /** Where lines have met: the newest commit of another line whose state this one has taken in, by line. */
  readonly merged?: Readonly<Record<string, MergePoint>> | undefined;
  readonly createdAt?: number | undefined;
}

/** A merge: the state of the source that it took, and the commit on the target that it made. */
export interface MergePoint {
  readonly source: number;
  readonly target: number;
}

/** A table of the database that belongs to a branch. */
export interface LineTableDef extends TableDef {
  readonly line: number;
  /** The table it holds rows of. */
  readonly of: number;
  /**
   * A table that the branch has made; rows of an inherited one; keys that are hidden of an inherited one; the inherited
   * entries of an index that the branch has made.
   */
  readonly role: 'table' | 'own' | 'hidden' | 'index';
  /** Of an index's entries: which one, and the order of its key. */
  readonly index?: number | undefined;
  readonly order?: IndexDef['columns'] | undefined;
}
