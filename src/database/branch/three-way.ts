/**
 * Two lines and the state that they have in common: what a merge and a difference of branches go by.
 *
 * The base is the newest state that both contain: of the line that both have come from the older of the moments at which
 * they left it, or what a merge of one into the other has taken (drift.merges). Up to the forks a line reads what its
 * ancestors were, so the base is read on the source itself, but for a base that the source has taken from the target.
 * Only keys that the source has changed since can matter; they come from its versions, at the cost of the changes.
 */
import { assert } from '../../base/error.ts';
import { KeySet } from '../../base/key-set.ts';
import { PAUSE, type Task } from '../../base/task.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { CatalogState } from '../../catalog/catalog.ts';
import type { BranchDef } from '../../catalog/lines.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import type { EvalContext } from '../../sql/eval-context.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { firstGone } from '../../table/kept.ts';
import { type Key, MISS, type RowRef, type VersionedTable, type VersionScanOptions } from '../../table/table.ts';
import type { Core } from '../core.ts';

/** A line at a moment. */
export interface LineState {
  readonly core: Core;
  readonly seq: number;
  readonly catalog: CatalogState;
}

export interface Base {
  readonly state: LineState;
  /** What the source has changed since then includes all that differs from the base. */
  readonly since: number;
}

/** A row's cells as text, by column id. */
export type RowText = ReadonlyMap<number, string | null>;

export function* stateOf(core: Core, seq: number): Task<LineState> {
  return { core, seq, catalog: yield* core.manager.catalogs.at(seq) };
}

function lineOf(core: Core): number {
  return core.line?.branch.id ?? 0;
}

/** The lines that a line consists of, with the last moment that it has of each; its own is open. */
function chainOf(core: Core): { readonly line: number; readonly until: number }[] {
  const chain = [{ line: lineOf(core), until: Infinity }];
  let branch = core.line?.branch;
  while (branch !== undefined) {
    const until = Math.min(branch.seq, (chain.at(-1) as (typeof chain)[number]).until);
    chain.push({ line: branch.parent, until });
    branch = core.lines.state.byId(branch.parent) as BranchDef | undefined;
  }
  return chain;
}

/** The newest moment of a common line that both have; lines always have the main line in common. */
export function parting(a: Core, b: Core): number {
  const others = new Map(chainOf(b).map(({ line, until }) => [line, until]));
  for (const { line, until } of chainOf(a)) {
    const other = others.get(line);
    if (other !== undefined) return Math.min(until, other);
  }
  return assert(false, 'two lines without a common one') as never;
}

/** The newest state that both lines contain. */
export function* baseOf(source: LineState, target: Core): Task<Base> {
  const since = Math.min(parting(source.core, target), source.seq);
  const taken = yield* lastMerge(target, lineOf(source.core), target.manager.published);
  const given = yield* lastMerge(source.core, lineOf(target), source.seq);
  const [into, from] = [Math.min(taken?.source ?? 0, source.seq), given?.source ?? 0];
  // What the target has taken from the source is a state of the source.
  if (into > since && (given === null || (taken?.at ?? 0) > given.at))
    return { state: yield* stateOf(source.core, into), since: into };
  if (given !== null && from > since) return { state: yield* stateOf(target, from), since };
  return { state: yield* stateOf(source.core, since), since };
}

/** The last merge of a line into this one, as of a moment: the state that was taken, and the commit that took it. */
export function* lastMerge(
  core: Core,
  line: number,
  seq: number,
): Task<{ readonly source: number; readonly at: number } | null> {
  const def = (yield* core.manager.catalogs.at(seq)).relation('drift', 'merges');
  if (def?.kind !== 'table') return null;
  let last: { source: number; at: number } | null = null;
  const scan = core.store.table(def.id).scan({ seq, columns: [2, 3], versionColumns: true });
  for (let batch = yield* scan.next(); batch !== null; batch = yield* scan.next())
    for (let i = 0; i < batch.count; i++) {
      const row = batch.selection === null ? i : (batch.selection[i] as number);
      const cell = (c: number): number => Number(valueAt(batch?.columns[c] as Vector, row));
      if (cell(0) === line && (last === null || cell(2) > last.at)) last = { source: cell(1), at: cell(2) };
    }
  scan.close();
  return last;
}

