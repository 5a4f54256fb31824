/**
 * What the history functions have to say, computed from worlds by comparing each with the one before: versions, and the
 * changes and net differences between two moments. Slow and obvious, unlike what it is compared with.
 */
import { isNeeded, type Kept } from '../../src/table/kept.ts';
import { type Row, type Table, tableById, under, type World } from './world.ts';

export interface Version {
  readonly key: number;
  readonly row: Row;
  /** The definition that the row was written under. */
  readonly table: Table;
  readonly from: number;
  /** Infinity while it is in force. */
  readonly to: number;
}

/** Every version that a table has had until a moment. */
export function versionsOf(worlds: readonly World[], last: number, id: number): readonly Version[] {
  const ended: Version[] = [];
  const open = new Map<number, Version>();
  const end = (key: number, to: number): void => {
    const version = open.get(key);
    if (version === undefined) return;
    ended.push({ ...version, to });
    open.delete(key);
  };
  let before: Table | undefined;
  for (let seq = 1; seq <= last; seq++) {
    const table = [...(worlds[seq] as World).tables.values()].find((candidate) => candidate.id === id);
    if (table === before) continue;
    before = table;
    for (const key of [...open.keys()]) if (table?.rows.has(key) !== true) end(key, seq);
    for (const [key, row] of table?.rows ?? []) {
      const old = open.get(key);
      if (old !== undefined && isSame(under(old.row, old.table, table as Table), row)) continue;
      end(key, seq);
      open.set(key, { key, row, table: table as Table, from: seq, to: Infinity });
    }
  }
  return [...ended, ...open.values()];
}

/** What is left of versions where states are gone. */
export function left(versions: readonly Version[], kept: Kept): readonly Version[] {
  return versions.filter(({ from, to }) => isNeeded(kept, from, to));
}

export interface Change {
  readonly seq: number;
  readonly operation: 'insert' | 'update' | 'delete';
  readonly before: Version | null;
  readonly after: Version | null;
}

/** What commits after `a` up to `b` have done to a table. */
export function changesOf(versions: readonly Version[], a: number, b: number): readonly Change[] {
  const changes: Change[] = [];
  const begun = new Map<string, Version>();
  for (const version of versions)
    if (version.from > a && version.from <= b) begun.set(`${version.key} ${version.from}`, version);
  for (const before of versions) {
    if (before.to <= a || before.to > b) continue;
    const after = begun.get(`${before.key} ${before.to}`) ?? null;
    if (after !== null) begun.delete(`${before.key} ${before.to}`);
    changes.push({ seq: before.to, operation: after === null ? 'delete' : 'update', before, after });
  }
  for (const after of begun.values()) changes.push({ seq: after.from, operation: 'insert', before: null, after });
  return changes;
}

export interface Difference {
  readonly type: 'added' | 'removed' | 'modified';
  readonly before: Row | null;
  readonly after: Row | null;
}

/** What differs between two states of a table; columns meet by id, those whose type has changed by name. */
export function differences(before: Table, after: Table): readonly Difference[] {
  const found: Difference[] = [];
  for (const [key, row] of before.rows) {
    const now = after.rows.get(key);
    if (now === undefined) found.push({ type: 'removed', before: row, after: null });
    else if (differs(before, row, after, now)) found.push({ type: 'modified', before: row, after: now });
  }
  for (const [key, row] of after.rows)
    if (!before.rows.has(key)) found.push({ type: 'added', before: null, after: row });
  return found;
}

function differs(before: Table, row: Row, after: Table, now: Row): boolean {
  return before.columns.some((column, at) => {
    const other = meeting(column, before, after);
    return other >= 0 && row[at] !== now[other];
  });
}

/** Where in `after` a column of `before` is; -1 where it is gone. */
export function meeting({ id, name }: Table['columns'][number], before: Table, after: Table): number {
  const same = after.columns.findIndex((column) => column.id === id);
  if (same >= 0) return same;
  return after.columns.findIndex(
    (column) => column.name === name && !before.columns.some((other) => other.id === column.id),
  );
}

/** Whether a row was changed by a commit of a range, the table itself coming or going included. */
export function hasChanged(worlds: readonly World[], table: number, key: number, from: number, to: number): boolean {
  for (let seq = from; seq <= to; seq++) if (isChangedAt(worlds, table, key, seq)) return true;
  return false;
}

export function isChangedAt(worlds: readonly World[], id: number, key: number, seq: number): boolean {
  const [, before] = tableById(worlds[seq - 1] as World, id) ?? [];
  const [, after] = tableById(worlds[seq] as World, id) ?? [];
  if (before === after) return false;
  const [old, now] = [before?.rows.get(key), after?.rows.get(key)];
  if (old === undefined || now === undefined) return old !== now;
  return !isSame(under(old, before as Table, after as Table), now);
}

export function isSame(a: Row, b: Row): boolean {
  return a === b || (a.length === b.length && a.every((value, at) => value === b[at]));
}
