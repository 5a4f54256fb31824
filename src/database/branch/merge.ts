/**
 * MERGE BRANCH: takes what another line has changed since the two had a state in common into the session's line.
 *
 * For each row that the source has changed there are three states: the base, theirs (the source) and ours (the target):
 *
 *     ours = base         theirs is taken: inserted, deleted, or its changed columns set
 *     ours = theirs       nothing
 *     all there, differ   by column: changed on one side only is taken or kept; changed on both to different values is a
 *                         conflict, and so are the columns of two rows that were inserted under one key
 *     one side deleted    what the other has changed is a conflict of the whole row
 *
 * What is no conflict is one statement, without triggers, so that constraints hold at its end and tables that refer to each
 * other merge together. Conflicts keep ours and are rows of drift.conflicts until RESOLVE says otherwise. drift.merges
 * notes what was taken, so that the next merge begins from there.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { CatalogObject, ColumnDef, TableDef } from '../../catalog/schema.ts';
import type { BranchAction } from '../../sql/ast-branch.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { Notice, ResultSet } from '../api.ts';
import { ddlContext } from '../definition.ts';
import { changeRows } from '../history/restore.ts';
import { command } from '../show.ts';
import { describeCommit } from '../signature.ts';
import { refuseWrites, type Scene } from '../statement.ts';
import { Changes, keyNamesOf } from './apply-rows.ts';
import { addConflicts, type Conflict, jsonRow, noteMerge } from './conflicts.ts';
import { branchNamed, coreOf } from './lines.ts';
import { MAIN } from './main.ts';
import {
  baseOf,
  changedKeys,
  commonColumns,
  dataTables,
  type LineState,
  type RowText,
  rowsAt,
  rowText,
  stateOf,
} from './three-way.ts';

export function* mergeBranch(
  scene: Scene,
  { source: name }: Extract<BranchAction, { do: 'merge' }>,
  position: number,
): Task<ResultSet> {
  refuseWrites(scene);
  const { core } = scene;
  const branch = branchNamed(core, name, position);
  if (branch?.id === core.line?.branch.id)
    throw new DriftError('22023', `branch "${name}" cannot be merged into itself`, { position });
  const other = yield* coreOf(core, branch);
  const source = yield* stateOf(other, core.manager.published);
  const { state: base, since } = yield* baseOf(source, core);
  const merge = new Merge(scene, base, source);
  const target = scene.transaction.catalog;
  const notices: Notice[] = [];
  for (const theirs of dataTables(source.catalog)) {
    const ours = target.byId(theirs.id);
    const table = other.store.table(theirs.id);
    if (ours?.kind === 'table' && ours.key.join() === theirs.key.join()) {
      const missing = newColumns(theirs, ours, base.catalog.byId(theirs.id));
      if (missing !== '') notices.push(warning(`not merged, for the target does not have them: ${missing}`));
    }
    if (ours?.kind === 'table' && ours.key.join() === theirs.key.join()) yield* merge.table(ours, theirs, since);
    else if (table.lastChange > since && (yield* changedKeys(table, since, source.seq)).size > 0)
      notices.push(
        warning(
          `table "${theirs.name}" is not merged: ${ours === undefined ? 'the target does not have it' : 'its key is another on the target'}`,
        ),
      );
  }
  const rows = yield* changeRows(scene, merge.changes.parts());
  const conflicts = yield* addConflicts(scene, name, merge.conflicts);
  noteMerge(scene, { name, line: branch?.id ?? 0, seq: source.seq, rows, conflicts });
  describeCommit(scene, `merge branch ${name} into ${core.line?.branch.name ?? MAIN}`);
  if (conflicts > 0) notices.push(warning(`${conflicts} conflicts: see drift.conflicts, and RESOLVE them`));
  return { ...command('MERGE BRANCH'), affectedRows: rows, notices };
}

function warning(message: string): Notice {
  return { severity: 'WARNING', code: '01000', message };
}

/** Columns that the source has got since the base and the target has not. */
function newColumns(theirs: TableDef, ours: TableDef, before: CatalogObject | undefined): string {
  const known = new Set([...ours.columns, ...(before?.kind === 'table' ? before.columns : [])].map(({ id }) => id));
  return theirs.columns
    .filter(({ id }) => !known.has(id))
    .map(({ name }) => `${theirs.name}.${name}`)
    .join(', ');
}