/** Rows looked at between two pauses. */
export const SLICE_ROWS = 256;

/**
 * Keys of a table that have changed on a line after one commit and up to another, with the values of their columns. Where
 * some state between is gone they come from the two states, at the cost of these; what was inserted and deleted between is
 * not found then, so all keys of a base that is neither of them are given as well.
 */
export function* changedKeys(
  table: VersionedTable,
  since: number,
  seq: number,
  base?: { readonly table: VersionedTable; readonly seq: number },
): Task<(readonly [Key, readonly Value[]])[]> {
  const keys: (readonly [Key, readonly Value[]])[] = [];
  if (table.lastChange <= since) return keys;
  const seen = new KeySet();
  const columns = table.key.map(({ column }) => column);
  const isWhole = firstGone(table, since, seq) === null;
  const at = (from: number, to: number): VersionScanOptions => ({ fromSeq: from, toSeq: to, columns });
  const scans: [VersionedTable, VersionScanOptions][] = [
    [table, { ...at(isWhole ? since : seq, seq), begunAfter: since }],
    [table, { ...at(since, isWhole ? seq : since), endedBy: seq }],
  ];
  if (!isWhole && base !== undefined) scans.push([base.table, at(base.seq, base.seq)]);
  for (const [of, options] of scans) {
    const source = of.scanVersions(options);
    for (let batch = yield* source.next(); batch !== null; batch = yield* source.next())
      for (let i = 0; i < batch.count; i++) {
        if (i % SLICE_ROWS === SLICE_ROWS - 1) yield PAUSE;
        const row = batch.selection === null ? i : (batch.selection[i] as number);
        const values = columns.map((_, k) => valueAt(batch?.columns[k] as Vector, row));
        const key = table.encodeKey(values);
        if (seen.has(key)) continue;
        seen.add(key);
        keys.push([key, values]);
      }
    source.close();
  }
  return keys;
}

/** What finds rows: a table of a line at a moment, or a transaction's view of one. */
export interface Rows {
  find(key: Key): RowRef | null | typeof MISS;
  load(key: Key): Task<void>;
}

/** Rows of a table at a line's moment; none where it was not there. */
export function rowsAt({ core, seq, catalog }: LineState, tableId: number): Rows {
  if (catalog.byId(tableId)?.kind !== 'table') return { find: () => null, *load() {} };
  const table = core.store.table(tableId);
  return { find: (key) => table.find(key, seq), load: (key) => table.load(key, seq) };
}

/** A row's cells of the given columns as text, under ids of their own or those of `as`; null where there is no such row. */
export function* rowText(
  rows: Rows,
  key: Key,
  columns: readonly ColumnDef[],
  context: EvalContext,
  as: readonly ColumnDef[] = columns,
): Task<RowText | null> {
  for (;;) {
    const found = rows.find(key);
    if (found === MISS) {
      yield* rows.load(key);
      continue;
    }
    if (found === null) return null;
    return new Map(
      columns.map(({ id, type }, i) => {
        const vector = found.columns[id];
        const value = vector === undefined ? null : valueAt(vector, found.row);
        return [as[i]?.id ?? id, value === null ? null : typeByOid(type.oid).output(value, context)];
      }),
    );
  }
}

/** Tables that hold a line's data: not those of the database itself, nor temporary or materialized ones. */
export function dataTables(catalog: CatalogState): TableDef[] {
  return [...catalog.objects()].filter(
    (object): object is TableDef =>
      object.kind === 'table' &&
      object.schema !== 'drift' &&
      object.onCommit === undefined &&
      object.materialized === undefined &&
      !object.schema.startsWith('pg_temp'),
  );
}
