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
import { PAUSE, type Task } from '../../base/task.ts';
import type { CatalogState } from '../../catalog/catalog.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import type { BranchAction } from '../../sql/ast-branch.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { Notice, ResultSet } from '../api.ts';
import { ddlContext, withCatalog } from '../definition.ts';
import { changeRows } from '../history/restore.ts';
import { command } from '../show.ts';
import { describeCommit } from '../signature.ts';
import { refuseWrites, type Scene } from '../statement.ts';
import { Changes, keyNamesOf } from './apply-rows.ts';
import { addConflicts, type Conflict, jsonRow, noteMerge } from './conflicts.ts';
import { columnPairs, mergeDefinitions, shareRowIds, tableOn } from './definitions.ts';
import { branchNamed, coreOf } from './lines.ts';
import { MAIN } from './main.ts';
import {
  baseOf,
  changedKeys,
  dataTables,
  type LineState,
  parting,
  type RowText,
  rowsAt,
  rowText,
  SLICE_ROWS,
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
  const before = (yield* stateOf(other, parting(other, core))).catalog;
  const isOfSource = base.core === other;
  const definitions = { parting: before, base: base.catalog, isOfSource, source: source.catalog };
  const left = yield* mergeDefinitions(scene, definitions);
  const merge = new Merge(scene, base, source, before);
  const target = scene.transaction.catalog;
  const notices: Notice[] = left.map((what) => warning(`not merged: ${what}`));
  for (const theirs of dataTables(source.catalog)) {
    const ours = tableOn(theirs, target);
    const table = other.store.table(theirs.id);
    const reason = whyNot(theirs, ours, base.catalog);
    if (ours !== undefined && reason === null) yield* merge.table(ours, theirs, since);
    else if (table.lastChange > since && (yield* changedKeys(table, since, source.seq)).length > 0)
      notices.push(warning(`table "${theirs.name}" is not merged: ${reason}`));
  }
  const { parts, relations } = merge.changes.statement();
  const rows = yield* changeRows(scene, parts, relations);
  const conflicts = yield* addConflicts(scene, name, merge.conflicts);
  noteMerge(scene, { name, line: branch?.id ?? 0, seq: source.seq, rows, conflicts });
  describeCommit(scene, `merge branch ${name} into ${core.line?.branch.name ?? MAIN}`);
  if (conflicts > 0) notices.push(warning(`${conflicts} conflicts: see drift.conflicts, and RESOLVE them`));
  return { ...command('MERGE BRANCH'), affectedRows: rows, notices };
}

function warning(message: string): Notice {
  return { severity: 'WARNING', code: '01000', message };
}

/** Why the rows of two tables cannot be compared; null where they can. */
function whyNot(theirs: TableDef, ours: TableDef | undefined, base: CatalogState): string | null {
  if (ours === undefined) return 'the target does not have it';
  if (ours.key.join() !== theirs.key.join()) return 'its key is another on the target';
  const isHidden = theirs.columns.some(({ id, hidden }) => hidden === true && theirs.key.includes(id));
  // Tables that releases before this one have made gave their rows ids of their own.
  if (isHidden && base.byId(theirs.id) !== undefined && !shareRowIds(ours, theirs)) return 'it has no primary key';
  return null;
}

class Merge {
  readonly #scene: Scene;
  readonly #base: LineState;
  readonly #source: LineState;
  readonly #parting: CatalogState;
  readonly changes: Changes = new Changes();
  readonly conflicts: Conflict[] = [];

  constructor(scene: Scene, base: LineState, source: LineState, parting: CatalogState) {
    this.#scene = scene;
    this.#base = base;
    this.#source = source;
    this.#parting = parting;
  }

  *table(ours: TableDef, theirs: TableDef, since: number): Task<void> {
    const { core, seq } = this.#source;
    const known = this.#base.catalog.byId(this.#base.core === core ? theirs.id : ours.id);
    const other =
      known?.kind !== 'table' || this.#base.core === core ? undefined : this.#base.core.store.table(known.id);
    const base = other === undefined ? undefined : { table: other, seq: this.#base.seq };
    const keys = yield* changedKeys(core.store.table(theirs.id), since, seq, base);
    if (keys.length === 0) return;
    // Their rows are read by their types: a label that the target does not know is an error, not another one.
    const pairs = columnPairs(ours, theirs, this.#parting);
    const [columns, given] = [pairs.map(([one]) => one), pairs.map(([, one]) => one)];
    // The base may be a state of either side.
    const isTheirs = this.#base.core === core;
    const was = pairs
      .map(([a, b]) => [
        a,
        known?.kind === 'table' ? known.columns.find(({ id }) => id === (isTheirs ? b : a).id) : undefined,
      ])
      .filter((pair): pair is [ColumnDef, ColumnDef] => pair[1] !== undefined);
    const [baseRows, theirRows] = [rowsAt(this.#base, isTheirs ? theirs.id : ours.id), rowsAt(this.#source, theirs.id)];
    const [wasColumns, wasAs] = [was.map(([, one]) => one), was.map(([one]) => one)];
    const ourRows = ddlContext(this.#scene).reader().table(ours.id);
    const { eval: context } = withCatalog(this.#scene);
    for (const [i, [key, values]] of keys.entries()) {
      if (i % SLICE_ROWS === SLICE_ROWS - 1) yield PAUSE;
      const row = yield* rowText(theirRows, key, given, context, columns);
      const kept = yield* rowText(ourRows, key, columns, context);
      if (isSame(kept, row)) continue;
      // A column that the base has not was never anything else than what it is here.
      const old = yield* rowText(baseRows, key, wasColumns, context, wasAs);
      const before = old === null ? null : new Map([...(kept ?? row ?? []), ...old]);
      if (isSame(before, row)) continue;
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
      else if (kept === null) this.changes.insert(table, columns, key, given);
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