class Merge {
  readonly #scene: Scene;
  readonly #base: LineState;
  readonly #source: LineState;
  readonly changes: Changes = new Changes();
  readonly conflicts: Conflict[] = [];

  constructor(scene: Scene, base: LineState, source: LineState) {
    this.#scene = scene;
    this.#base = base;
    this.#source = source;
  }

  *table(ours: TableDef, theirs: TableDef, since: number): Task<void> {
    const { core, seq } = this.#source;
    const keys = yield* changedKeys(core.store.table(theirs.id), since, seq);
    if (keys.size === 0) return;
    // Their rows are read by their types: a label that the target does not know is an error, not another one.
    const [columns, given] = [commonColumns(ours, theirs), commonColumns(theirs, ours)];
    const [baseRows, theirRows] = [rowsAt(this.#base, ours.id), rowsAt(this.#source, ours.id)];
    const ourRows = ddlContext(this.#scene).reader().table(ours.id);
    const { eval: context } = this.#scene;
    for (const [key, values] of keys) {
      const before = yield* rowText(baseRows, key, given, context);
      const row = yield* rowText(theirRows, key, given, context);
      if (isSame(before, row)) continue;
      const kept = yield* rowText(ourRows, key, columns, context);
      if (isSame(kept, row)) continue;
      const keyTexts = ours.key.map((id, k) => {
        const type = ours.columns.find((column) => column.id === id)?.type;
        const value = values[k] ?? null;
        return value === null ? '' : type === undefined ? String(value) : typeByOid(type.oid).output(value, context);
      });
      this.#row({ table: ours, columns, key: keyTexts }, before, row, kept);
    }
  }

  #row({ table, columns, key }: Place, before: RowText | null, given: RowText | null, kept: RowText | null): void {
    const at = { table, key: jsonKey(table, key) };
    if (isSame(kept, before)) {
      if (given === null) this.changes.delete(table, key);
      else if (kept === null) this.changes.insert(table, columns, given);
      else {
        const changed = columns.filter(({ id }) => given.get(id) !== kept.get(id));
        this.changes.update(table, key, changed, given);
      }
      return;
    }
    if (given === null || kept === null) {
      const [was, ours, theirs] = [before, kept, given].map((row) => (row === null ? null : jsonRow(columns, row)));
      this.conflicts.push({ ...at, column: null, base: was ?? null, ours: ours ?? null, theirs: theirs ?? null });
      return;
    }
    const taken: ColumnDef[] = [];
    for (const column of columns) {
      const [ours, theirs] = [kept.get(column.id) ?? null, given.get(column.id) ?? null];
      const was = before === null ? undefined : (before.get(column.id) ?? null);
      if (ours === theirs || theirs === was) continue;
      if (ours === was) taken.push(column);
      else this.conflicts.push({ ...at, column: column.name, base: was ?? null, ours, theirs });
    }
    if (taken.length > 0) this.changes.update(table, key, taken, given);
  }
}

interface Place {
  readonly table: TableDef;
  readonly columns: readonly ColumnDef[];
  readonly key: readonly string[];
}

function jsonKey(table: TableDef, key: readonly string[]): string {
  return JSON.stringify(Object.fromEntries(keyNamesOf(table).map((name, k) => [name, key[k]])));
}

function isSame(a: RowText | null, b: RowText | null): boolean {
  if (a === null || b === null) return a === b;
  for (const [id, text] of a) if (b.get(id) !== text) return false;
  return true;
}
